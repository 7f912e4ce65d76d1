import {
  type CallContext,
  claimNames,
  type Command,
  conclude,
  type Desk,
  resolve,
  type ClaimAt,
  type ResolutionReason,
} from '../book/index.ts'
import { bareRun, runCommand } from './run.ts'
import { strategyEvent } from './strategy-events.ts'

export interface StopInput {
  readonly reference: string
  readonly reason?: ResolutionReason | undefined
  readonly description?: string | undefined
}

/**
 * Ends the journey of a claim for good; with a reason, an active claim is resolved for it (D-85). What is stopped already
 * stays so.
 */
export function stopJourney(context: CallContext, input: StopInput): Command<void> {
  return runCommand(context, input.reference, {
    needsProfile: true,
    decide(desk, at) {
      stopRun(desk, at, input)
      const { book, claim } = at
      if (input.reason === undefined || claim.status !== 'ACTIVE') return
      resolve(book, claim, { reason: input.reason, nowMs: desk.nowMs, isByRequest: true })
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
    },
  })
}

function stopRun(desk: Desk, { book, claim }: ClaimAt, { reason, description }: StopInput): void {
  const known = desk.findRun(claim)
  const isLive = known?.status === 'RUNNING' || known?.status === 'PAUSED'
  if (known?.status === 'STOPPED' || (!isLive && claim.status !== 'ACTIVE')) return
  const run = isLive ? known : bareRun(claim, { status: 'STOPPED', nowMs: desk.nowMs })
  if (!isLive) desk.addRun(run)
  desk.changeRun(run, {
    status: 'STOPPED',
    nextAtMs: null,
    pausedAtMs: null,
    pausedUntilMs: null,
    endedAtMs: desk.nowMs,
    endReason: reason ?? null,
  })
  const more = {
    ...(reason === undefined ? {} : { reason }),
    ...(description === undefined ? {} : { description }),
  }
  desk.emit(strategyEvent('stopped', claimNames(book, claim), { ...run, more }))
}
