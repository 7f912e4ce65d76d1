import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pricedItems } from './price-items.ts'
import type { LineItem } from './schema.ts'

const line = (more: Partial<LineItem> = {}): LineItem => ({
  uniqueId: '1',
  name: 'Chair',
  type: 'PRODUCT',
  quantity: '3',
  amountIncludingTax: '119',
  ...more,
})

const priced = (more: Partial<LineItem>, currency = 'EUR') => pricedItems([line(more)], currency)[0]

test('net amounts are rounded to the currency and unit prices to eight decimals', () => {
  expect(priced({ taxes: [{ title: 'VAT', rate: '19' }], discountIncludingTax: '11.9' })).toEqual({
    ...line({ taxes: [{ title: 'VAT', rate: '19' }], discountIncludingTax: '11.9' }),
    aggregatedTaxRate: '19',
    amountExcludingTax: '100',
    taxAmount: '19',
    discountExcludingTax: '10',
    undiscountedAmountIncludingTax: '130.9',
    undiscountedAmountExcludingTax: '110',
    unitPriceIncludingTax: '39.66666667',
    unitPriceExcludingTax: '33.33333333',
    taxAmountPerUnit: '6.33333333',
    undiscountedUnitPriceIncludingTax: '43.63333333',
    undiscountedUnitPriceExcludingTax: '36.66666667',
  })
  const yen = priced({ amountIncludingTax: '100', taxes: [{ title: 'CT', rate: '8.1' }] }, 'JPY')
  expect(yen).toMatchObject({ amountExcludingTax: '93', taxAmount: '7' })
})

test('nothing has a unit price where there is no quantity', () => {
  expect(priced({ quantity: '0' })).not.toHaveProperty('unitPriceIncludingTax')
})

test('net amount and tax always add up to the gross amount, and a rebate is the same with its sign turned', () => {
  const minor = fc.integer({ min: 1, max: 10_000_000 })
  fc.assert(
    fc.property(minor, fc.integer({ min: 0, max: 9_999 }), (amount, rate) => {
      const taxes = [
        { title: 'VAT', rate: `${Math.floor(rate / 100)}.${String(rate % 100).padStart(2, '0')}` },
      ]
      const gross = `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}`
      const shown = priced({ amountIncludingTax: gross, taxes }) as unknown as Record<
        string,
        string
      >
      const cents = (text: string | undefined) => Math.round(Number(text) * 100)
      expect(cents(shown['amountExcludingTax']) + cents(shown['taxAmount'])).toBe(amount)
      const turned = priced({ amountIncludingTax: `-${gross}`, taxes }) as unknown as Record<
        string,
        string
      >
      expect(cents(turned['amountExcludingTax'])).toBe(-cents(shown['amountExcludingTax']))
    }),
  )
})
