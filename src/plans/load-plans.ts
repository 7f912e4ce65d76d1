import { sql } from 'kysely'
import { type FoundClaim, findClaims } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import type { ClaimEnd, Movement } from './judge.ts'
import type { ToldPlan } from './plan-events.ts'
import type { InstalmentRow, Place } from './plan-rows.ts'

/** An active plan, held until the end of the transaction, with all that decides where it stands. */
export interface LoadedPlan extends ToldPlan {
  readonly claim: FoundClaim
  readonly brokenAfter: number
  readonly nextAt: Date | null
  readonly places: readonly Place[]
  /** Whether the claim has moved since, so that the places are to be written. */
  readonly isMoved: boolean
  readonly instalments: readonly InstalmentRow[]
  readonly movements: readonly Movement[]
  readonly end: ClaimEnd | undefined
}

interface PlanRow {
  readonly planId: string
  readonly claimId: string
  readonly status: 'ACTIVE'
  readonly currency: string
  readonly amountMinor: number
  readonly paidMinor: number
  readonly endReason: null
  readonly brokenAfter: number
  readonly nextAt: Date | null
  readonly places: Place[]
}

interface ClaimRow {
  readonly claimId: string
  readonly accountId: string
  readonly itemSeq: number
  readonly status: string
  readonly reason: string | null
  readonly resolvedAt: Date | null
  readonly deletedAt: Date | null
}

/** Holds those of the plans that are active, always in the same order, and reads what they are judged by. */
export async function loadPlans(tx: Tx, planIds: readonly string[]): Promise<LoadedPlan[]> {
  const { rows } = await sql<PlanRow>`
    select plan_id as "planId", claim_id as "claimId", status, currency, amount_minor as "amountMinor",
      paid_minor as "paidMinor", end_reason as "endReason", broken_after as "brokenAfter", next_at as "nextAt", places
    from plan where tenant_id = ${tx.tenantId} and plan_id = any(${planIds}::uuid[]) and status = 'ACTIVE'
    order by plan_id for no key update`.execute(tx.db)
  if (rows.length === 0) return []
  const claimIds = rows.map(({ claimId }) => claimId)
  const homes = await loadHomes(tx, claimIds)
  const claims = await findClaims(tx, claimIds)
  const placed = rows.map((row) => ({
    ...row,
    places: placesNow(row.places, homes.get(row.claimId)),
  }))
  const instalments = await loadInstalments(tx, placed)
  const movements = await loadMovements(tx, placed)
  return placed.flatMap((plan, index) => {
    const claim = claims.get(plan.claimId)
    if (!claim) return []
    return {
      ...plan,
      claim,
      isMoved: plan.places.length !== rows[index]?.places.length,
      instalments: instalments.get(plan.planId) ?? [],
      movements: movements.get(plan.planId) ?? [],
      end: endOf(homes.get(plan.claimId)),
    }
  })
}

async function loadHomes(tx: Tx, claimIds: readonly string[]): Promise<Map<string, ClaimRow>> {
  const { rows } = await sql<ClaimRow>`
    select claim_id as "claimId", account_id as "accountId", item_seq as "itemSeq", status,
      resolution_reason as reason, resolved_at as "resolvedAt", deleted_at as "deletedAt"
    from claim where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[])`.execute(
    tx.db,
  )
  return new Map(rows.map((row) => [row.claimId, row]))
}

/** A claim that moved has a principal elsewhere, and what is booked for it comes after that one. */
function placesNow(places: Place[], home: ClaimRow | undefined): Place[] {
  const last = places.at(-1)
  if (!home || (last?.accountId === home.accountId && last.itemSeq === home.itemSeq)) return places
  const { accountId, itemSeq } = home
  return [...places, { accountId, itemSeq, afterSeq: itemSeq }]
}

function endOf(home: ClaimRow | undefined): ClaimEnd | undefined {
  if (!home || home.status === 'ACTIVE') return undefined
  const atMs = (home.deletedAt ?? home.resolvedAt)?.getTime() ?? 0
  if (home.status === 'DELETED') return { atMs, isPaid: false, reason: 'CLAIM_DELETED' }
  return {
    atMs,
    isPaid: home.reason === 'CLAIM_PAID',
    reason: home.reason ?? home.status,
  }
}

async function loadInstalments(
  tx: Tx,
  plans: readonly PlanRow[],
): Promise<Map<string, InstalmentRow[]>> {
  const { rows } = await sql<InstalmentRow & { planId: string }>`
    select plan_id as "planId", number, due_on as "dueOn", starts_at as "startsAt", expires_at as "expiresAt",
      amount_minor as "amountMinor", paid_minor as "paidMinor", status
    from plan_instalment
    where tenant_id = ${tx.tenantId} and plan_id = any(${plans.map(({ planId }) => planId)}::uuid[])
    order by plan_id, number`.execute(tx.db)
  return grouped(rows, ({ planId: _planId, ...instalment }) => instalment)
}

/** What was paid on the claims since, less what was taken back; what became credit of the account does not count. */
async function loadMovements(tx: Tx, plans: readonly PlanRow[]): Promise<Map<string, Movement[]>> {
  const list = plans.flatMap(({ planId, places }) =>
    places.map((place, index) => ({
      plan_id: planId,
      place: index,
      account_id: place.accountId,
      item_seq: place.itemSeq,
      after_seq: place.afterSeq,
    })),
  )
  const { rows } = await sql<{ planId: string; at: Date; deltaMinor: number }>`
    select w.plan_id as "planId", e.booked_at as at, -e.effect * (e.amount_minor - e.excess_minor) as "deltaMinor"
    from jsonb_to_recordset(${JSON.stringify(list)}::jsonb)
      as w(plan_id uuid, place integer, account_id uuid, item_seq integer, after_seq integer)
    join entry e on e.tenant_id = ${tx.tenantId} and e.account_id = w.account_id and e.seq > w.after_seq
      and e.kind in ('payment', 'chargeback') and e.effect <> 0
    join item i on i.tenant_id = ${tx.tenantId} and i.account_id = e.account_id and i.item_seq = e.item_seq
    where coalesce(i.parent_seq, i.item_seq) = w.item_seq
    order by w.plan_id, w.place, e.seq`.execute(tx.db)
  return grouped(rows, ({ at, deltaMinor }) => ({ atMs: at.getTime(), deltaMinor }))
}

function grouped<R extends { readonly planId: string }, V>(
  rows: readonly R[],
  valueOf: (row: R) => V,
): Map<string, V[]> {
  const groups = new Map<string, V[]>()
  for (const row of rows) {
    const group = groups.get(row.planId)
    if (group) group.push(valueOf(row))
    else groups.set(row.planId, [valueOf(row)])
  }
  return groups
}
