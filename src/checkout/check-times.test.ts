import { describe, expect, test } from 'vitest'
import { checkAfterFailure, type CheckTime, nextCheck } from './check-times.ts'

const dayMs = 86_400_000
const start = new Date('2026-03-10T12:00:00.000Z')
const at = (more: Partial<CheckTime>): CheckTime => ({
  state: 'settled',
  checks: 0,
  now: start,
  newsAt: undefined,
  expiresAt: start,
  ...more,
})

/** The days after it reached its state on which a payment is looked at, each look at its time. */
function looksOf(state: CheckTime['state'], looksMax = 20): number[] {
  const days: number[] = []
  let now = start
  for (let checks = 0; checks < looksMax; checks += 1) {
    const next = nextCheck(at({ state, checks, now }))
    if (!next) break
    now = next
    days.push((now.getTime() - start.getTime()) / dayMs)
  }
  return days
}

describe('when a provider is asked about a payment', () => {
  test('is ever more seldom once it settled, until nobody may dispute it any more', () => {
    expect(looksOf('settled')).toEqual([1, 3, 7, 14, 30, 60, 90, 125])
  })

  test('is when the provider itself expects news', () => {
    const newsAt = new Date(start.getTime() + 5)
    expect(nextCheck(at({ newsAt }))).toEqual(newsAt)
    expect(nextCheck(at({ newsAt: start }))).toEqual(new Date(start.getTime() + dayMs))
  })

  test('is never again once it ended', () => {
    for (const state of ['declined', 'canceled', 'interrupted', 'failed', 'disputed'] as const)
      expect(looksOf(state), state).toEqual([])
  })

  test('is a few times more after its end where money came that was not booked', () => {
    const looks: Date[] = [checkAfterFailure(0, start)]
    for (let checks = 1; checks < 20; checks += 1) {
      const now = looks.at(-1) ?? start
      const next = nextCheck(at({ state: 'interrupted', checks, now }))
      if (!next) break
      looks.push(next)
    }
    expect(looks.length).toBeGreaterThan(3)
    expect(looks.length).toBeLessThan(10)
    expect(checkAfterFailure(50, start)).toEqual(new Date(start.getTime() + dayMs))
  })
})
