import { sql } from 'kysely'
import { isUuid, newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Agency, AgencyPage, AgencyPageQuery, AgencyPatch, NewAgency } from './schema.ts'

interface AgencyRow {
  readonly agency_id: string
  readonly name: string
  readonly contact: Agency['contact']
  readonly default_channel: Agency['defaultChannel']
  readonly is_active: boolean
  readonly created_at: Date
  readonly updated_at: Date
}

const columns = sql`agency_id, name, contact, default_channel, is_active, created_at, updated_at`

/** Makes an agency known. Its name is what journeys and callers say for it, and stays. */
export async function createAgency(tx: Tx, input: NewAgency): Promise<Agency> {
  const { rows } = await sql<AgencyRow>`
    insert into agency (tenant_id, ${columns})
    values (${tx.tenantId}, ${newId()}, ${input.name}, ${JSON.stringify(input.contact ?? {})},
      ${input.defaultChannel ?? 'FILE'}, true, ${tx.now}, ${tx.now})
    on conflict (tenant_id, name) do nothing returning ${columns}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('agency_exists', input.name)
  return agencyView(row)
}

/** Changes what was given. One that is not active keeps the claims it has and takes no more. */
export async function changeAgency(tx: Tx, agencyId: string, patch: AgencyPatch): Promise<Agency> {
  const contact = patch.contact === undefined ? null : JSON.stringify(patch.contact)
  const { rows } = await sql<AgencyRow>`
    update agency set contact = coalesce(${contact}::jsonb, contact),
      default_channel = coalesce(${patch.defaultChannel ?? null}::text, default_channel),
      is_active = coalesce(${patch.isActive ?? null}::boolean, is_active), updated_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and agency_id = ${agencyId} returning ${columns}`.execute(
    tx.db,
  )
  return agencyView(required(rows))
}

/** Forgets an agency that never had a claim. */
export async function deleteAgency(tx: Tx, agencyId: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from agency where tenant_id = ${tx.tenantId} and agency_id = ${agencyId} for update`.execute(
    tx.db,
  )
  const { name } = required(rows)
  const used = await sql`
    select 1 from placement where tenant_id = ${tx.tenantId} and partner = ${name} limit 1`.execute(
    tx.db,
  )
  if (used.rows.length > 0) throw refuse('agency_in_use')
  await sql`delete from agency where tenant_id = ${tx.tenantId} and agency_id = ${agencyId}`.execute(
    tx.db,
  )
}

/** One agency. */
export async function findAgency(tx: Tx, agencyId: string): Promise<Agency> {
  const { rows } = await sql<AgencyRow>`
    select ${columns} from agency where tenant_id = ${tx.tenantId} and agency_id = ${agencyId}`.execute(
    tx.db,
  )
  return agencyView(required(rows))
}

/** Which of these names are agencies that take claims; for those who check a journey before it runs. */
export async function knownAgencies(
  tx: Tx,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`
    select name from agency
    where tenant_id = ${tx.tenantId} and name = any(${names}::text[]) and is_active`.execute(tx.db)
  return new Set(rows.map(({ name }) => name))
}

/** A page of agencies, the oldest first. */
export async function listAgencies(
  tx: Tx,
  wanted: AgencyPageQuery & { readonly limit: number },
): Promise<AgencyPage> {
  const { limit, cursor = null } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const { rows } = await sql<AgencyRow>`
    select ${columns} from agency
    where tenant_id = ${tx.tenantId} and (${cursor}::uuid is null or agency_id > ${cursor}::uuid)
    order by agency_id limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(agencyView)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function required<R>(rows: readonly R[]): R {
  const [row] = rows
  if (!row) throw refuse('agency_not_found')
  return row
}

function agencyView(row: AgencyRow): Agency {
  return {
    id: row.agency_id,
    name: row.name,
    contact: row.contact,
    defaultChannel: row.default_channel,
    isActive: row.is_active,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
