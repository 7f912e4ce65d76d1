import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addMinor,
  AmountOutOfRange,
  exponentOf,
  formatDecimal,
  InvalidAmount,
  minorMax,
  parseDecimal,
} from './money.ts'

const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'QQQ')

describe('addMinor', () => {
  test('adds exactly or not at all', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        const sum = BigInt(a) + BigInt(b)
        const isInRange = sum <= BigInt(minorMax) && sum >= -BigInt(minorMax)
        if (isInRange) expect(BigInt(addMinor(a, b))).toBe(sum)
        if (!isInRange) expect(() => addMinor(a, b)).toThrow(AmountOutOfRange)
      }),
    )
  })

  test.each([
    [minorMax, 1],
    [-minorMax, -1],
    [0.5, 0.5],
    [NaN, 1],
    [2 ** 53, -1],
  ])('refuses %d + %d', (a, b) => {
    expect(() => addMinor(a, b)).toThrow(AmountOutOfRange)
  })

  test('reaches the limits', () => {
    expect(addMinor(minorMax - 1, 1)).toBe(minorMax)
    expect(addMinor(1 - minorMax, -1)).toBe(-minorMax)
  })
})

describe('parseDecimal', () => {
  test.each([
    ['12.34', 'EUR', 1234],
    ['12.3', 'EUR', 1230],
    ['12', 'EUR', 1200],
    ['-0.05', 'EUR', -5],
    ['1.50000', 'EUR', 150],
    ['0012.00', 'EUR', 1200],
    ['12.00', 'JPY', 12],
    ['1.234', 'KWD', 1234],
    ['1.2345', 'CLF', 12345],
    ['0.29', 'EUR', 29],
    ['1.15', 'EUR', 115],
    ['90071992547409.91', 'EUR', minorMax],
    ['-9007199254740991', 'JPY', -minorMax],
  ])('reads %s %s as %d', (text, code, minor) => {
    expect(parseDecimal(text, code)).toBe(minor)
  })

  test('reads minus zero as zero', () => {
    expect(Object.is(parseDecimal('-0.00', 'EUR'), 0)).toBe(true)
  })

  test.each([
    ['', 'EUR'],
    ['-', 'EUR'],
    ['.5', 'EUR'],
    ['5.', 'EUR'],
    ['+1', 'EUR'],
    ['--1', 'EUR'],
    [' 1', 'EUR'],
    ['1 ', 'EUR'],
    ['1\n', 'EUR'],
    ['1 000', 'EUR'],
    ['1,50', 'EUR'],
    ['1e3', 'EUR'],
    ['0x10', 'EUR'],
    ['١', 'EUR'],
    ['NaN', 'EUR'],
    ['Infinity', 'EUR'],
    ['1.005', 'EUR'],
    ['1.5', 'JPY'],
    ['1.00000000000000001', 'EUR'],
    ['90071992547409.92', 'EUR'],
    ['9007199254740992', 'JPY'],
    ['9007199254740993', 'JPY'],
    ['9'.repeat(64), 'EUR'],
    ['0'.repeat(65), 'EUR'],
  ])('refuses %j %s', (text, code) => {
    expect(() => parseDecimal(text, code)).toThrow(InvalidAmount)
  })

  test('reads back what formatDecimal writes', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currency, (minor, code) => {
        expect(parseDecimal(formatDecimal(minor, code), code)).toBe(minor === 0 ? 0 : minor)
      }),
    )
  })
})

describe('formatDecimal', () => {
  test.each([
    [0, 'EUR', '0.00'],
    [-5, 'EUR', '-0.05'],
    [1250, 'EUR', '12.50'],
    [1250, 'JPY', '1250'],
    [-1, 'KWD', '-0.001'],
    [10000, 'CLF', '1.0000'],
    [minorMax, 'EUR', '90071992547409.91'],
  ])('writes %d %s as %s', (minor, code, text) => {
    expect(formatDecimal(minor, code)).toBe(text)
  })

  test.each([1.5, NaN, 2 ** 53])('refuses %d', (minor) => {
    expect(() => formatDecimal(minor, 'EUR')).toThrow(AmountOutOfRange)
  })

  test('writes as many decimals as the currency has', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currency, (minor, code) => {
        expect(formatDecimal(minor, code).split('.')[1]?.length ?? 0).toBe(exponentOf(code))
      }),
    )
  })
})
