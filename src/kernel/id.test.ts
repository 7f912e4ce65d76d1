import { afterEach, describe, expect, test, vi } from 'vitest'
import { isUuid, newId, newSecret, randomToken } from './id.ts'

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

afterEach(() => {
  vi.useRealTimers()
})

describe('newId', () => {
  test('makes UUIDs of version 7 that ascend', () => {
    const ids = Array.from({ length: 20_000 }, () => newId())
    expect(ids.every((id) => version7.test(id) && isUuid(id))).toBe(true)
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''))).toBe(true)
  })

  test('carries the time in milliseconds', () => {
    const now = Date.parse('2999-01-01T00:00:00Z')
    vi.useFakeTimers({ now })
    expect(Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16)).toBe(now)
  })

  test('ascends when the clock stands still or steps back', () => {
    vi.useFakeTimers({ now: Date.parse('3000-01-01T00:00:00Z') })
    const ids = Array.from({ length: 10_000 }, () => newId())
    vi.setSystemTime(Date.parse('2000-01-01T00:00:00Z'))
    ids.push(newId())
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''))).toBe(true)
  })
})

describe('isUuid', () => {
  test.each(['018f3a5e-7c1b-7def-8abc-0123456789ab', '018F3A5E-7C1B-4DEF-8ABC-0123456789AB'])(
    'accepts %s',
    (text) => {
      expect(isUuid(text)).toBe(true)
    },
  )

  test.each([
    '',
    '018f3a5e7c1b7def8abc0123456789ab',
    '{018f3a5e-7c1b-7def-8abc-0123456789ab}',
    '018f3a5e-7c1b-7def-8abc-0123456789ag',
    '018f3a5e-7c1b-7def-8abc-0123456789ab\n',
  ])('refuses %j', (text) => {
    expect(isUuid(text)).toBe(false)
  })
})

describe('tokens', () => {
  test('are base64url, as long as asked for, and differ', () => {
    expect(randomToken(9)).toMatch(/^[\w-]{12}$/)
    expect(newSecret()).toMatch(/^[\w-]{43}$/)
    expect(newSecret()).not.toBe(newSecret())
  })
})
