import {
  type CallContext,
  claimNames,
  type Command,
  refuse as refuseOfBook,
} from '../book/index.ts'
import { refuse } from './refusals.ts'
import { bareRun, runCommand } from './run.ts'
import { strategyEvent } from './strategy-events.ts'

export interface PauseInput {
  readonly reference: string
  /** When the journey goes on by itself; never where it is absent. */
  readonly until?: Date | undefined
}

/**
 * Holds the journey of a claim where it stands. One that is paused stays so, with the new end if one is given (D-84); a claim
 * that no journey was assigned to yet is held as well.
 */
export function pauseJourney(
  context: CallContext,
  { reference, until }: PauseInput,
): Command<void> {
  return runCommand(context, reference, {
    decide(desk, { book, claim }) {
      if (claim.status !== 'ACTIVE') throw refuseOfBook('claim_not_active')
      if (until && !(until.getTime() > desk.nowMs)) throw refuse('pause_over')
      const known = desk.findRun(claim)
      if (known?.status === 'STOPPED') throw refuse('journey_stopped')
      const pausedUntilMs = until?.getTime() ?? null
      if (known?.status === 'PAUSED') {
        if (until) desk.changeRun(known, { pausedUntilMs })
        return
      }
      const isLive = known?.status === 'RUNNING'
      const run = isLive ? known : bareRun(claim, { status: 'PAUSED', nowMs: desk.nowMs })
      if (!isLive) desk.addRun(run)
      desk.changeRun(run, { status: 'PAUSED', pausedAtMs: desk.nowMs, pausedUntilMs })
      const more = until ? { pausedUntil: until.toISOString() } : {}
      desk.emit(strategyEvent('paused', claimNames(book, claim), { ...run, more }))
    },
  })
}
