import type { Json } from '../../book/index.ts'
import type { Fields } from '../fields/fields.ts'
import type { RenderedLetter } from '../templates/render-bundle.ts'
import type { Transfer } from './epc.ts'
import type { Address, Letter } from './letter.ts'

/** The letter of rendered blocks: from the creditor to the debtor, asking for all that is open where money can be sent. */
export function letterOf(rendered: RenderedLetter, fields: Fields): Letter {
  const { language, subject, blocks } = rendered
  const { creditor, debtor, items, today } = fields
  return {
    language,
    subject,
    blocks,
    items,
    date: today,
    sender: { name: creditor.name, ...creditor.address },
    recipient: recipientOf(debtor),
    payment: paymentOf(fields),
  }
}

/** Without an account of the creditor, or with nothing open, a letter asks for no transfer. */
function paymentOf({ creditor, claim }: Fields): Transfer | undefined {
  const { minor, currency } = claim.totalAmount
  if (creditor.iban === '' || minor <= 0) return undefined
  return {
    name: creditor.name,
    iban: creditor.iban,
    bic: creditor.bic,
    amountMinor: minor,
    currency,
    reference: claim.paymentReference,
  }
}

function recipientOf(debtor: Json): Address {
  const contact = (debtor['contactInformation'] ?? {}) as Json
  const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '')
  const person = [debtor['title'], debtor['firstName'], debtor['lastName']].map(text)
  const isCompany = text(debtor['companyName']) !== ''
  return {
    name: text(debtor['name']),
    extra: [
      isCompany ? person.filter(Boolean).join(' ') : '',
      text(contact['addressLine2']),
      text(contact['addressLine3']),
    ],
    street: text(contact['addressLine1']),
    houseNumber: text(contact['houseNumber']),
    postcode: text(contact['postalCode']),
    city: text(contact['city']),
    country: text(contact['country']),
  }
}
