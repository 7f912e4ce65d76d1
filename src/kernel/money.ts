/** Money is a safe integer of minor units with its currency beside it; nothing here is a float. */
import { exponentOf } from './currencies.ts'

export { exponentOf } from './currencies.ts'

/** The largest amount, in minor units; the smallest is its negative. */
export const minorMax = Number.MAX_SAFE_INTEGER

/** More zeros than any caller sends; it bounds the work on foreign text. */
const decimalLengthMax = 64
const decimalPattern = /^(-?)(\d+)(?:\.(\d+))?$/

/** A sum lies outside ±`minorMax`, or a part of it was no whole number. */
export class AmountOutOfRange extends Error {
  override readonly name = 'AmountOutOfRange'
}

/** A text is no amount of its currency. */
export class InvalidAmount extends Error {
  override readonly name = 'InvalidAmount'
}

/** `a + b` in minor units. Throws `AmountOutOfRange` unless the exact sum is within ±`minorMax`. */
export function addMinor(a: number, b: number): number {
  const sum = a + b
  const isExact = Number.isSafeInteger(sum) && Number.isSafeInteger(a) && Number.isSafeInteger(b)
  if (!isExact) throw new AmountOutOfRange(`${a} + ${b} minor units cannot be kept exactly`)
  return sum
}

/**
 * The minor units of a decimal text such as `-12.50`, exactly. Throws `InvalidAmount` for anything
 * but an optional minus, digits and an optional fraction, for decimals the currency does not have
 * (zeros may follow), and for amounts beyond ±`minorMax`.
 */
export function parseDecimal(text: string, currency: string): number {
  if (text.length > decimalLengthMax) throw new InvalidAmount('The amount has too many digits')
  const match = decimalPattern.exec(text)
  if (match === null) throw new InvalidAmount('The amount is not a decimal number')
  const [, sign = '', whole = '', fraction = ''] = match
  const exponent = exponentOf(currency)
  if (!isAllZeros(fraction.slice(exponent))) {
    throw new InvalidAmount(`An amount in ${currency} has at most ${exponent} decimals`)
  }
  // No integer above 2^53 is read as one below it, so an inexact reading is never a safe integer.
  const minor = Number(whole + fraction.slice(0, exponent).padEnd(exponent, '0'))
  if (minor > minorMax) throw new InvalidAmount('The amount is out of range')
  return sign === '-' && minor !== 0 ? -minor : minor
}

/**
 * The decimal text of minor units with all decimals of the currency: `-1250` EUR is `-12.50`.
 * Throws `AmountOutOfRange` for what is no safe integer.
 */
export function formatDecimal(minor: number, currency: string): string {
  if (!Number.isSafeInteger(minor)) throw new AmountOutOfRange(`${minor} is no amount`)
  const exponent = exponentOf(currency)
  const sign = minor < 0 ? '-' : ''
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  if (exponent === 0) return sign + digits
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

function isAllZeros(digits: string): boolean {
  return /^0*$/.test(digits)
}
