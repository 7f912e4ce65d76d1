import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { completeTask, createTasks } from '../tasks/index.ts'
import type { CaseRow } from './find-case.ts'

export const reviewActions = { review: 'MARK_AS_REVIEWED', close: 'CLOSE' } as const

/** Asks a person to look at a case before it is collected, and answers the id of the task. */
export async function createReviewTask(
  tx: Tx,
  row: CaseRow,
  more: { claimId: string | null; details?: string | undefined },
): Promise<string> {
  const key = `debt-case/${row.id}/${row.version}`
  const made = await createTasks(tx, [
    {
      key,
      kind: 'DEBT_COLLECTION_REVIEW',
      title: `Review the debt collection case ${row.reference}`,
      details: more.details,
      claimId: more.claimId ?? undefined,
      actions: Object.values(reviewActions),
      cause: { kind: 'DEBT_COLLECTION_CASE', caseId: row.id },
    },
  ])
  const taskId = made.get(key)
  if (taskId === undefined) throw new Error('a review task was not made')
  return taskId
}

/** Does the review task of a case that is not reviewed any more; what is done already stays as it is. */
export async function endReviewTask(
  tx: Tx,
  ended: { taskId: string | null; isReviewed: boolean; by: number | null },
): Promise<void> {
  const { taskId, isReviewed, by } = ended
  if (taskId === null) return
  const { rows } = await sql`
    select 1 from task where tenant_id = ${tx.tenantId} and task_id = ${taskId} and status = 'OPEN'
    for no key update`.execute(tx.db)
  if (rows.length === 0) return
  await completeTask(tx, {
    taskId,
    action: isReviewed ? reviewActions.review : reviewActions.close,
    by: by === null ? 'system' : `user ${by}`,
  })
}
