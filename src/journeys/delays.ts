import { addDaysIn } from '../kernel/dates.ts'
import type { JourneyDocument } from './document.ts'
import type { Facts } from './facts.ts'

/** Why a claim is not handed over yet, in the words of the send gate where it knows them. */
export const delayReasons = {
  disputed: 'The debtor contests the claim',
  on_plan: 'The debtor pays by instalments, as agreed so far',
  promised: 'The debtor promised to pay, and the date is not over',
} as const
export type DelayReason = keyof typeof delayReasons

/** That a claim is not to be handed over now. */
export interface Delay {
  readonly because: DelayReason
  /** When it is over by time alone; null where time does not end it. */
  readonly untilMs: number | null
}

/** What a run may know of its claim: besides what conditions ask for, what keeps the claim from an agency. */
export interface RunFacts extends Facts {
  readonly delays: readonly Delay[]
}

/** What keeps a claim from an agency now; undefined where nothing does. */
export const delayAt = ({ delays }: RunFacts, now: Date): Delay | undefined =>
  delays.find(({ untilMs }) => untilMs === null || untilMs > now.getTime())

const quarterMs = 15 * 60_000

/**
 * When a claim that is delayed is looked at again: a day later, at the quarter of an hour before. So a server that is late by
 * seconds each day stays at the time of day, and claims that wait are looked at together.
 */
export function nextLookMs(facts: Facts, now: Date): number {
  const tomorrow = addDaysIn(now, 1, facts.timeZone).getTime()
  return Math.floor(tomorrow / quarterMs) * quarterMs
}

/** Whether a run through it may come to a step that hands the claim over. */
export const handsOver = ({ paths }: JourneyDocument): boolean =>
  Object.values(paths).some((steps) => steps.some(({ type }) => type === 'outsource'))
