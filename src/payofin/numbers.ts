import type { Institution } from './schema.ts'

/** Whether the check digits of a number are right, where its kind has some. */
export function isNumberOf(kind: Institution['numberKind'], number: string): boolean {
  switch (kind) {
    case 'any':
      return true
    case 'nationalId':
      return isNationalId(number)
    case 'taxNumber':
      return isTaxNumber(number)
  }
}

/** The Turkish identity number: eleven digits, the last two of which check the others. */
function isNationalId(number: string): boolean {
  if (!/^[1-9]\d{10}$/.test(number)) return false
  const digits = Array.from(number, Number)
  const sumOf = (places: readonly number[]) =>
    places.reduce((sum, place) => sum + (digits[place] ?? 0), 0)
  const odd = sumOf([0, 2, 4, 6, 8])
  const even = sumOf([1, 3, 5, 7])
  const tenth = (((odd * 7 - even) % 10) + 10) % 10
  const eleventh = (odd + even + tenth) % 10
  return digits[9] === tenth && digits[10] === eleventh
}

/** The Turkish tax number: ten digits, the last of which checks the others. */
function isTaxNumber(number: string): boolean {
  if (!/^\d{10}$/.test(number)) return false
  const digits = Array.from(number, Number)
  const sum = digits.slice(0, 9).reduce((total, digit, place) => {
    const shifted = (digit + 9 - place) % 10
    if (shifted === 0) return total
    const power = (shifted * 2 ** (9 - place)) % 9
    return total + (power === 0 ? 9 : power)
  }, 0)
  return digits[9] === (10 - (sum % 10)) % 10
}
