import { isValidBIC, isValidIBAN } from 'ibantools'
import { formatDecimal } from '../../kernel/money.ts'
import { refuse } from '../templates/refusals.ts'

/** A transfer that somebody is asked to make. */
export interface Transfer {
  readonly name: string
  readonly iban: string
  /** Empty: none. */
  readonly bic: string
  readonly amountMinor: number
  readonly currency: string
  /** What the payer writes: an ISO 11649 reference stands in its own field. */
  readonly reference: string
}

/** EPC069-12: 0.01 to 999999999.99 */
const minorMost = 99_999_999_999
const nameMax = 70
const textMax = 140
/** Version 13 at error correction M. */
const bytesMax = 331

/**
 * What a banking app reads from the QR code of a SEPA transfer (EPC069-12, version 002). Refuses what no SEPA transfer can
 * be: another currency, an amount out of range, an account that is none.
 */
export function epcPayload({
  name,
  iban,
  bic,
  amountMinor,
  currency,
  reference,
}: Transfer): string {
  if (currency !== 'EUR') throw refuse('letter_payment_invalid', 'a SEPA transfer is in EUR')
  if (amountMinor < 1 || amountMinor > minorMost)
    throw refuse('letter_payment_invalid', 'the amount is out of range')
  if (!isValidIBAN(iban)) throw refuse('letter_payment_invalid', 'the IBAN is not valid')
  if (bic !== '' && !isValidBIC(bic)) throw refuse('letter_payment_invalid', 'the BIC is not valid')
  const text = oneLine(reference)
  const isStructured = isCreditorReference(text)
  const start = [
    'BCD',
    '002',
    // UTF-8
    '1',
    'SCT',
    bic,
    oneLine(name).slice(0, nameMax),
    iban,
    `EUR${formatDecimal(amountMinor, 'EUR')}`,
    // Purpose
    '',
    isStructured ? compact(text) : '',
    '',
  ].join('\n')
  return fitted(start, isStructured ? [] : Array.from(text).slice(0, textMax)).trimEnd()
}

/** As much of a free text as a code of the largest size that the standard allows has room for. */
function fitted(start: string, text: readonly string[]): string {
  const whole = start + text.join('')
  return Buffer.byteLength(whole) <= bytesMax ? whole : fitted(start, text.slice(0, -1))
}

const compact = (text: string) => text.replaceAll(' ', '').toUpperCase()
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

/** ISO 11649: RF, two check digits, up to 21 characters; the remainder by 97 is 1. */
export function isCreditorReference(text: string): boolean {
  const reference = compact(text)
  if (!/^RF\d\d[A-Z0-9]{1,21}$/.test(reference)) return false
  const digits = `${reference.slice(4)}${reference.slice(0, 4)}`.replaceAll(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  )
  return BigInt(digits) % 97n === 1n
}
