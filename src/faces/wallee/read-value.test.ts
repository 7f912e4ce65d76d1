import { describe, expect, test } from 'vitest'
import { readDate, readInstant } from './read-value.ts'

describe('dates and instants, as the SDKs of both versions send them', () => {
  test.each([
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05+01:00', '2026-01-02T02:04:05.000Z'],
    ['2026-01-02T03:04:05+01:00[Europe/Berlin]', '2026-01-02T02:04:05.000Z'],
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['2026-01-02T03:04', '2026-01-02T03:04:00.000Z'],
    ['Thu Dec 24 2026 10:11:12 GMT+0000 (Coordinated Universal Time)', '2026-12-24T10:11:12.000Z'],
  ])('%s is the instant %s', (given, expected) => {
    expect(readInstant(given)).toBe(expected)
  })

  test.each(['2026-02-30T00:00:00Z', 'tomorrow', '', 7, '2026-13-01', '0000-01-01'])(
    '%s is no instant',
    (given) => {
      expect(readInstant(given)).toBeUndefined()
    },
  )

  test('a date may come as an instant, whose date is meant', () => {
    expect(readDate('1980-05-06T00:00:00.000Z')).toBe('1980-05-06')
    expect(readDate('1980-05-06')).toBe('1980-05-06')
    expect(readDate('1980-02-30')).toBeUndefined()
    expect(readDate('1980-05-06Tnonsense')).toBeUndefined()
  })
})
