import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDays,
  dateIn,
  daysBetween,
  endOfDay,
  instantOf,
  isDate,
  isTimeZone,
  parseDateAs,
  wallClockIn,
  type DateFormat,
} from './dates.ts'

const firstDay = '0001-01-01'
const lastDay = '9999-12-31'
const date = fc
  .integer({ min: 0, max: daysBetween(firstDay, lastDay) })
  .map((n) => addDays(firstDay, n))
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/Sao_Paulo',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'Asia/Beirut',
)
const recent = fc.integer({ min: 0, max: 30_000 }).map((n) => addDays('1970-01-01', n))

describe('isDate', () => {
  test.each([firstDay, lastDay, '2024-02-29', '2000-02-29', '2025-04-30'])('accepts %s', (text) => {
    expect(isDate(text)).toBe(true)
  })

  test.each([
    '',
    '0000-01-01',
    '2025-02-29',
    '1900-02-29',
    '2025-04-31',
    '2025-13-01',
    '2025-00-10',
    '2025-01-00',
    '2025-1-1',
    '20250101',
    '2025-01-01T00:00:00Z',
    ' 2025-01-01',
    '2025-01-01\n',
    '+002025-01-01',
    '10000-01-01',
  ])('refuses %j', (text) => {
    expect(isDate(text)).toBe(false)
  })
})

describe('parseDateAs', () => {
  test.each<[string, DateFormat, string]>([
    ['2025-03-04', 'YYYY-MM-DD', '2025-03-04'],
    ['3/4/2025', 'M/D/YYYY', '2025-03-04'],
    ['03/04/2025', 'M/D/YYYY', '2025-03-04'],
    ['03/04/2025', 'MM/DD/YYYY', '2025-03-04'],
    ['3/4/2025', 'D/M/YYYY', '2025-04-03'],
    ['04.03.2025', 'DD.MM.YYYY', '2025-03-04'],
    ['4.3.2025', 'D.M.YYYY', '2025-03-04'],
    ['20250304', 'YYYYMMDD', '2025-03-04'],
  ])('reads %s as %s', (text, format, expected) => {
    expect(parseDateAs(text, format)).toBe(expected)
  })

  test.each<[string, DateFormat]>([
    ['3/4/2025', 'MM/DD/YYYY'],
    ['13/1/2025', 'M/D/YYYY'],
    ['1/13/2025', 'D/M/YYYY'],
    ['4.3.2025', 'DD.MM.YYYY'],
    ['30.2.2025', 'D.M.YYYY'],
    ['20250229', 'YYYYMMDD'],
    ['3/4/25', 'M/D/YYYY'],
    ['2025-03-04', 'YYYYMMDD'],
  ])('finds no date in %s as %s', (text, format) => {
    expect(parseDateAs(text, format)).toBeUndefined()
  })
})

describe('addDays and daysBetween', () => {
  test.each([
    ['2024-02-28', 1, '2024-02-29'],
    ['2024-03-01', -1, '2024-02-29'],
    ['2024-12-31', 1, '2025-01-01'],
    ['0001-12-31', 1, '0002-01-01'],
    ['2025-06-01', 0, '2025-06-01'],
  ])('goes from %s by %d to %s', (from, days, to) => {
    expect(addDays(from, days)).toBe(to)
    expect(daysBetween(from, to)).toBe(days)
  })

  test('are each the inverse of the other', () => {
    fc.assert(
      fc.property(date, date, (a, b) => {
        expect(addDays(a, daysBetween(a, b))).toBe(b)
        expect(daysBetween(a, b) + daysBetween(b, a)).toBe(0)
      }),
    )
  })

  test('refuse what is no date and what leads out of the calendar', () => {
    expect(() => addDays('2025-02-30', 1)).toThrow(RangeError)
    expect(() => addDays(firstDay, -1)).toThrow(RangeError)
    expect(() => addDays(lastDay, 1)).toThrow(RangeError)
    expect(() => addDays(lastDay, 1e15)).toThrow(RangeError)
    expect(() => addDays(firstDay, 0.5)).toThrow(RangeError)
    expect(() => daysBetween('2025-02-30', firstDay)).toThrow(RangeError)
  })
})

