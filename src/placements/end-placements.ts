import { sql } from 'kysely'
import { findClaims, type Json, namesOfClaim } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { statusChanged } from './change.ts'

export interface EndOrder {
  readonly claimId: string
  /** Why, as it is shown with the placement. */
  readonly cause: Json
}

/** Takes claims back from their agencies and answers those that were with one; the journey of such a claim goes on. */
export function recallClaims(tx: Tx, orders: readonly EndOrder[]): Promise<ReadonlySet<string>> {
  return endPlacements(tx, 'RECALLED', orders)
}

/** Ends what an agency does for a claim, whose status stays as it is. Answers whether it was with one. */
export async function closePlacement(tx: Tx, order: EndOrder): Promise<boolean> {
  const closed = await closePlacements(tx, [order])
  return closed.size > 0
}

/** `closePlacement` for many claims; answers those that were with an agency. */
export function closePlacements(tx: Tx, orders: readonly EndOrder[]): Promise<ReadonlySet<string>> {
  return endPlacements(tx, 'CLOSED', orders)
}

interface EndedRow {
  readonly claimId: string
  readonly partner: string
  readonly previous: string
}

async function endPlacements(
  tx: Tx,
  status: 'RECALLED' | 'CLOSED',
  orders: readonly EndOrder[],
): Promise<ReadonlySet<string>> {
  if (orders.length === 0) return new Set()
  const list = orders.map(({ claimId, cause }) => ({ claim_id: claimId, cause }))
  const { rows } = await sql<EndedRow>`
    with held as (
      select p.placement_id, p.external_status, r.cause
      from jsonb_to_recordset(${JSON.stringify(list)}::jsonb) as r(claim_id uuid, cause jsonb)
      join placement p on p.tenant_id = ${tx.tenantId} and p.claim_id = r.claim_id and p.status = 'PLACED'
      order by p.placement_id for no key update of p
    )
    update placement p set status = ${status}, external_status = ${status}, ended_at = ${tx.now},
      cause = p.cause || jsonb_build_object('ended', h.cause)
    from held h where p.tenant_id = ${tx.tenantId} and p.placement_id = h.placement_id and p.status = 'PLACED'
    returning p.claim_id as "claimId", p.partner, h.external_status as previous`.execute(tx.db)
  const claims = await findClaims(
    tx,
    rows.map(({ claimId }) => claimId),
  )
  for (const { claimId, partner, previous } of rows) {
    const claim = claims.get(claimId)
    if (!claim) continue
    await tx.emit(statusChanged(namesOfClaim(claim), { partner, externalStatus: status, previous }))
  }
  return new Set(rows.map(({ claimId }) => claimId))
}
