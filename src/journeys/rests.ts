import { addDays, addDaysIn, dateIn, endOfDay, instantAt } from '../kernel/dates.ts'
import type { Step, StepOf } from './document.ts'
import type { Facts } from './facts.ts'
import { weekdayOf } from './fields.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const daysOfWeek = 7

/** Until when a step rests that is reached now; undefined for one that does not. It may be past. */
export function restEnd(step: Step, facts: Facts, now: Date): Date | undefined {
  if (step.type === 'waitUntil') return nextTimeOfDay(step, facts.timeZone, now)
  if (step.type === 'dpdDeadline') return deadline(step, facts)
  if (step.type !== 'wait') return undefined
  const { days = 0, hours = 0, minutes = 0 } = step
  const day = days === 0 ? now : addDaysIn(now, days, facts.timeZone)
  return new Date(day.getTime() + hours * hourMs + minutes * minuteMs)
}

/** The next time that a clock on the wall shows it, on one of the days; that may be this minute. */
function nextTimeOfDay({ time, weekdays }: StepOf<'waitUntil'>, zone: string, now: Date): Date {
  const today = dateIn(now, zone)
  for (let later = 0; later <= daysOfWeek; later += 1) {
    const day = addDays(today, later)
    if (weekdays && !weekdays.includes(weekdayOf(day))) continue
    const at = instantAt(day, time, zone)
    if (at.getTime() + minuteMs > now.getTime()) return at
  }
  return now
}

/** D-87: the start of the day on which the claim is that many days past due, or that many hours after it fell due. */
function deadline({ days = 0, hours }: StepOf<'dpdDeadline'>, facts: Facts): Date {
  const start = startOfDay(facts, hours === undefined ? days : 0)
  return new Date(Math.min(start.getTime() + (hours ?? 0) * hourMs, latestMs))
}

// The calendar of the database ends here.
const latestMs = Date.parse('9999-12-31T23:59:59.999Z')
const firstDay = '0001-01-02'

/** The start of the due day, or of one some days later; where the calendar ends, so does this. */
function startOfDay({ originalDueOn, timeZone }: Facts, days: number): Date {
  const dayMs = 24 * hourMs
  const aboutMs = Date.parse(originalDueOn) + days * dayMs
  if (aboutMs > latestMs - 2 * dayMs) return new Date(latestMs)
  if (aboutMs < Date.parse(firstDay) + dayMs) return new Date(Date.parse(firstDay))
  return endOfDay(addDays(originalDueOn, days - 1), timeZone)
}
