import { addDays, dateIn, instantOf, wallClockIn } from '../../kernel/dates.ts'
import type { QuietHours } from './rules.ts'

/** When messages may leave by the clock of each zone. */
export interface Window {
  readonly hours: QuietHours | undefined
  /** Monday is 1; undefined: every day. */
  readonly days: readonly number[] | undefined
  /** All of them must allow it: a country with several does not say in which one the debtor is. */
  readonly zones: readonly string[]
}

// A week finds every weekday; two leave room for where the zones of a country do not agree on the day.
const lookAheadDays = 15

/** Minutes since midnight of `HH:MM`, up to 24:00. */
export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

/** Whether a message may leave at an instant. */
export function isAllowed(instant: Date, { hours, days, zones }: Window): boolean {
  return zones.every((zone) => {
    const { minutes, weekday } = wallClockIn(instant, zone)
    const isHour =
      !hours || (minutes >= minutesOf(hours.sendFrom) && minutes < minutesOf(hours.sendUntil))
    return isHour && (!days || days.includes(weekday))
  })
}

/** The first instant from `from` on at which a message may leave; undefined where no moment suits all zones. */
export function nextAllowed(from: Date, window: Window): Date | undefined {
  if (isAllowed(from, window)) return from
  // Where windows overlap, the overlap begins where one of them does.
  const opening = minutesOf(window.hours?.sendFrom ?? '00:00')
  return window.zones
    .flatMap((zone) => {
      const today = dateIn(from, zone)
      return Array.from({ length: lookAheadDays }, (_, days) =>
        instantOf(addDays(today, days), opening, zone),
      )
    })
    .filter((instant) => instant > from)
    .toSorted((a, b) => a.getTime() - b.getTime())
    .find((instant) => isAllowed(instant, window))
}
