import Document from 'pdfkit'
import { fonts, useFonts } from './letter-fonts.ts'

/** Millimetres as points, the unit of a PDF. */
export const mm = (length: number) => (length * 72) / 25.4

export const page = {
  width: mm(210),
  height: mm(297),
  left: mm(25),
  right: mm(190),
  top: mm(27),
  /** Text ends here; below it is the page number. */
  bottom: mm(272),
  textWidth: mm(165),
} as const

export const size = { text: 10, small: 7, heading: 11 } as const

/** An empty tagged A4 document whose bytes depend on what is put in only. */
export function openDocument(of: { language: string; title: string; date: string }) {
  const document = new Document({
    size: 'A4',
    margins: {
      left: page.left,
      right: page.width - page.right,
      top: page.top,
      bottom: page.height - page.bottom,
    },
    bufferPages: true,
    tagged: true,
    pdfVersion: '1.7',
    lang: of.language,
    displayTitle: true,
    // None of its own: it would be read for each document.
    font: '',
    info: { Title: of.title, CreationDate: new Date(`${of.date}T00:00:00Z`) },
  })
  useFonts(document)
  document.font(fonts.plain).fontSize(size.text)
  return document
}

export type Paper = ReturnType<typeof openDocument>
