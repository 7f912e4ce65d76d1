import type { ItemFields } from '../fields/fields.ts'
import { dateText, moneyText } from '../templates/money-text.ts'
import type { LetterBlock } from '../templates/schema.ts'
import { addMinor } from '../../kernel/money.ts'
import type { Letter } from './letter.ts'
import { section } from './frame.ts'
import { fonts } from './letter-fonts.ts'
import { mm, type Paper, page, size } from './page.ts'
import { drawEpcPart, drawSwissPart } from './payment-part.ts'
import { requireRoom } from './room.ts'
import { isSwissBill } from './swiss.ts'
import { wordsIn } from './words.ts'

/** Puts the blocks on the paper, from the top down, over as many pages as it takes. A Swiss bill comes last of all. */
export function drawBody(paper: Paper, letter: Letter): void {
  for (const block of letter.blocks) drawBlock(paper, letter, block)
  const { payment, blocks } = letter
  const isBill = payment !== undefined && isSwissBill(payment)
  if (isBill && blocks.some(({ type }) => type === 'payment')) drawSwissPart(paper, letter, payment)
}

function drawBlock(paper: Paper, letter: Letter, block: LetterBlock): void {
  switch (block.type) {
    case 'heading':
      return drawHeading(paper, block.text)
    case 'paragraph':
      return drawParagraph(paper, block.text)
    case 'items':
      return drawItems(paper, letter)
    case 'payment':
      if (letter.payment && !isSwissBill(letter.payment)) drawEpcPart(paper, letter, letter.payment)
  }
}

function drawHeading(paper: Paper, text: string): void {
  // A heading alone at the foot of a page belongs to the next.
  requireRoom(paper, mm(20))
  section(paper, 'H2', () => {
    paper.font(fonts.bold).fontSize(size.text)
    paper.text(text, page.left, paper.y, { width: page.textWidth })
    paper.font(fonts.plain)
  })
  paper.y += mm(1.5)
}

function drawParagraph(paper: Paper, text: string): void {
  section(paper, 'P', () => {
    paper.font(fonts.plain).fontSize(size.text)
    paper.text(text, page.left, paper.y, { width: page.textWidth, lineGap: 2 })
  })
  paper.y += mm(3)
}

const rowHeight = mm(6)
const columns = [
  { left: page.left, width: mm(95), align: 'left' },
  { left: page.left + mm(97), width: mm(30), align: 'left' },
  { left: page.left + mm(125), width: mm(40), align: 'right' },
] as const

function drawItems(paper: Paper, { items, language }: Letter): void {
  if (items.length === 0) return
  const words = wordsIn(language)
  drawRow(paper, [words.item, words.due, words.amount], fonts.bold)
  for (const item of items) drawRow(paper, rowOf(item, language), fonts.plain)
  drawRow(paper, [words.total, '', totalOf(items, language)], fonts.bold)
  paper.y += mm(3)
}

function rowOf({ reference, kind, name, amount, dueDate }: ItemFields, language: string): string[] {
  // The reference of a fee is often one that we gave; its name says more.
  const label = kind === 'fee' ? name || wordsIn(language).fee : reference
  return [
    label,
    dueDate === '' ? '' : dateText(dueDate, language, 'short'),
    moneyText(amount.minor, amount.currency, language),
  ]
}

function totalOf(items: readonly ItemFields[], language: string): string {
  const minor = items.reduce((sum, { amount }) => addMinor(sum, amount.minor), 0)
  return moneyText(minor, items[0]?.amount.currency ?? 'EUR', language)
}

/** A row is one paragraph to a reader of the tags, so that its cells are read together. */
function drawRow(paper: Paper, cells: readonly string[], font: string): void {
  requireRoom(paper, rowHeight)
  const top = paper.y
  section(paper, 'P', () => {
    paper.font(font).fontSize(size.text)
    for (const [index, column] of columns.entries())
      paper.text(cells[index] ?? '', column.left, top, {
        width: column.width,
        height: rowHeight,
        align: column.align,
        ellipsis: true,
        lineBreak: true,
      })
    paper.font(fonts.plain)
  })
  paper.markContent('Artifact', { type: 'Layout' })
  paper.lineWidth(0.3).strokeColor('#999')
  paper
    .moveTo(page.left, top + mm(5))
    .lineTo(page.right, top + mm(5))
    .stroke()
  paper.endMarkedContent()
  paper.y = top + rowHeight
}
