import {
  type CallContext,
  claimNames,
  type Command,
  refuse as refuseOfBook,
} from '../book/index.ts'
import { resumedAfter } from './advance.ts'
import { refuse } from './refusals.ts'
import { runCommand, stateOf } from './run.ts'
import { strategyEvent } from './strategy-events.ts'

/**
 * Lets a paused journey go on where it left off: a wait takes as long as it was to. One that runs stays as it is, one that
 * was stopped is over (D-84).
 */
export function resumeJourney(context: CallContext, reference: string): Command<void> {
  return runCommand(context, reference, {
    decide(desk, { book, claim }) {
      if (claim.status !== 'ACTIVE') throw refuseOfBook('claim_not_active')
      const run = desk.findRun(claim)
      if (run?.status === 'STOPPED') throw refuse('journey_stopped')
      if (run?.status !== 'PAUSED') return
      const pausedMs = desk.nowMs - (run.pausedAtMs ?? desk.nowMs)
      const state = resumedAfter(stateOf(run), pausedMs)
      const { nextAtMs } = run
      const restMs = state.rest?.untilMs
      desk.changeRun(run, {
        status: 'RUNNING',
        state: { ...state },
        // Nothing is looked for while there is nothing to look for, or while what it wants booked is not.
        nextAtMs: nextAtMs === null ? null : (restMs ?? nextAtMs),
        pausedAtMs: null,
        pausedUntilMs: null,
      })
      desk.emit(strategyEvent('resumed', claimNames(book, claim), run))
    },
  })
}
