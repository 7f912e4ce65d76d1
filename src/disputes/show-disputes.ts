import { sql } from 'kysely'
import { findClaimNamed } from '../book/index.ts'
import { isUuid } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Dispute, DisputeOutcome, DisputePage, DisputePageQuery } from './schema.ts'

export interface OpenDispute {
  readonly disputeId: string
  readonly reason: string
  readonly openedAt: Date
}

/** The open dispute of each claim, by claim; claims that nobody contests are left out. */
export async function openDisputesOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, OpenDispute>> {
  if (claimIds.length === 0) return new Map()
  const { rows } = await sql<OpenDispute & { claimId: string }>`
    select claim_id as "claimId", dispute_id as "disputeId", reason, opened_at as "openedAt" from dispute
    where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[]) and closed_at is null`.execute(
    tx.db,
  )
  return new Map(rows.map(({ claimId, ...dispute }) => [claimId, dispute]))
}

interface DisputeRow {
  readonly id: string
  readonly claimReference: string
  readonly reason: string
  readonly text: string
  readonly fileIds: string[]
  readonly openedBy: string
  readonly openedAt: Date
  readonly closedAt: Date | null
  readonly outcome: DisputeOutcome | null
  readonly note: string | null
  readonly closedBy: string | null
}

const selectDisputes = sql`
  select d.dispute_id as id, c.reference as "claimReference", d.reason, d.text,
    array(select f.file_id::text from dispute_file f
      where f.tenant_id = d.tenant_id and f.dispute_id = d.dispute_id order by f.position) as "fileIds",
    d.opened_by as "openedBy", d.opened_at as "openedAt", d.closed_at as "closedAt", d.outcome, d.note,
    d.closed_by as "closedBy"
  from dispute d join claim c on c.tenant_id = d.tenant_id and c.claim_id = d.claim_id`

/** One dispute. */
export async function findDispute(tx: Tx, disputeId: string): Promise<Dispute> {
  const { rows } = await sql<DisputeRow>`${selectDisputes}
    where d.tenant_id = ${tx.tenantId} and d.dispute_id = ${disputeId}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('dispute_not_found')
  return disputeView(row)
}

/** A page of disputes, the newest first. */
export async function listDisputes(
  tx: Tx,
  wanted: DisputePageQuery & { readonly limit: number },
): Promise<DisputePage> {
  const { limit, cursor = null, isOpen = null, claimReference } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const claimId =
    claimReference === undefined ? null : (await findClaimNamed(tx, claimReference)).claimId
  const { rows } = await sql<DisputeRow>`${selectDisputes}
    where d.tenant_id = ${tx.tenantId} and (${cursor}::uuid is null or d.dispute_id < ${cursor}::uuid)
      and (${isOpen}::boolean is null or (d.closed_at is null) = ${isOpen})
      and (${claimId}::uuid is null or d.claim_id = ${claimId}::uuid)
    order by d.dispute_id desc limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(disputeView)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function disputeView(row: DisputeRow): Dispute {
  return {
    ...row,
    openedAt: row.openedAt.toISOString(),
    closedAt: row.closedAt?.toISOString() ?? null,
  }
}
