import { isQRIBAN, isQRReferenceValid } from 'swissqrbill/utils'
import type { Data } from 'swissqrbill/types'
import { formatDecimal } from '../../kernel/money.ts'
import { refuse } from '../templates/refusals.ts'
import { isCreditorReference, type Transfer } from './epc.ts'
import type { Address } from './letter.ts'

const swissCurrencies = ['CHF', 'EUR'] as const
type SwissCurrency = (typeof swissCurrencies)[number]
/** 999 999 999.99 */
const minorMost = 99_999_999_999

const currencyOf = (currency: string): SwissCurrency | undefined =>
  swissCurrencies.find((code) => code === currency)

/** Whether a transfer is asked for by a Swiss QR-bill: to an account in Switzerland or Liechtenstein, in CHF or EUR. */
export function isSwissBill({ iban, currency }: Transfer): boolean {
  return /^(?:CH|LI)/.test(iban) && currencyOf(currency) !== undefined
}

/**
 * The data of a Swiss QR-bill. A QR-IBAN goes with a QR reference only, another IBAN with an ISO 11649 reference or none;
 * what is neither stands as message. Refuses a bill that no bank would take.
 */
export function swissBill(
  transfer: Transfer,
  { creditor, debtor }: { creditor: Address; debtor: Address },
): Data {
  const currency = currencyOf(transfer.currency)
  const { amountMinor, iban } = transfer
  if (!currency || amountMinor < 1 || amountMinor > minorMost)
    throw refuse('letter_payment_invalid', 'the amount is out of range')
  const isComplete = [creditor.name, creditor.postcode, creditor.city, creditor.country].every(
    (text) => text !== '',
  )
  if (!isComplete)
    throw refuse('letter_payment_invalid', 'a QR-bill needs the address of the creditor')
  return {
    currency,
    // The library takes a number; up to twelve digits and two decimals it is the one that was written.
    amount: Number(formatDecimal(amountMinor, currency)),
    creditor: { account: iban, ...partyOf(creditor) },
    ...referenceOf(transfer),
    ...(debtor.postcode === '' || debtor.city === '' ? {} : { debtor: partyOf(debtor) }),
  }
}

function referenceOf({ iban, reference }: Transfer): Pick<Data, 'reference' | 'message'> {
  const compact = reference.replaceAll(/\s/g, '').toUpperCase()
  if (isQRIBAN(iban)) {
    if (!/^\d{27}$/.test(compact) || !isQRReferenceValid(compact))
      throw refuse(
        'letter_payment_invalid',
        'a QR-IBAN needs a QR reference of 27 digits as paymentReference',
      )
    return { reference: compact }
  }
  if (isCreditorReference(compact)) return { reference: compact }
  return reference === '' ? {} : { message: reference.slice(0, 140) }
}

function partyOf({ name, street, houseNumber, postcode, city, country }: Address) {
  return {
    name: name.slice(0, 70),
    address: street.slice(0, 70),
    ...(houseNumber === '' ? {} : { buildingNumber: houseNumber.slice(0, 16) }),
    zip: postcode.slice(0, 16),
    city: city.slice(0, 35),
    country: country === '' ? 'CH' : country,
  }
}
