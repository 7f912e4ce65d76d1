import {
  type CallContext,
  claimNames,
  type Command,
  conclude,
  type Desk,
  type Json,
  resolve,
  type ClaimAt,
  type ResolutionReason,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { bareRun, runCommand } from './run.ts'
import { strategyEvent } from './strategy-events.ts'

export interface StopInput {
  readonly reference: string
  readonly reason?: ResolutionReason | undefined
  readonly description?: string | undefined
}

/**
 * Ends the journey of a claim for good; with a reason, an active claim is resolved for it (D-85). What is stopped already
 * stays so; what is said of it is kept all the same.
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
  const names = claimNames(book, claim)
  const known = desk.findRun(claim)
  const isLive = known?.status === 'RUNNING' || known?.status === 'PAUSED'
  if (known?.status === 'STOPPED' || (!isLive && claim.status !== 'ACTIVE')) {
    if (description !== undefined) desk.emit(noteOf(names, description))
    return
  }
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
  desk.emit(strategyEvent('stopped', names, { ...run, more }))
}

/** What somebody said of a claim whose journey does not stop by it, for it is over: that end must not be told again. */
function noteOf(names: Json, text: string): { type: string; data: Json } {
  return { type: 'event.note.created', data: { ...names, noteId: newId(), text } }
}
