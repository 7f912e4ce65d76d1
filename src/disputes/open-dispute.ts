import { sql } from 'kysely'
import { findClaims, type FoundClaim, namesOfClaim, refuse as refuseByBook } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { closeDispute } from './close-dispute.ts'
import { beginFollowing, withdrawn } from './follow-claims.ts'
import { refuse } from './refusals.ts'

export interface Contest {
  readonly claimId: string
  readonly reason: string
  readonly text: string
  /** Files of the claim's account, in the order in which they are shown. */
  readonly fileIds?: readonly string[] | undefined
  /** Who says so: `DEBTOR`, `API`, the name of an agent. */
  readonly by: string
}

/** Notes that an active claim is contested and answers the id of the dispute. A claim has one open dispute at most. */
export async function openDispute(tx: Tx, contest: Contest): Promise<string> {
  const { claimId, reason, text, by } = contest
  await beginFollowing(tx)
  // Held, so that a claim that is being deleted is either seen deleted or deleted after its dispute.
  await sql`select from claim where tenant_id = ${tx.tenantId} and claim_id = ${claimId} for share`.execute(
    tx.db,
  )
  const claim = (await findClaims(tx, [claimId])).get(claimId)
  if (!claim) throw refuseByBook('claim_not_found')
  if (claim.status !== 'ACTIVE') throw refuseByBook('claim_not_active')
  const fileIds = [...new Set(contest.fileIds ?? [])]
  await requireFiles(tx, claim, fileIds)
  await closeEarlier(tx, claim)
  const disputeId = newId()
  const made = await sql<{ id: string }>`
    insert into dispute (tenant_id, dispute_id, claim_id, reason, text, opened_by, opened_at)
    values (${tx.tenantId}, ${disputeId}, ${claimId}, ${reason}, ${text}, ${by}, ${tx.now})
    on conflict (tenant_id, claim_id) where closed_at is null do nothing returning dispute_id as id`.execute(
    tx.db,
  )
  if (made.rows.length === 0) throw refuse('dispute_open')
  if (fileIds.length > 0) {
    await sql`
      insert into dispute_file (tenant_id, dispute_id, file_id, position)
      select ${tx.tenantId}::uuid, ${disputeId}::uuid, f.id, f.position::integer
      from unnest(${fileIds}::uuid[]) with ordinality as f(id, position)`.execute(tx.db)
  }
  await tx.emit({
    type: 'event.claimDispute.opened',
    data: { ...namesOfClaim(claim), disputeId, reason, by },
  })
  return disputeId
}

/** D-78: what was contested before the claim was deleted is not contested of the one that began anew. */
async function closeEarlier(tx: Tx, { claimId, reference }: FoundClaim): Promise<void> {
  const { rows } = await sql<{ disputeId: string }>`
    select d.dispute_id as "disputeId" from dispute d
    where d.tenant_id = ${tx.tenantId} and d.claim_id = ${claimId} and d.closed_at is null and exists (
      select from event e where e.tenant_id = d.tenant_id and e.type = 'event.claim.deleted'
        and e.occurred_at > d.opened_at and e.data ->> 'claimRef' = ${reference})
    for no key update of d`.execute(tx.db)
  for (const { disputeId } of rows) await closeDispute(tx, { disputeId, ...withdrawn })
}

async function requireFiles(tx: Tx, claim: FoundClaim, fileIds: readonly string[]): Promise<void> {
  if (fileIds.length === 0) return
  const { rows } = await sql<{ id: string }>`
    select file_id as id from file
    where tenant_id = ${tx.tenantId} and account_id = ${claim.accountId} and file_id = any(${fileIds}::uuid[])`.execute(
    tx.db,
  )
  if (rows.length < fileIds.length) throw refuse('file_not_found')
}
