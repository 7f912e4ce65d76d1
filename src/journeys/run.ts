import {
  announceTrigger,
  type CallContext,
  type Claim,
  type ClaimAt,
  type Command,
  type Desk,
  type JourneyRun,
  refuse as refuseOfBook,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { firstState, type RunState } from './advance.ts'

/**
 * A run that says no more than that a claim was paused or stopped before any journey was assigned: one that is assigned for
 * the same beginning takes its place and stays paused or stopped.
 */
export function bareRun(
  claim: Claim,
  of: { status: 'PAUSED' | 'STOPPED'; nowMs: number },
): JourneyRun {
  const { status, nowMs } = of
  return {
    runId: newId(),
    claimId: claim.claimId,
    journeyId: null,
    journeyName: null,
    version: null,
    status,
    state: { ...firstState },
    nextAtMs: null,
    startedAtMs: nowMs,
    pausedAtMs: status === 'PAUSED' ? nowMs : null,
    pausedUntilMs: null,
    endedAtMs: status === 'STOPPED' ? nowMs : null,
    endReason: null,
  }
}

/** What the interpreter wrote there. */
export const stateOf = ({ state }: JourneyRun) => state as unknown as RunState

/** The claim that a call names, as far as a journey may be on it. */
export function claimOnItsWay(desk: Desk, reference: string): ClaimAt {
  const at = desk.findClaim(reference)
  if (!at || at.claim.status === 'PENDING') throw refuseOfBook('claim_not_found')
  if (at.claim.status === 'DELETED') throw refuseOfBook('claim_deleted')
  return at
}

/** A command on the run of a claim. */
export function runCommand(
  context: CallContext,
  reference: string,
  work: { needsProfile?: boolean; decide(desk: Desk, at: ClaimAt): void },
): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [reference], runs: true, profile: work.needsProfile ?? false },
    decide(desk) {
      const at = claimOnItsWay(desk, reference)
      work.decide(desk, at)
      announceTrigger(desk, at, context.triggerName)
    },
  }
}
