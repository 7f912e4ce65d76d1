import { dateText } from '../templates/money-text.ts'
import type { Address, Letter } from './letter.ts'
import { fonts } from './letter-fonts.ts'
import { mm, type Paper, page, size } from './page.ts'
import { isSwissBill } from './swiss.ts'
import { wordsIn } from './words.ts'

/**
 * DIN 5008 form B: the address field lies 45 mm from the top and 20 mm from the left, 85 by 45 mm. Swiss envelopes show it
 * on the right (SN 010130). `info` is where sender and date stand, beside it.
 */
const windows = {
  left: { address: mm(25), info: mm(125) },
  right: { address: mm(118), info: mm(25) },
} as const
const addressTop = mm(62.7)
const returnLineTop = mm(58)
const addressWidth = mm(75)
const infoTop = mm(50)
const infoWidth = mm(65)
const subjectTop = mm(103)
const foldMarks = [mm(105), mm(148.5), mm(210)]

/** Everything on the first page that is not the text: the window, who writes and when, the subject. */
export function drawFrame(paper: Paper, letter: Letter): void {
  const { sender, recipient } = letter
  const at = recipient.country === 'CH' || recipient.country === 'LI' ? windows.right : windows.left
  section(paper, 'P', () => {
    paper.fontSize(size.small)
    const line = [sender.name, streetOf(sender), placeOf(sender)].filter(Boolean).join(' · ')
    paper.text(line, at.address, returnLineTop, {
      width: addressWidth,
      height: mm(4),
      ellipsis: true,
    })
  })
  section(paper, 'P', () => {
    paper.fontSize(size.text)
    paper.text(addressLines(letter).join('\n'), at.address, addressTop, {
      width: addressWidth,
      height: mm(27.3),
      ellipsis: true,
    })
  })
  section(paper, 'P', () => drawInfo(paper, letter, at.info))
  section(paper, 'H1', () => {
    paper.font(fonts.bold).fontSize(size.heading)
    paper.text(letter.subject, page.left, subjectTop, { width: page.textWidth })
    paper.font(fonts.plain).fontSize(size.text)
  })
  paper.y += mm(6)
}

function drawInfo(paper: Paper, { sender, date, language }: Letter, left: number): void {
  const words = wordsIn(language)
  const lines = [streetOf(sender), placeOf(sender)].filter(Boolean)
  paper.font(fonts.bold).fontSize(size.text)
  paper.text(sender.name, left, infoTop, { width: infoWidth, height: mm(9), ellipsis: true })
  paper.font(fonts.plain)
  for (const line of lines) paper.text(line, left, undefined, { width: infoWidth })
  paper.moveDown(0.5)
  paper.text(`${words.date}: ${dateText(date, language)}`, left, undefined, { width: infoWidth })
}

/** At most six lines, as the field has; the country only where it is another. */
function addressLines({ recipient, sender, language }: Letter): string[] {
  const isAbroad = recipient.country !== '' && recipient.country !== sender.country
  const country = isAbroad ? countryName(recipient.country, language) : ''
  const last = [streetOf(recipient), placeOf(recipient), country].filter(Boolean)
  const first = [recipient.name, ...(recipient.extra ?? [])].filter(Boolean)
  return [...first.slice(0, 6 - last.length), ...last]
}

function countryName(country: string, language: string): string {
  const name = new Intl.DisplayNames([language], { type: 'region', fallback: 'code' }).of(country)
  return (name ?? country).toLocaleUpperCase(language)
}

const streetOf = ({ street, houseNumber }: Address) => `${street} ${houseNumber}`.trim()
const placeOf = ({ postcode, city }: Address) => `${postcode} ${city}`.trim()

/** A part of the text that a reader of the tags is told of. */
export function section(paper: Paper, tag: string, draw: () => void): void {
  paper.addStructure(paper.struct(tag, {}, draw))
}

/** A Swiss bill may lie where the last mark would be. */
const marksOf = ({ payment }: Letter) =>
  payment && isSwissBill(payment) ? foldMarks.slice(0, -1) : foldMarks

/** Fold marks and page numbers on all pages: there for the eye, not for a reader of the tags. */
export function finishPages(paper: Paper, letter: Letter): void {
  const words = wordsIn(letter.language)
  const { count } = paper.bufferedPageRange()
  for (let index = 0; index < count; index += 1) {
    paper.switchToPage(index)
    paper.markContent('Artifact', { type: 'Pagination' })
    paper.undash().lineWidth(0.4).strokeColor('black')
    if (index === 0)
      for (const y of marksOf(letter)) paper.moveTo(mm(4), y).lineTo(mm(9), y).stroke()
    if (count > 1) drawPageNumber(paper, `${words.page} ${index + 1} ${words.of} ${count}`)
    paper.endMarkedContent()
  }
}

function drawPageNumber(paper: Paper, text: string): void {
  // A text below the margin would begin a page of its own.
  const { bottom } = paper.page.margins
  paper.page.margins.bottom = 0
  paper.font(fonts.plain).fontSize(size.small).fillColor('black')
  paper.text(text, page.left, mm(18), { width: page.textWidth, align: 'right', lineBreak: false })
  paper.page.margins.bottom = bottom
}
