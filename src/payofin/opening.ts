import { endOfDay, wallClockIn } from '../kernel/dates.ts'
import { refusePayofin } from './refusals.ts'
import type { Institution } from './schema.ts'

/** Where this door lives: its hours, days and times are those of Istanbul. */
export const zone = 'Europe/Istanbul'

/** Refuses what comes on a holiday or outside the hours of an institution. */
export function requireOpen(institution: Institution, now: Date): void {
  const { date, minutes } = wallClockIn(now, zone)
  const { holidays, opensAt, closesAt } = institution
  if (holidays.includes(date)) throw refusePayofin('holiday')
  if (opensAt === null || closesAt === null) return
  if (minutes < opensAt || minutes >= closesAt) throw refusePayofin('outside_hours')
}

/** A queried debt may be paid until the day is over. */
export function endOfToday(now: Date): Date {
  return endOfDay(wallClockIn(now, zone).date, zone)
}
