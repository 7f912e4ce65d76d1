import { addDays, daysBetween } from '../kernel/dates.ts'
import { type Interval, instalmentsMax, type PlannedInstalment, type PlanTerms } from './schema.ts'

export interface ScheduleWanted {
  readonly totalMinor: number
  readonly count: number
  readonly firstDueOn: string
  readonly interval: Interval
}

/** Equal instalments whose sum is the total to the cent: what does not divide is asked for with the last one. */
export function scheduleOf(wanted: ScheduleWanted): PlannedInstalment[] {
  const { totalMinor, count, firstDueOn, interval } = wanted
  const each = Math.floor(totalMinor / count)
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    dueOn: stepOf(firstDueOn, interval, index),
    amount: index === count - 1 ? totalMinor - each * (count - 1) : each,
  }))
}

/** The smallest instalment of a schedule. */
export const smallestOf = (totalMinor: number, count: number) => Math.floor(totalMinor / count)

/** Counted from the first date, so that a plan of the 31st comes back to it after a shorter month. */
function stepOf(firstDueOn: string, { unit, count }: Interval, index: number): string {
  if (unit === 'WEEK') return addDays(firstDueOn, 7 * count * index)
  return addMonths(firstDueOn, count * index)
}

/** The same day some months later, or the last one of a month that does not have it. */
function addMonths(date: string, months: number): string {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  const ahead = year * 12 + (month - 1) + months
  const first = firstOfMonth(ahead)
  const length = daysBetween(first, firstOfMonth(ahead + 1))
  return addDays(first, Math.min(day, length) - 1)
}

function firstOfMonth(months: number): string {
  const year = String(Math.floor(months / 12)).padStart(4, '0')
  return `${year}-${String((months % 12) + 1).padStart(2, '0')}-01`
}

/** The numbers of instalments that terms allow, ascending. */
export function countsOf({ instalments }: PlanTerms): number[] {
  if (Array.isArray(instalments)) return [...instalments].sort((a, b) => a - b)
  const { min, max } = instalments
  return Array.from({ length: instalmentsMax }, (_, index) => index + 1).filter(
    (count) => count >= min && count <= max,
  )
}
