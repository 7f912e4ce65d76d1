import { fieldsOf, letterOf, type Letter, moneyText } from '../communications/index.ts'
import type { Json } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type Invoice, lineItemsOf } from './find-invoice.ts'
import { minorOf } from './line-items.ts'
import { refuse } from './refusals.ts'
import type { LineItem } from './schema.ts'

const words = {
  de: {
    invoice: 'Rechnung',
    refund: 'Rückzahlung zur Rechnung',
    lines: 'Wir stellen Ihnen in Rechnung:',
    refunded: 'Wir erstatten Ihnen:',
    tax: 'darin Steuer',
  },
  en: {
    invoice: 'Invoice',
    refund: 'Refund of invoice',
    lines: 'We invoice you for:',
    refunded: 'We pay back to you:',
    tax: 'tax included',
  },
} as const

/** The invoice as a letter: what it is made of, what of it is open, and how to pay that. */
export async function invoiceLetter(tx: Tx, invoice: Invoice): Promise<Letter> {
  const items = await lineItemsOf(tx, invoice)
  return letterAbout(tx, invoice, (said, language) => ({
    subject: `${said.invoice} ${invoice.reference}`,
    blocks: [
      { type: 'paragraph', text: said.lines },
      { type: 'paragraph', text: listOf(items, { currency: invoice.currency, language }) },
      { type: 'items' },
      { type: 'payment' },
    ],
  }))
}

/** A refund as a letter: what is paid back, and of which invoice. */
export async function refundLetter(
  tx: Tx,
  invoice: Invoice,
  refund: { readonly amountMinor: number; readonly items: readonly LineItem[] },
): Promise<Letter> {
  const { currency } = invoice
  return letterAbout(tx, invoice, (said, language) => ({
    subject: `${said.refund} ${invoice.reference}`,
    blocks: [
      {
        type: 'paragraph',
        text: `${said.refunded} ${moneyText(refund.amountMinor, currency, language)}`,
      },
      { type: 'paragraph', text: listOf(refund.items, { currency, language }) },
    ],
  }))
}

type Words = (typeof words)[keyof typeof words]
type Said = Parameters<typeof letterOf>[0]

async function letterAbout(
  tx: Tx,
  invoice: Invoice,
  say: (said: Words, language: string) => Pick<Said, 'subject' | 'blocks'>,
): Promise<Letter> {
  const fields = (await fieldsOf(tx, [invoice.claimId])).get(invoice.claimId)
  if (!fields) throw refuse('invoice_not_found')
  const { language } = fields
  const said = language.startsWith('de') ? words.de : words.en
  const letter = letterOf({ channel: 'letter', language, ...say(said, language) }, fields)
  const address = await addressOf(tx, invoice)
  return address ? { ...letter, recipient: recipientOf(address) } : letter
}

/** An address that the invoice was given of its own. */
async function addressOf(tx: Tx, { claimId }: Invoice): Promise<Json | undefined> {
  const row = await tx.db
    .selectFrom('invoice')
    .select('billing_address')
    .where('tenant_id', '=', tx.tenantId)
    .where('claim_id', '=', claimId)
    .executeTakeFirst()
  return row?.billing_address ?? undefined
}

function recipientOf(address: Json): Letter['recipient'] {
  const text = (name: string) => {
    const value = address[name]
    return typeof value === 'string' ? value : ''
  }
  const person = [text('salutation'), text('givenName'), text('familyName')]
    .filter(Boolean)
    .join(' ')
  const company = text('organizationName')
  return {
    name: company === '' ? person : company,
    extra: [company === '' ? '' : person, text('dependentLocality')],
    street: text('street'),
    houseNumber: '',
    postcode: text('postcode'),
    city: text('city'),
    country: text('country'),
  }
}

const linesMax = 200

function listOf(
  items: readonly LineItem[],
  { currency, language }: { currency: string; language: string },
): string {
  const money = (decimal: string) => moneyText(minorOf(decimal, currency), currency, language)
  const said = language.startsWith('de') ? words.de : words.en
  return items
    .slice(0, linesMax)
    .map(({ quantity, name, amountIncludingTax, taxAmount }) => {
      const tax = taxAmount === '0' ? '' : ` (${said.tax}: ${money(taxAmount)})`
      return `${quantity} × ${name}: ${money(amountIncludingTax)}${tax}`
    })
    .join('\n')
}
