import { createRequire } from 'node:module'
import path from 'node:path'
import Document from 'pdfkit'

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

export const fonts = { plain: 'Liberation Sans', bold: 'Liberation Sans-Bold' } as const
export const size = { text: 10, small: 7, heading: 11 } as const

const fontFiles = path.join(
  path.dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf',
)

/** A font as pdfkit has read it; pdfkit takes it in the place of a file. */
interface ReadFont {
  _glyphs: object
}

const known = new Map<string, ReadFont>()

/** Read once and kept: reading a font anew for each letter cost twice as much as setting the letter. */
function readFont(name: string): ReadFont {
  const reader = () => new Document({ autoFirstPage: false }).font(path.join(fontFiles, name))
  const font = known.get(name) ?? (reader() as unknown as { _font: { font: ReadFont } })._font.font
  known.set(name, font)
  // A glyph remembers for which characters it was used first; the same letter is the same bytes whatever was set before it.
  font._glyphs = {}
  return font
}

/**
 * An empty tagged A4 document whose bytes depend on what is put in only. The standard fonts have no ł, ż or ő, so DejaVu is
 * embedded; it goes by a name that swissqrbill accepts.
 */
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
    info: { Title: of.title, CreationDate: new Date(`${of.date}T00:00:00Z`) },
  })
  document.registerFont(fonts.plain, readFont('DejaVuSans.ttf') as unknown as Buffer)
  document.registerFont(fonts.bold, readFont('DejaVuSans-Bold.ttf') as unknown as Buffer)
  document.font(fonts.plain).fontSize(size.text)
  return document
}

export type Paper = ReturnType<typeof openDocument>
