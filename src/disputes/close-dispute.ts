import { sql } from 'kysely'
import { findClaims, namesOfClaim } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { DisputeOutcome } from './schema.ts'

export interface Settlement {
  readonly disputeId: string
  readonly outcome: DisputeOutcome
  readonly note?: string | undefined
  readonly by?: string | undefined
}

/** Ends an open dispute. What the outcome means for the money is for whoever closes it to book. */
export async function closeDispute(tx: Tx, settlement: Settlement): Promise<void> {
  const { disputeId, outcome, note = null, by = null } = settlement
  const held = await sql<{ claimId: string; closedAt: Date | null }>`
    select claim_id as "claimId", closed_at as "closedAt" from dispute
    where tenant_id = ${tx.tenantId} and dispute_id = ${disputeId} for no key update`.execute(tx.db)
  const [dispute] = held.rows
  if (!dispute) throw refuse('dispute_not_found')
  if (dispute.closedAt !== null) throw refuse('dispute_closed')
  await sql`update dispute set closed_at = ${tx.now}, outcome = ${outcome}, note = ${note}, closed_by = ${by}
    where tenant_id = ${tx.tenantId} and dispute_id = ${disputeId}`.execute(tx.db)
  const claim = (await findClaims(tx, [dispute.claimId])).get(dispute.claimId)
  await tx.emit({
    type: 'event.claimDispute.closed',
    data: { ...(claim ? namesOfClaim(claim) : {}), disputeId, outcome },
  })
}
