import { exponentOf } from '../kernel/money.ts'
import type { LineItem } from './schema.ts'

const places = 8
const one = 10n ** BigInt(places)
const hundred = 100n * one

/**
 * Line items with what follows from them: net amounts rounded to the currency, prices of one unit to eight decimals. All
 * of it is decimal text, worked out in whole numbers.
 */
export function pricedItems(items: readonly LineItem[], currency: string): LineItem[] {
  return items.map((item) => ({ ...item, ...pricesOf(item, exponentOf(currency)) }))
}

function pricesOf(item: LineItem, exponent: number) {
  const step = 10n ** BigInt(places - exponent)
  const rate = (item.taxes ?? []).reduce((sum, tax) => sum + scaled(tax.rate), 0n)
  const net = (gross: bigint) => rounded(gross * hundred, (hundred + rate) * step) * step
  const gross = scaled(item.amountIncludingTax)
  const discount = scaled(item.discountIncludingTax ?? '0')
  const amounts = {
    amountExcludingTax: net(gross),
    taxAmount: gross - net(gross),
    discountExcludingTax: net(discount),
    undiscountedAmountIncludingTax: gross + discount,
    undiscountedAmountExcludingTax: net(gross) + net(discount),
    aggregatedTaxRate: rate,
  }
  const quantity = scaled(item.quantity)
  const perUnit = (amount: bigint) => rounded(amount * one, quantity)
  const prices =
    quantity === 0n
      ? {}
      : {
          unitPriceIncludingTax: perUnit(gross),
          unitPriceExcludingTax: perUnit(net(gross)),
          taxAmountPerUnit: perUnit(gross - net(gross)),
          undiscountedUnitPriceIncludingTax: perUnit(gross + discount),
          undiscountedUnitPriceExcludingTax: perUnit(net(gross) + net(discount)),
        }
  const all: Record<string, bigint> = { ...amounts, ...prices }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, textOf(value)]))
}

function scaled(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'))
  return text.startsWith('-') ? -units : units
}

/** The quotient to the nearest whole number, halves away from zero. */
function rounded(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n
  const [a, b] = [dividend < 0n ? -dividend : dividend, divisor < 0n ? -divisor : divisor]
  const quotient = (2n * a + b) / (2n * b)
  return isNegative ? -quotient : quotient
}

function textOf(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  const text = digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`)
  return value < 0n ? `-${text}` : text
}
