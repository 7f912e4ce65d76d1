import { describe, expect, test } from 'vitest'
import { exponentOf, isCurrency } from './currencies.ts'

describe('isCurrency', () => {
  test.each(['EUR', 'XCG', 'ZWG', 'SLE', 'XAD', 'CHW', 'UYI', 'XAU', 'XXX'])('knows %s', (code) => {
    expect(isCurrency(code)).toBe(true)
  })

  test.each(['', 'eur', 'QQQ', 'DEM', 'HRK', 'BGN', 'ANG', 'EURO'])('does not know %j', (code) => {
    expect(isCurrency(code)).toBe(false)
  })

  test('knows every code once and in capitals', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')
    const codes = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
    // 165 with an exponent of their own in ISO 4217 and 13 without.
    expect(codes.filter((code) => isCurrency(code))).toHaveLength(178)
  })
})

describe('exponentOf', () => {
  test.each([
    ['EUR', 2],
    ['HUF', 2],
    ['MGA', 2],
    ['JPY', 0],
    ['CLP', 0],
    ['UYI', 0],
    ['IQD', 3],
    ['TND', 3],
    ['CLF', 4],
    ['UYW', 4],
    ['XAU', 2],
    ['QQQ', 2],
  ])('gives %s %d decimals', (code, exponent) => {
    expect(exponentOf(code)).toBe(exponent)
  })
})
