import { AmountOutOfRange, addMinor, InvalidAmount, parseDecimal } from '../kernel/money.ts'
import { refuse } from './refusals.ts'
import type { LineItem } from './schema.ts'

/** What line items add up to, exactly; refused are decimals that the currency has not, and a sum below zero. */
export function sumOfItems(items: readonly LineItem[], currency: string): number {
  const known = new Set(items.map(({ uniqueId }) => uniqueId))
  if (known.size < items.length) throw refuse('invalid_items', 'a uniqueId stands in it twice')
  try {
    const sum = items
      .map(({ amountIncludingTax }) => parseDecimal(amountIncludingTax, currency))
      .reduce(addMinor, 0)
    if (sum >= 0) return sum
  } catch (error) {
    if (error instanceof InvalidAmount || error instanceof AmountOutOfRange)
      throw refuse('invalid_items', error.message)
    throw error
  }
  throw refuse('invalid_items', 'they add up to less than nothing')
}
