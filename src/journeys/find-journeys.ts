import { sql } from 'kysely'
import { isUuid } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { JourneyDocument } from './document.ts'
import { refuse } from './refusals.ts'
import type { Journey, JourneyPage, JourneySummary, JourneyVersion } from './schema.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = sql`j.journey_id as id, j.name, j.version, j.created_at as "createdAt", j.updated_at as "updatedAt"`

/** Journeys, the oldest first. */
export async function listJourneys(
  tx: Tx,
  page: { limit: number; cursor?: string },
): Promise<JourneyPage> {
  const { limit, cursor } = page
  if (cursor !== undefined && !isUuid(cursor))
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
  const { rows } = await sql<Row>`
    select ${columns} from journey j
    where j.tenant_id = ${tx.tenantId}
      and j.journey_id > ${cursor ?? '00000000-0000-0000-0000-000000000000'}::uuid
    order by j.journey_id limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(summaryOf)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** A journey with the steps of its newest version, whom it is assigned to, and how many claims are on their way. */
export async function findJourney(tx: Tx, journeyId: string): Promise<Journey> {
  const { rows } = await sql<Row & { document: JourneyDocument }>`
    select ${columns}, v.document from journey j
    join journey_version v on v.tenant_id = j.tenant_id and v.journey_id = j.journey_id and v.version = j.version
    where j.tenant_id = ${tx.tenantId} and j.journey_id = ${journeyId}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('journey_not_found')
  const assignments = await sql<{ portfolio: string }>`
    select portfolio_reference as portfolio from journey_assignment
    where tenant_id = ${tx.tenantId} and journey_id = ${journeyId} order by 1`.execute(tx.db)
  const running = await sql<{ version: string; count: number }>`
    select version::text as version, count(*)::integer as count from journey_run
    where tenant_id = ${tx.tenantId} and journey_id = ${journeyId} and status in ('RUNNING', 'PAUSED')
    group by version`.execute(tx.db)
  return {
    ...summaryOf(row),
    document: row.document as Journey['document'],
    assignments: assignments.rows.map(({ portfolio }) => ({
      portfolioReference: portfolio === '' ? null : portfolio,
      isDefault: portfolio === '',
    })),
    running: Object.fromEntries(running.rows.map(({ version, count }) => [version, count])),
  }
}

export interface FoundVersion {
  readonly journeyId: string
  readonly name: string
  readonly version: number
  readonly createdAt: Date
  readonly document: JourneyDocument
}

/** A version of a journey, the newest where none is named. */
export async function versionOf(
  tx: Tx,
  of: { journeyId: string; version?: number | undefined },
): Promise<FoundVersion> {
  const { rows } = await sql<FoundVersion>`
    select j.journey_id as "journeyId", j.name, v.version, v.created_at as "createdAt", v.document
    from journey j join journey_version v on v.tenant_id = j.tenant_id and v.journey_id = j.journey_id
    where j.tenant_id = ${tx.tenantId} and j.journey_id = ${of.journeyId}
      and v.version = coalesce(${of.version ?? null}::integer, j.version)`.execute(tx.db)
  const [row] = rows
  if (row) return row
  if (of.version === undefined) throw refuse('journey_not_found')
  await versionOf(tx, { journeyId: of.journeyId })
  throw refuse('journey_version_not_found')
}

/** A version as it is shown. */
export async function findVersion(
  tx: Tx,
  of: { journeyId: string; version: number },
): Promise<JourneyVersion> {
  const { journeyId: id, name, version, createdAt, document } = await versionOf(tx, of)
  return {
    id,
    name,
    version,
    createdAt: createdAt.toISOString(),
    document: document as JourneyVersion['document'],
  }
}

/** The id of the journey that an id or a name means. */
export async function journeyNamed(tx: Tx, idOrName: string): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select journey_id as id from journey
    where tenant_id = ${tx.tenantId} and (journey_id::text = lower(${idOrName}) or name = ${idOrName})
    order by name = ${idOrName} limit 1`.execute(tx.db)
  if (!rows[0]) throw refuse('journey_not_found')
  return rows[0].id
}

/** Those of the ids that name a journey. */
export async function knownJourneys(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select journey_id as id from journey
    where tenant_id = ${tx.tenantId} and journey_id = any(${ids}::uuid[])`.execute(tx.db)
  return new Set(rows.map(({ id }) => id))
}

function summaryOf(row: Row): JourneySummary {
  const { id, name, version, createdAt, updatedAt } = row
  return {
    id,
    name,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
