import { sql } from 'kysely'
import { releaseBlobs } from '../files/index.ts'
import type { Tx } from '../platform/db.ts'
import { claimOf } from './case-claim.ts'
import { columnsOf, environmentOf } from './case-fields.ts'
import { namedConfiguration } from './choose-configuration.ts'
import { type Actor, type CaseDeps, inTenant } from './context.ts'
import { lockCase, lockCaseIn } from './find-case.ts'
import { changeCase } from './move-case.ts'
import { refuse } from './refusals.ts'
import { endReviewTask } from './review-task.ts'
import type { CaseFields } from './schema.ts'
import { draftStates } from './states.ts'

export interface CaseChange {
  readonly id: number
  /** The version that the caller saw. */
  readonly version: number
  readonly fields: CaseFields
}

/** Changes what was given of a case that nobody has reviewed yet. */
export function updateCase(deps: CaseDeps, actor: Actor, change: CaseChange): Promise<void> {
  return inTenant(deps, actor, async (tx) => {
    const row = await lockCase(tx, change.id)
    if (row.version !== change.version) throw refuse('version_conflict')
    if (!draftStates.includes(row.state)) throw refuse('invalid_state', `it is ${row.state}`)
    const claim = row.claimId === null ? undefined : await claimOf(tx, row.claimId)
    if (row.configurationId !== null && change.fields.environment !== undefined) {
      const { isSandbox } = actor.tenant
      const environment = environmentOf(change.fields, row)
      await namedConfiguration(tx, row.configurationId, { environment, isSandbox })
    }
    await changeCase(tx, row, columnsOf(tx, change.fields, { before: row, claim }))
  })
}

/** Removes a case that nobody has reviewed yet, with its documents. The claim it would have taken over stays as it is. */
export function deleteCase(deps: CaseDeps, actor: Actor, id: number): Promise<void> {
  return inTenant(deps, actor, async (tx) => {
    const row = await lockCaseIn(tx, id, draftStates)
    await endReviewTask(tx, { taskId: row.reviewTaskId, isReviewed: false, by: actor.userId })
    await removeDocuments(tx, id)
    await sql`delete from debt_case where tenant_id = ${tx.tenantId} and id = ${id}`.execute(tx.db)
  })
}

async function removeDocuments(tx: Tx, caseId: number): Promise<void> {
  const { rows } = await sql<{ sha256: string }>`
    delete from debt_case_document where tenant_id = ${tx.tenantId} and case_id = ${caseId}
    returning sha256`.execute(tx.db)
  if (rows.length > 0)
    await releaseBlobs(
      tx,
      rows.map(({ sha256 }) => sha256),
    )
}
