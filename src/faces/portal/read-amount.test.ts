import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAmount } from './read-amount.ts'
import { wordsOf } from './words.ts'

describe('an amount as people write it', () => {
  test.each([
    ['12', 'EUR', 1_200],
    ['12.5', 'EUR', 1_250],
    ['12,50', 'EUR', 1_250],
    [' 1 234,50 ', 'EUR', 123_450],
    ['1.234,50', 'EUR', 123_450],
    ['1,234.50', 'EUR', 123_450],
    ['1’234.50', 'CHF', 123_450],
    // Three digits after one mark are thousands wherever a cent has two.
    ['1.234', 'EUR', 123_400],
    ['1,234', 'BHD', 1_234],
    ['1.234.567', 'EUR', 123_456_700],
    ['1,234', 'JPY', 1_234],
    ['0', 'EUR', 0],
  ])('%j of %s is %i', (...[text, currency, minor]) => {
    expect(readAmount(text, currency)).toBe(minor)
  })

  test.each([
    ['', 'EUR'],
    ['-5', 'EUR'],
    ['all', 'EUR'],
    ['1e3', 'EUR'],
    ['12.', 'EUR'],
    ['1.2.3', 'EUR'],
    ['12,3456', 'EUR'],
    ['1,23,456', 'EUR'],
    ['1.5', 'JPY'],
    ['9'.repeat(20), 'EUR'],
    ['9'.repeat(10_000), 'EUR'],
    ['٣', 'EUR'],
  ])('%j of %s is none', (...[text, currency]) => {
    expect(readAmount(text, currency)).toBeUndefined()
  })

  test('what the page writes it reads again', () => {
    const currencies = fc.constantFrom('EUR', 'JPY', 'CHF', 'HUF')
    const locales = fc.constantFrom('en', 'de')
    const amounts = fc.integer({ min: 0, max: 10 ** 12 })
    fc.assert(
      fc.property(currencies, locales, amounts, (currency, locale, minor) => {
        const shown = wordsOf(locale, undefined).money(minor, currency)
        const text = shown.replaceAll(/[^\d.,]/g, '')
        expect(readAmount(text, currency)).toBe(minor)
      }),
    )
  })
})
