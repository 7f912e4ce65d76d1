/** Calendar dates are `YYYY-MM-DD` text, instants are `Date`. The only importer of Temporal. */
import { Temporal } from 'temporal-polyfill'

const dayMs = 86_400_000
const timeZoneLengthMax = 64

const datePattern = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)$/
const patterns = {
  'YYYY-MM-DD': datePattern,
  'M/D/YYYY': /^(?<month>\d\d?)\/(?<day>\d\d?)\/(?<year>\d{4})$/,
  'MM/DD/YYYY': /^(?<month>\d\d)\/(?<day>\d\d)\/(?<year>\d{4})$/,
  'D/M/YYYY': /^(?<day>\d\d?)\/(?<month>\d\d?)\/(?<year>\d{4})$/,
  'DD.MM.YYYY': /^(?<day>\d\d)\.(?<month>\d\d)\.(?<year>\d{4})$/,
  'D.M.YYYY': /^(?<day>\d\d?)\.(?<month>\d\d?)\.(?<year>\d{4})$/,
  YYYYMMDD: /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)$/,
} as const satisfies Record<string, RegExp>

/** The ways people write dates. `D` and `M` take one or two digits, `DD` and `MM` exactly two. */
export type DateFormat = keyof typeof patterns

/** Whether `text` is a day of the calendar, `0001-01-01` to `9999-12-31`. */
export function isDate(text: string): boolean {
  return parseDateAs(text, 'YYYY-MM-DD') !== undefined
}

/** The date `text` says in `format`, as `YYYY-MM-DD`; undefined when it is no day of the calendar. */
export function parseDateAs(text: string, format: DateFormat): string | undefined {
  const groups = patterns[format].exec(text)?.groups
  if (groups === undefined) return undefined
  const { year = '', month = '', day = '' } = groups
  const isReal =
    Number(year) >= 1 && Number(day) >= 1 && Number(day) <= daysIn(Number(year), Number(month))
  return isReal ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined
}

/** The date `days` later, earlier if negative. Throws `RangeError` outside the years 1 to 9999. */
export function addDays(date: string, days: number): string {
  if (!Number.isSafeInteger(days)) throw new RangeError('Days are whole')
  return utcDate(new Date(midnightUtc(date) + days * dayMs))
}

/** Days from `a` to `b`, negative when `b` is before `a`. Throws `RangeError` for what is no date. */
export function daysBetween(a: string, b: string): number {
  return (midnightUtc(b) - midnightUtc(a)) / dayMs
}

/**
 * The date an instant falls on in a time zone. Throws `RangeError` for an unknown zone and outside
 * the years 1 to 9999.
 */
export function dateIn(instant: Date, timeZone: string): string {
  if (timeZone === 'UTC') return utcDate(instant)
  const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString()
  return checkedDate(local)
}

/**
 * The instant a date is over in a time zone: the start of the next day there, whatever daylight
 * saving does to its midnight. Throws `RangeError` for an unknown zone or what is no date.
 */
export function endOfDay(date: string, timeZone: string): Date {
  const next = Temporal.PlainDate.from(checkedDate(date)).add({ days: 1 })
  return new Date(next.toZonedDateTime(timeZone).epochMilliseconds)
}

/**
 * The instant of a time of day, `HH:MM`, on a date in a time zone; one that daylight saving leaves out moves forward by what
 * is left out, one that comes twice is the first.
 */
export function instantAt(date: string, time: string, timeZone: string): Date {
  const local = Temporal.PlainDateTime.from(`${checkedDate(date)}T${time}`)
  return new Date(local.toZonedDateTime(timeZone).epochMilliseconds)
}

/** The same time of day some days later in a time zone, however long those days are. */
export function addDaysIn(instant: Date, days: number, timeZone: string): Date {
  const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(
    timeZone,
  )
  return new Date(local.add({ days }).epochMilliseconds)
}

/** What the clock on the wall shows: minutes since midnight of a date, and Monday as day 1. */
export interface WallClock {
  readonly date: string
  readonly minutes: number
  readonly weekday: number
}

/** What the clock on the wall shows at an instant in a time zone. Throws `RangeError` as `dateIn` does. */
export function wallClockIn(instant: Date, timeZone: string): WallClock {
  const local = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(
    timeZone,
  )
  return {
    date: checkedDate(local.toPlainDate().toString()),
    minutes: local.hour * 60 + local.minute,
    weekday: local.dayOfWeek,
  }
}

/**
 * The instant at which the clock on the wall shows so many minutes after midnight, up to a day of them; where daylight
 * saving leaves that time out, as much later. Throws `RangeError` for an unknown zone or what is no date.
 */
export function instantOf(date: string, minutes: number, timeZone: string): Date {
  const local = Temporal.PlainDate.from(checkedDate(date)).toPlainDateTime().add({ minutes })
  return new Date(local.toZonedDateTime(timeZone).epochMilliseconds)
}

/** What clocks show in a time zone at an instant, to the second: `2026-03-29T03:00:00`. */
export function wallTimeIn(instant: Date, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'second' })
}

/** Whether `name` is an IANA time zone this runtime knows, such as `Europe/Berlin` or `UTC`. */
export function isTimeZone(name: string): boolean {
  // Temporal also takes offsets and whole timestamps for a zone; neither names one.
  if (name.length > timeZoneLengthMax || !/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    return true
  } catch {
    return false
  }
}

/** 0 when there is no such month. */
function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function checkedDate(text: string): string {
  if (!isDate(text)) throw new RangeError(`${text} is no date between the years 1 and 9999`)
  return text
}

function midnightUtc(date: string): number {
  return Date.parse(checkedDate(date))
}

function utcDate(instant: Date): string {
  // Years beyond 9999 or before 0 get a sign and two digits more, which is no date.
  return checkedDate(instant.toISOString().replace(/T.*$/, ''))
}
