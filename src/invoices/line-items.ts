import {
  addMinor,
  AmountOutOfRange,
  exponentOf,
  InvalidAmount,
  parseDecimal,
} from '../kernel/money.ts'
import { divided, one, rounded, textOf, unitsOf } from './decimals.ts'
import { refuse } from './refusals.ts'
import type { LineItem, NewLineItem, Reduction } from './schema.ts'

/** Minor units of a decimal in a currency; refused are decimals that the currency has not. */
export function minorOf(decimal: string, currency: string): number {
  try {
    return parseDecimal(decimal, currency)
  } catch (error) {
    if (error instanceof InvalidAmount) throw refuse('invalid_amount', error.message)
    throw error
  }
}

/** What line items add up to, exactly. */
export function sumOfItems(items: readonly NewLineItem[], currency: string): number {
  const known = new Set(items.map(({ uniqueId }) => uniqueId))
  if (known.size < items.length) throw refuse('invalid_items', 'a uniqueId stands in it twice')
  try {
    const sum = items
      .map(({ amountIncludingTax }) => minorOf(amountIncludingTax, currency))
      .reduce(addMinor, 0)
    if (sum >= 0) return sum
  } catch (error) {
    if (error instanceof AmountOutOfRange) throw refuse('invalid_items', error.message)
    throw error
  }
  throw refuse('invalid_items', 'they add up to less than nothing')
}

const hundred = 100n * one

/** Line items with prices and taxes worked out: rounded to the currency, and what is rounded off belongs to the tax. */
export function pricedItems(items: readonly NewLineItem[], currency: string): LineItem[] {
  return items.map((item) => pricedItem(item, exponentOf(currency)))
}

function pricedItem(item: NewLineItem, exponent: number): LineItem {
  const rate = (item.taxes ?? []).reduce((sum, tax) => sum + unitsOf(tax.rate), 0n)
  const quantity = unitsOf(item.quantity)
  const withoutTax = (units: bigint) => rounded(divided(units * hundred, hundred + rate), exponent)
  const gross = unitsOf(item.amountIncludingTax)
  const discount = unitsOf(item.discountIncludingTax ?? '0')
  const net = withoutTax(gross)
  const before = gross + discount
  const amounts = {
    amountExcludingTax: textOf(net),
    taxAmount: textOf(gross - net),
    aggregatedTaxRate: textOf(rate),
    discountExcludingTax: textOf(withoutTax(discount)),
    undiscountedAmountIncludingTax: textOf(before),
    undiscountedAmountExcludingTax: textOf(withoutTax(before)),
  }
  if (quantity === 0n) return { ...item, ...amounts }
  const perUnit = (units: bigint) => textOf(divided(units * one, quantity))
  return {
    ...item,
    ...amounts,
    unitPriceIncludingTax: perUnit(gross),
    unitPriceExcludingTax: perUnit(net),
    undiscountedUnitPriceIncludingTax: perUnit(before),
    undiscountedUnitPriceExcludingTax: perUnit(withoutTax(before)),
    taxAmountPerUnit: perUnit(gross - net),
  }
}

/** The sum of the taxes of priced items, in minor units. */
export function taxMinorOf(items: readonly LineItem[], currency: string): number {
  return items
    .map(({ taxAmount }) => parseDecimal(taxAmount, currency))
    .reduce((sum, tax) => addMinor(sum, tax), 0)
}

export interface Reduced {
  /** What the reductions come to, line by line. */
  readonly taken: readonly NewLineItem[]
  /** What is left of the lines. */
  readonly left: readonly NewLineItem[]
  readonly amount: string
}

/**
 * Takes units away from lines, and from the price of the units that stay. What goes back of a line is what it was less
 * what it is then, rounded half up to the currency.
 */
export function reduceItems(
  items: readonly NewLineItem[],
  reductions: readonly Reduction[],
  currency: string,
): Reduced {
  const exponent = exponentOf(currency)
  const byId = new Map(reductions.map((reduction) => [reduction.lineItemUniqueId, reduction]))
  const isTwice = byId.size < reductions.length
  if (isTwice) throw refuse('invalid_reduction', 'a line is named twice')
  const unknown = reductions.find(
    ({ lineItemUniqueId }) => !items.some(({ uniqueId }) => uniqueId === lineItemUniqueId),
  )
  if (unknown) throw refuse('invalid_reduction', `there is no line ${unknown.lineItemUniqueId}`)
  const taken: NewLineItem[] = []
  const left: NewLineItem[] = []
  let total = 0n
  for (const item of items) {
    const reduction = byId.get(item.uniqueId)
    if (!reduction) {
      left.push(item)
      continue
    }
    const { amount, quantity } = leftOf(item, reduction, exponent)
    const gone = unitsOf(item.amountIncludingTax) - amount
    const quantityGone = unitsOf(reduction.quantityReduction)
    total += gone
    left.push({ ...item, quantity: textOf(quantity), amountIncludingTax: textOf(amount) })
    taken.push({
      ...item,
      quantity: textOf(quantityGone === 0n ? quantity : quantityGone),
      amountIncludingTax: textOf(gone),
    })
  }
  return { taken, left, amount: textOf(total) }
}

function leftOf(item: NewLineItem, reduction: Reduction, exponent: number) {
  const before = unitsOf(item.quantity)
  const fewer = unitsOf(reduction.quantityReduction)
  const cheaper = unitsOf(reduction.unitPriceReduction)
  const isNegative = fewer < 0n || cheaper < 0n
  if (isNegative) throw refuse('invalid_reduction', 'it would be more than before')
  if (fewer > before) throw refuse('invalid_reduction', 'there are not so many units')
  const gross = unitsOf(item.amountIncludingTax)
  const quantity = before - fewer
  // A line of no units has no price: it is worth what it is worth.
  const perUnit = before === 0n ? 0n : gross * one
  const worth = before === 0n ? gross : divided(perUnit * quantity, before * one)
  const amount = rounded(worth - divided(cheaper * quantity, one), exponent)
  if (amount < 0n) throw refuse('invalid_reduction', 'a price would be less than nothing')
  return { amount, quantity }
}
