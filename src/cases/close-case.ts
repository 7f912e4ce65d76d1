import { closePlacement, recallClaims } from '../placements/index.ts'
import type { Tx } from '../platform/db.ts'
import { claimOf, owedMinor } from './case-claim.ts'
import type { Failure } from './catalogues.ts'
import { type Actor, type CaseDeps, inTenant } from './context.ts'
import { type CaseRow, lockCaseIn } from './find-case.ts'
import { moveTo } from './move-case.ts'
import { endReviewTask } from './review-task.ts'
import { openStates } from './states.ts'

/** Closes a case: nothing more is collected. What is left of its claim goes on without the collector. */
export function closeCase(deps: CaseDeps, actor: Actor, id: number): Promise<void> {
  return inTenant(deps, actor, async (tx) => {
    const row = await lockCaseIn(tx, id, openStates)
    await endCase(tx, row, { by: actor.userId })
  })
}

export interface Ending {
  readonly by: number | null
  /** Why it failed; without it the case is closed. */
  readonly failure?: Failure
}

/**
 * Ends a case that is held. A claim of which something is left is recalled, so that its own journey goes on; one that asks
 * for nothing is resolved already, and the agency is only told.
 */
export async function endCase(tx: Tx, row: CaseRow, { by, failure }: Ending): Promise<void> {
  const leftMinor = await leftOf(tx, row)
  const isCollecting = row.state === 'PENDING' || row.state === 'PROCESSING'
  if (row.claimId !== null && isCollecting) {
    const cause = { kind: 'DEBT_COLLECTION_CASE', caseId: row.id }
    const order = { claimId: row.claimId, cause }
    if ((leftMinor ?? 0) > 0) await recallClaims(tx, [order])
    else await closePlacement(tx, order)
  }
  const ended = failure === undefined ? { closed_at: tx.now } : { failed_at: tx.now, failure }
  await moveTo(tx, row, failure === undefined ? 'CLOSED' : 'FAILED', {
    ...ended,
    left_minor: leftMinor,
    asked: null,
    next_attempt_at: null,
  })
  await endReviewTask(tx, { taskId: row.reviewTaskId, isReviewed: false, by })
}

async function leftOf(tx: Tx, row: CaseRow): Promise<number | null> {
  return row.claimId === null ? row.itemsMinor : owedMinor(await claimOf(tx, row.claimId))
}
