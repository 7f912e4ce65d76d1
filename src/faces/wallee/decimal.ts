import { currencyCodes } from '../../kernel/currencies.ts'
import { exponentOf, parseDecimal } from '../../kernel/money.ts'

const pattern = /^(-?)(\d{1,19})(?:\.(\d{1,40}))?(?:e([+-]?\d{1,2}))?$/i
/** The doors' decimals have eight; what JavaScript clients send beyond is the noise of their floats. */
const placesMax = 8
const digitsMax = 19

/**
 * A decimal of a query or a JSON number as plain text, rounded half up (away from zero) to eight decimals; undefined for
 * what is none. A number keeps the digits it was written with, as far as a double tells them apart.
 */
export function decimalText(given: string | number): string | undefined {
  const match = pattern.exec(String(given).trim())
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', power = '0'] = match
  const shifted = shift(whole, fraction, Number(power))
  const units = BigInt(shifted.whole + shifted.fraction.slice(0, placesMax).padEnd(placesMax, '0'))
  const isUp = shifted.fraction.charAt(placesMax) >= '5'
  const rounded = String(isUp ? units + 1n : units).padStart(placesMax + 1, '0')
  if (rounded.length > digitsMax + placesMax) return undefined
  const decimals = rounded.slice(-placesMax).replace(/0+$/, '')
  const text = rounded.slice(0, -placesMax) + (decimals === '' ? '' : `.${decimals}`)
  return text === '0' ? text : sign + text
}

/** Minor units of a decimal as `decimalText` gives it. Throws `InvalidAmount` for decimals the currency has not. */
export function minorOf(decimal: string, currency: string): number {
  return parseDecimal(decimal, currency)
}

/** The SQL of an amount kept in minor units as the decimal it stands for. */
export function decimalOf(minorColumn: string, currencyColumn: string): string {
  const others = exponents
    .map(([exponent, codes]) => `when ${currencyColumn} in (${codes}) then ${10 ** exponent}`)
    .join(' ')
  return `(${minorColumn}::numeric / case ${others} else 100 end)`
}

const exponents = [0, 3, 4].map((exponent) => {
  const codes = currencyCodes.filter((code) => exponentOf(code) === exponent)
  return [exponent, codes.map((code) => `'${code}'`).join(', ')] as const
})

function shift(whole: string, fraction: string, power: number) {
  if (power === 0) return { whole, fraction }
  if (power > 0) {
    const moved = fraction.slice(0, power).padEnd(power, '0')
    return { whole: whole + moved, fraction: fraction.slice(power) }
  }
  const padded = whole.padStart(-power + 1, '0')
  return { whole: padded.slice(0, power), fraction: padded.slice(power) + fraction }
}
