import { friendlyFormatIBAN } from 'ibantools'
import { SwissQRBill } from 'swissqrbill/pdf'
import { moneyText } from '../templates/money-text.ts'
import { refuse } from '../templates/refusals.ts'
import { requireRoom } from './room.ts'
import { epcPayload, type Transfer } from './epc.ts'
import { section } from './frame.ts'
import type { Letter } from './letter.ts'
import { fonts } from './letter-fonts.ts'
import { mm, type Paper, page, size } from './page.ts'
import { qrModules, qrRuns } from './qr.ts'
import { swissBill } from './swiss.ts'
import { wordsIn } from './words.ts'

const boxHeight = mm(46)
const qrSize = mm(34)

/** Where to transfer what; in EUR with the code that banking apps scan. */
export function drawEpcPart(paper: Paper, letter: Letter, transfer: Transfer): void {
  requireRoom(paper, boxHeight)
  const words = wordsIn(letter.language)
  const hasCode = transfer.currency === 'EUR'
  const top = paper.y + mm(2)
  const left = page.left + (hasCode ? qrSize + mm(8) : 0)
  if (hasCode) drawCode(paper, epcPayload(transfer), { top, alt: words.scan })
  section(paper, 'P', () => {
    paper.font(fonts.bold).fontSize(size.text).text(words.payment, left, top)
    const lines = [
      [words.recipient, transfer.name],
      ['IBAN', friendlyFormatIBAN(transfer.iban) ?? transfer.iban],
      ...(transfer.bic === '' ? [] : [['BIC', transfer.bic]]),
      [words.amount, moneyText(transfer.amountMinor, transfer.currency, letter.language)],
      [words.reference, transfer.reference],
    ] as const
    paper.moveDown(0.3)
    for (const [label = '', value = ''] of lines) drawLine(paper, { left, label, value })
  })
  paper.y = Math.max(paper.y, top + boxHeight - mm(4))
}

function drawLine(
  paper: Paper,
  { left, label, value }: { left: number; label: string; value: string },
) {
  const top = paper.y
  const labelWidth = mm(38)
  paper.font(fonts.plain).fontSize(size.text)
  paper.text(label, left, top, { width: labelWidth })
  paper.text(value, left + labelWidth, top, { width: page.right - left - labelWidth })
  paper.y += 2
}

/** As vectors: sharp at any size, and the same bytes every time. */
function drawCode(paper: Paper, payload: string, of: { top: number; alt: string }): void {
  const modules = qrModules(payload)
  const unit = qrSize / modules.length
  paper.addStructure(
    paper.struct('Figure', { alt: of.alt }, () => {
      for (const { x, y, width } of qrRuns(modules))
        paper.rect(page.left + x * unit, of.top + y * unit, width * unit, unit)
      paper.fill('black')
    }),
  )
  section(paper, 'P', () => {
    paper.fontSize(size.small)
    paper.text(of.alt, page.left, of.top + qrSize + mm(1.5), { width: qrSize + mm(4) })
  })
}

/** The payment part and receipt at the foot of the page, on a page of its own where this one is full. */
export function drawSwissPart(paper: Paper, letter: Letter, transfer: Transfer): void {
  const data = swissBill(transfer, { creditor: letter.sender, debtor: letter.recipient })
  const billTop = page.height - SwissQRBill.height
  if (paper.y + mm(4) > billTop) paper.addPage()
  section(paper, 'P', () => attach(paper, letter, data))
  paper.font(fonts.plain).fontSize(size.text)
}

const billLanguages = { de: 'DE', fr: 'FR', it: 'IT' } as const

function attach(paper: Paper, { language }: Letter, data: ReturnType<typeof swissBill>): void {
  const base = language.slice(0, 2)
  const known = base === 'de' || base === 'fr' || base === 'it' ? billLanguages[base] : 'EN'
  try {
    const bill = new SwissQRBill(data, { fontName: fonts.plain, language: known })
    bill.attachTo(paper, 0, page.height - SwissQRBill.height)
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError')
      throw refuse('letter_payment_invalid', error.message)
    throw error
  }
}
