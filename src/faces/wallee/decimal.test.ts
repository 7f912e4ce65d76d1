import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimalText, minorOf } from './decimal.ts'

test.each([
  ['0.30000000000000004', '0.3'],
  [0.1 + 0.2, '0.3'],
  [12.35, '12.35'],
  ['12.350', '12.35'],
  ['1e2', '100'],
  ['1.5e-3', '0.0015'],
  [1e-9, '0'],
  ['0.000000005', '0.00000001'],
  ['-0.000000004', '0'],
  ['-7.5', '-7.5'],
  ['99999999999.99999999', '99999999999.99999999'],
])('%s is read as %s, the noise of floats rounded away', (given, expected) => {
  expect(decimalText(given)).toBe(expected)
})

test.each(['', 'x', '1,5', '--1', '0x10', 'Infinity', 'NaN', '1e999', '1'.repeat(30)])(
  '%s is no decimal',
  (given) => {
    expect(decimalText(given)).toBeUndefined()
  },
)

test('every amount of cents survives the way through a JavaScript number', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (minor) => {
      const text = decimalText(minor / 100)
      expect(minorOf(text ?? '', 'EUR')).toBe(minor === 0 ? 0 : minor)
    }),
  )
})

test('a currency without decimals refuses what has some', () => {
  expect(() => minorOf('1.5', 'JPY')).toThrow()
  expect(minorOf('1.500', 'BHD')).toBe(1_500)
})
