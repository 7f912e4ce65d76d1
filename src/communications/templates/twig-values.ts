import { moneyText } from './money-text.ts'

/**
 * An amount inside the renderer. It prints as localised text, compares and counts as minor units, and answers `minor` and
 * `currency` by name.
 */
export class MoneyValue extends Map<string, string | number> {
  readonly minor: number
  readonly currency: string
  readonly language: string

  constructor(money: { minor: number; currency: string }, language: string) {
    super(Object.entries(money))
    this.minor = money.minor
    this.currency = money.currency
    this.language = language
  }

  override toString(): string {
    return moneyText(this.minor, this.currency, this.language)
  }

  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'string' ? this.toString() : this.minor
  }
}

const depthMax = 20

/** Plain data as the engine takes it: maps and lists of texts and numbers, with nothing behind them to reach. */
export function twigValue(value: unknown, language: string, depth = 0): unknown {
  if (depth > depthMax) return null
  if (Array.isArray(value)) return value.map((member) => twigValue(member, language, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  if (isMoney(value)) return new MoneyValue(value, language)
  return new Map(
    Object.entries(value).map(([name, member]) => [name, twigValue(member, language, depth + 1)]),
  )
}

function isMoney(value: object): value is { minor: number; currency: string } {
  const { minor, currency, ...rest } = value as Record<string, unknown>
  const isWhole = Number.isSafeInteger(minor) && /^[A-Z]{3}$/.test(String(currency))
  return isWhole && Object.keys(rest).length === 0
}
