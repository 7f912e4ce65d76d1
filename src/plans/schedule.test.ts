import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, daysBetween, isDate } from '../kernel/dates.ts'
import { countsOf, scheduleOf, smallestOf } from './schedule.ts'
import type { Interval, PlanTerms } from './schema.ts'

const interval = fc.record({
  unit: fc.constantFrom('WEEK' as const, 'MONTH' as const),
  count: fc.integer({ min: 1, max: 12 }),
})
const wanted = fc.record({
  totalMinor: fc.integer({ min: 120, max: Number.MAX_SAFE_INTEGER }),
  count: fc.integer({ min: 2, max: 120 }),
  firstDueOn: fc.integer({ min: 0, max: 20_000 }).map((days) => addDays('2000-01-01', days)),
  interval,
})

describe('a schedule', () => {
  test('adds up to the total to the cent, in equal instalments but for the last', () => {
    fc.assert(
      fc.property(wanted, (of) => {
        const schedule = scheduleOf(of)
        const sum = schedule.reduce((total, { amount }) => total + BigInt(amount), 0n)
        expect(sum).toBe(BigInt(of.totalMinor))
        const each = smallestOf(of.totalMinor, of.count)
        expect(schedule.slice(0, -1).every(({ amount }) => amount === each)).toBe(true)
        const last = schedule.at(-1)!.amount
        expect(last >= each && last < each + of.count).toBe(true)
      }),
    )
  })

  test('goes on and on, by at least the shortest interval, on days of the calendar', () => {
    fc.assert(
      fc.property(wanted, (of) => {
        const dates = scheduleOf(of).map(({ dueOn }) => dueOn)
        expect(dates.every(isDate)).toBe(true)
        expect(dates[0]).toBe(of.firstDueOn)
        const shortest = of.interval.count * (of.interval.unit === 'WEEK' ? 7 : 28)
        for (let index = 1; index < dates.length; index += 1)
          expect(daysBetween(dates[index - 1]!, dates[index]!)).toBeGreaterThanOrEqual(shortest)
      }),
    )
  })

  const datesOf = (firstDueOn: string, every: Interval, count = 4) =>
    scheduleOf({ totalMinor: 1_000, count, firstDueOn, interval: every }).map(({ dueOn }) => dueOn)

  test('of the 31st falls on the last day of shorter months and comes back to the 31st', () => {
    expect(datesOf('2025-12-31', { unit: 'MONTH', count: 1 })).toEqual([
      '2025-12-31',
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
    ])
    expect(datesOf('2023-11-30', { unit: 'MONTH', count: 3 }, 2)).toEqual([
      '2023-11-30',
      '2024-02-29',
    ])
    expect(datesOf('2026-02-25', { unit: 'WEEK', count: 2 }, 2)).toEqual([
      '2026-02-25',
      '2026-03-11',
    ])
  })

  test('may have the numbers of instalments that its terms list or span', () => {
    const of = (instalments: PlanTerms['instalments']) =>
      countsOf({
        currency: 'EUR',
        instalments,
        interval: { unit: 'MONTH', count: 1 },
        firstDueWithinDays: 14,
      })
    expect(of([6, 3])).toEqual([3, 6])
    expect(of({ min: 2, max: 4 })).toEqual([2, 3, 4])
  })
})
