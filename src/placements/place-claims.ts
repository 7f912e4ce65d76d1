import { sql } from 'kysely'
import { findClaims, type Json, namesOfClaim } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { statusChanged } from './change.ts'
import { beginFollowing } from './follow-claims.ts'
import { refuse } from './refusals.ts'

export interface PlaceOrder {
  readonly claimId: string
  /** The name of an agency. */
  readonly partner: string
  /** Why, as it is shown with the placement. */
  readonly cause: Json
}

/** What became of an order. Only `PLACED` changed anything. */
export type PlaceOutcome = 'PLACED' | 'ALREADY_PLACED' | 'PLACED_ELSEWHERE' | 'NOT_ACTIVE'

/**
 * Hands claims over to agencies (D-105) and answers what became of each claim. A claim that is with an agency stays
 * there; one that is not active, or not there, is not handed over. An agency that nobody knows is refused.
 */
export async function placeClaims(
  tx: Tx,
  orders: readonly PlaceOrder[],
): Promise<ReadonlyMap<string, PlaceOutcome>> {
  if (orders.length === 0) return new Map()
  const byClaim = new Map(orders.map((order) => [order.claimId, order]))
  await requirePartners(tx, [...new Set(orders.map(({ partner }) => partner))])
  const claims = await findClaims(tx, [...byClaim.keys()])
  const wanted = [...byClaim.values()].filter(
    ({ claimId }) => claims.get(claimId)?.status === 'ACTIVE',
  )
  await beginFollowing(tx)
  const placed = await insertPlacements(tx, wanted)
  const partners = await partnersOf(tx, [...byClaim.keys()])
  const outcomes = new Map<string, PlaceOutcome>()
  for (const { claimId, partner } of byClaim.values()) {
    const claim = claims.get(claimId)
    if (!claim || claim.status !== 'ACTIVE') outcomes.set(claimId, 'NOT_ACTIVE')
    else if (placed.has(claimId)) {
      outcomes.set(claimId, 'PLACED')
      await tx.emit(
        statusChanged(namesOfClaim(claim), { partner, externalStatus: 'PLACED', previous: null }),
      )
    } else {
      const isHere = partners.get(claimId) === partner
      outcomes.set(claimId, isHere ? 'ALREADY_PLACED' : 'PLACED_ELSEWHERE')
    }
  }
  return outcomes
}

async function requirePartners(tx: Tx, names: readonly string[]): Promise<void> {
  // Held, so that an agency that is being deleted or switched off is so before or after, not meanwhile.
  const { rows } = await sql<{ name: string; isActive: boolean }>`
    select name, is_active as "isActive" from agency
    where tenant_id = ${tx.tenantId} and name = any(${names}::text[]) order by name for share`.execute(
    tx.db,
  )
  const known = new Map(rows.map(({ name, isActive }) => [name, isActive]))
  for (const name of names) {
    const isActive = known.get(name)
    if (isActive === undefined) throw refuse('agency_not_found', name)
    if (!isActive) throw refuse('agency_inactive', name)
  }
}

/** The claims that were placed now; one that is with an agency is passed over. */
async function insertPlacements(tx: Tx, orders: readonly PlaceOrder[]): Promise<Set<string>> {
  if (orders.length === 0) return new Set()
  const list = [...orders]
    .sort((a, b) => (a.claimId < b.claimId ? -1 : 1))
    .map((order) => ({
      placement_id: newId(),
      claim_id: order.claimId,
      partner: order.partner,
      cause: { placed: order.cause },
    }))
  const { rows } = await sql<{ claimId: string }>`
    insert into placement (tenant_id, placement_id, claim_id, partner, status, external_status, placed_at, cause)
    select ${tx.tenantId}::uuid, r.placement_id, r.claim_id, r.partner, 'PLACED', 'PLACED', ${tx.now}::timestamptz, r.cause
    from jsonb_to_recordset(${JSON.stringify(list)}::jsonb)
      as r(placement_id uuid, claim_id uuid, partner text, cause jsonb)
    on conflict (tenant_id, claim_id) where status = 'PLACED' do nothing
    returning claim_id as "claimId"`.execute(tx.db)
  return new Set(rows.map(({ claimId }) => claimId))
}

async function partnersOf(tx: Tx, claimIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ claimId: string; partner: string }>`
    select claim_id as "claimId", partner from placement
    where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[]) and status = 'PLACED'`.execute(
    tx.db,
  )
  return new Map(rows.map(({ claimId, partner }) => [claimId, partner]))
}
