import { exponentOf } from '../../kernel/currencies.ts'
import { formatDecimal } from '../../kernel/money.ts'

/** An amount as people of a language write it, such as `1.250,00 €`: every digit exact, all decimals of the currency. */
export function moneyText(minor: number, currency: string, language: string): string {
  const digits = exponentOf(currency)
  const format = kept(numberFormats, `${language} ${currency}`, () => {
    return new Intl.NumberFormat(language, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
  })
  // A decimal text is formatted digit by digit; a number would be a float on the way.
  return format.format(formatDecimal(minor, currency) as `${number}`)
}

/** A calendar date as people of a language write it, such as `10. März 2026`; `short` gives figures only. */
export function dateText(date: string, language: string, style: 'long' | 'short' = 'long'): string {
  const months = { long: 'long', short: '2-digit' } as const
  const format = kept(dateFormats, `${language} ${style}`, () => {
    return new Intl.DateTimeFormat(language, {
      timeZone: 'UTC',
      year: 'numeric',
      month: months[style],
      day: style === 'long' ? 'numeric' : '2-digit',
    })
  })
  return format.format(new Date(`${date}T00:00:00Z`))
}

// To make one takes fifty times as long as to use it.
const numberFormats = new Map<string, Intl.NumberFormat>()
const dateFormats = new Map<string, Intl.DateTimeFormat>()
const formatsMax = 500

/** The format of this key; who names languages may name any number of them. */
function kept<F>(formats: Map<string, F>, key: string, make: () => F): F {
  const known = formats.get(key)
  if (known) return known
  if (formats.size >= formatsMax) formats.clear()
  const made = make()
  formats.set(key, made)
  return made
}
