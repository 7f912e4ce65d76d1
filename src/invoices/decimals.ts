/** Exact decimals as whole numbers of hundred-millionths: what prices and quantities have, and money of no currency. */

const places = 8
export const one = 10n ** BigInt(places)

/** `12.5` as 1250000000n. The text is a plain decimal of at most eight places. */
export function unitsOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
  return text.startsWith('-') ? -units : units
}

/** The shortest text of units. */
export function textOf(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  const text = digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`)
  return units < 0n ? `-${text}` : text
}

/** a ÷ b, rounded half away from zero. */
export function divided(a: bigint, b: bigint): bigint {
  const isNegative = a < 0n !== b < 0n
  const [over, under] = [a < 0n ? -a : a, b < 0n ? -b : b]
  const quotient = (over * 2n + under) / (under * 2n)
  return isNegative ? -quotient : quotient
}

/** Units rounded half away from zero to the decimals that a currency has. */
export function rounded(units: bigint, exponent: number): bigint {
  const step = 10n ** BigInt(places - exponent)
  return divided(units, step) * step
}
