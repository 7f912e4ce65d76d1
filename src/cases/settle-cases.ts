import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { fileDocuments } from './file-documents.ts'
import { findCase } from './find-case.ts'
import { endReviewTask } from './review-task.ts'

/** Does what follows from the state of cases and may be done twice: ends review tasks, files documents with the claim. */
export async function settleCases(
  tx: Tx,
  ids: readonly number[],
  by: number | null,
): Promise<void> {
  for (const id of ids) {
    const known =
      await sql`select 1 from debt_case where tenant_id = ${tx.tenantId} and id = ${id}`.execute(
        tx.db,
      )
    if (known.rows.length === 0) continue
    const row = await findCase(tx, id)
    const isReviewed = row.state === 'PENDING' || row.state === 'PROCESSING'
    if (row.state !== 'REVIEWING' && row.state !== 'PREPARING')
      await endReviewTask(tx, { taskId: row.reviewTaskId, isReviewed, by })
    if (row.claimId !== null) await fileDocuments(tx, row)
  }
}