describe('dateIn', () => {
  test.each([
    ['2025-03-04T23:30:00Z', 'UTC', '2025-03-04'],
    ['2025-03-04T23:30:00Z', 'Europe/Berlin', '2025-03-05'],
    ['2025-03-04T23:30:00Z', 'America/New_York', '2025-03-04'],
    ['0001-01-01T00:00:00Z', 'UTC', '0001-01-01'],
  ])('says %s in %s is %s', (instant, timeZone, expected) => {
    expect(dateIn(new Date(instant), timeZone)).toBe(expected)
  })

  test('refuses unknown zones, no instant, and years without a date', () => {
    expect(() => dateIn(new Date(0), 'Mars/Olympus')).toThrow(RangeError)
    expect(() => dateIn(new Date(NaN), 'UTC')).toThrow(RangeError)
    expect(() => dateIn(new Date(NaN), 'Europe/Berlin')).toThrow(RangeError)
    expect(() => dateIn(new Date('+010000-01-01T00:00:00Z'), 'UTC')).toThrow(RangeError)
    expect(() => dateIn(new Date('+010000-01-01T00:00:00Z'), 'Europe/Berlin')).toThrow(RangeError)
  })
})

describe('endOfDay', () => {
  test.each([
    ['2025-03-04', 'UTC', '2025-03-05T00:00:00.000Z'],
    ['2025-03-30', 'Europe/Berlin', '2025-03-30T22:00:00.000Z'],
    ['2025-03-29', 'Europe/Berlin', '2025-03-29T23:00:00.000Z'],
    // This midnight does not exist: the clocks went from 23:59:59 to 01:00.
    ['2018-11-03', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    // Samoa left out 30 December 2011.
    ['2011-12-29', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('ends %s in %s at %s', (day, timeZone, expected) => {
    expect(endOfDay(day, timeZone).toISOString()).toBe(expected)
  })

  test('is the first instant of another day', () => {
    fc.assert(
      fc.property(recent, zone, (day, timeZone) => {
        const end = endOfDay(day, timeZone)
        const isSkipped = timeZone === 'Pacific/Apia' && day === '2011-12-30'
        expect(dateIn(end, timeZone) > day).toBe(true)
        if (!isSkipped) expect(dateIn(new Date(end.getTime() - 1), timeZone)).toBe(day)
      }),
    )
  })

  test('ends the last day of the calendar', () => {
    expect(endOfDay(lastDay, 'UTC').toISOString()).toBe('+010000-01-01T00:00:00.000Z')
  })

  test('refuses unknown zones and what is no date', () => {
    expect(() => endOfDay('2025-03-04', 'Mars/Olympus')).toThrow(RangeError)
    expect(() => endOfDay('2025-02-30', 'UTC')).toThrow(RangeError)
  })
})

describe('the clock on the wall', () => {
  test('shows date, minutes and weekday of the zone, Monday first', () => {
    const instant = new Date('2026-03-08T23:30:00.000Z')
    const sunday = { date: '2026-03-08', minutes: 23 * 60 + 30, weekday: 7 }
    expect(wallClockIn(instant, 'UTC')).toEqual(sunday)
    expect(wallClockIn(instant, 'Europe/Berlin')).toEqual({
      date: '2026-03-09',
      minutes: 30,
      weekday: 1,
    })
  })

  test('shows the time of an instant that was made from it, but where the clock is set forward', () => {
    const minutes = fc.integer({ min: 0, max: 1_439 })
    fc.assert(
      fc.property(recent, minutes, zone, (day, minute, timeZone) => {
        const instant = instantOf(day, minute, timeZone)
        const shown = wallClockIn(instant, timeZone)
        const isSkipped = shown.date !== day || shown.minutes !== minute
        const before = wallClockIn(new Date(instant.getTime() - 86_400_000), timeZone)
        // A time that is left out is moved on, and by no more than the day that Samoa left out.
        if (isSkipped) expect(before.date < shown.date).toBe(true)
        else expect(shown).toMatchObject({ date: day, minutes: minute })
      }),
    )
  })

  test('moves on a time that daylight saving leaves out', () => {
    const instant = instantOf('2026-03-29', 150, 'Europe/Berlin')
    expect(wallClockIn(instant, 'Europe/Berlin')).toMatchObject({ minutes: 210 })
  })

  test('counts a whole day of minutes to the next midnight', () => {
    expect(instantOf('2026-03-10', 1_440, 'Europe/Berlin')).toEqual(
      endOfDay('2026-03-10', 'Europe/Berlin'),
    )
  })
})

describe('isTimeZone', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])(
    'accepts %s',
    (name) => {
      expect(isTimeZone(name)).toBe(true)
    },
  )

  test.each([
    '',
    'Mars/Olympus',
    '+01:00',
    'Z',
    '2020-01-01T00:00Z[Europe/Berlin]',
    'Europe/Berlin ',
    'A'.repeat(65),
  ])('refuses %j', (name) => {
    expect(isTimeZone(name)).toBe(false)
  })
})
