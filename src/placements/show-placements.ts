import { sql } from 'kysely'
import { findClaimNamed, type Json } from '../book/index.ts'
import { isUuid } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Placement, PlacementPage, PlacementPageQuery, PlacementStatus } from './schema.ts'

/** The newest placement of a claim. Only while its status is `PLACED` is the claim with the agency. */
export interface PartnerAllocation {
  readonly placementId: string
  readonly partner: string
  readonly status: PlacementStatus
  readonly externalStatus: string
  readonly placedAt: Date
  readonly endedAt: Date | null
}

/** The newest placement of each claim, by claim; claims that never had one are left out. */
export async function placementOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, PartnerAllocation>> {
  if (claimIds.length === 0) return new Map()
  const { rows } = await sql<PartnerAllocation & { claimId: string }>`
    select distinct on (claim_id) claim_id as "claimId", placement_id as "placementId", partner, status,
      external_status as "externalStatus", placed_at as "placedAt", ended_at as "endedAt"
    from placement where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[])
    order by claim_id, status = 'PLACED' desc, placement_id desc`.execute(tx.db)
  return new Map(rows.map(({ claimId, ...placement }) => [claimId, placement]))
}

interface PlacementRow {
  readonly id: string
  readonly claimReference: string
  readonly agency: string
  readonly status: PlacementStatus
  readonly externalStatus: string
  readonly placedAt: Date
  readonly endedAt: Date | null
  readonly cause: Json
}

const selectPlacements = sql`
  select p.placement_id as id, c.reference as "claimReference", p.partner as agency, p.status,
    p.external_status as "externalStatus", p.placed_at as "placedAt", p.ended_at as "endedAt", p.cause
  from placement p join claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id`

/** The newest placement of one claim, as it is shown. */
export async function showPlacement(tx: Tx, claimReference: string): Promise<Placement> {
  const { claimId } = await findClaimNamed(tx, claimReference)
  const { rows } = await sql<PlacementRow>`${selectPlacements}
    where p.tenant_id = ${tx.tenantId} and p.claim_id = ${claimId}
    order by p.status = 'PLACED' desc, p.placement_id desc limit 1`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('placement_not_found')
  return placementView(row)
}

/** A page of placements, the newest first. */
export async function listPlacements(
  tx: Tx,
  wanted: PlacementPageQuery & { readonly limit: number },
): Promise<PlacementPage> {
  const { limit, cursor = null, status = null, agency = null, claimReference } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const claimId =
    claimReference === undefined ? null : (await findClaimNamed(tx, claimReference)).claimId
  const { rows } = await sql<PlacementRow>`${selectPlacements}
    where p.tenant_id = ${tx.tenantId} and (${cursor}::uuid is null or p.placement_id < ${cursor}::uuid)
      and (${status}::text is null or p.status = ${status})
      and (${agency}::text is null or p.partner = ${agency})
      and (${claimId}::uuid is null or p.claim_id = ${claimId}::uuid)
    order by p.placement_id desc limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(placementView)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function placementView(row: PlacementRow): Placement {
  return {
    ...row,
    placedAt: row.placedAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  }
}
