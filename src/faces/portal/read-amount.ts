import { exponentOf, InvalidAmount, parseDecimal } from '../../kernel/money.ts'

const textLengthMax = 30

/**
 * The minor units of an amount as people write it, `1.234,50` or `1,234.50` or `12.5`; undefined for what is none. Either
 * mark may stand before the decimals, whatever the language: a mark that three digits follow groups thousands.
 */
export function readAmount(text: string, currency: string): number | undefined {
  const plain = text.trim().replaceAll(/[\s'’ ]/g, '')
  if (plain.length > textLengthMax || !/^\d[\d.,]*$/.test(plain)) return undefined
  const decimal = withoutGroups(plain, exponentOf(currency))
  if (decimal === undefined) return undefined
  try {
    return parseDecimal(decimal, currency)
  } catch (error) {
    if (error instanceof InvalidAmount) return undefined
    throw error
  }
}

function withoutGroups(text: string, exponent: number): string | undefined {
  const lastMark = Math.max(text.lastIndexOf('.'), text.lastIndexOf(','))
  if (lastMark === -1) return text
  const mark = text[lastMark] ?? ''
  const other = mark === '.' ? ',' : '.'
  const digitsAfter = text.length - lastMark - 1
  const isOnlyMark = text.indexOf(mark) === lastMark
  const isDecimal = isOnlyMark && digitsAfter <= exponent && digitsAfter > 0
  const whole = isDecimal ? text.slice(0, lastMark) : text
  const group = isDecimal ? other : mark
  if (!isGrouped(whole, group)) return undefined
  const digits = whole.replaceAll(group, '')
  return isDecimal ? `${digits}.${text.slice(lastMark + 1)}` : digits
}

/** `1.234.567`: groups of three after the first, and no other mark. */
function isGrouped(whole: string, mark: string): boolean {
  const [first = '', ...groups] = whole.split(mark)
  if (groups.length === 0) return /^\d+$/.test(first)
  return /^\d{1,3}$/.test(first) && groups.every((group) => /^\d{3}$/.test(group))
}
