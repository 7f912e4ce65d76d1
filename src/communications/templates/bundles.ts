import { sql } from 'kysely'
import { newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Bundle, BundleContent, BundleDetail, Channel, NewBundle } from './schema.ts'

const bundlesMax = 1_000

const columns = [
  'bundle_id',
  'name',
  'channel',
  'latest_version',
  'created_at',
  'updated_at',
] as const

interface BundleRow {
  bundle_id: string
  name: string
  channel: string
  latest_version: number
  created_at: Date
  updated_at: Date
}

/** A version of a bundle as the renderer takes it. */
export interface BundleVersion extends BundleContent {
  readonly bundleId: string
  readonly bundleName: string
  readonly channel: Channel
  readonly version: number
}

/** Keeps a bundle with its first version. The content was checked before. */
export async function createBundle(tx: Tx, input: NewBundle): Promise<BundleDetail> {
  const { tenantId, now, db } = tx
  await requireRoom(tx)
  const row: BundleRow = {
    bundle_id: newId(),
    name: input.name,
    channel: input.channel,
    latest_version: 1,
    created_at: now,
    updated_at: now,
  }
  const made = await db
    .insertInto('bundle')
    .values({ ...row, tenant_id: tenantId })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doNothing())
    .returning('bundle_id')
    .executeTakeFirst()
  if (!made) throw refuse('bundle_name_taken')
  const { fallbackLanguage, languages } = input
  return insertVersion(tx, row, { fallbackLanguage, languages })
}

async function requireRoom({ tenantId, db }: Tx): Promise<void> {
  const { count } = await db
    .selectFrom('bundle')
    .select((is) => is.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  if (count >= bundlesMax) throw refuse('too_many_bundles', String(bundlesMax))
}

/** Adds a version; the ones before stay as they are and keep their numbers. */
export async function addVersion(
  tx: Tx,
  bundleId: string,
  content: BundleContent,
): Promise<BundleDetail> {
  const row = await tx.db
    .updateTable('bundle')
    .set((is) => ({ latest_version: is('latest_version', '+', 1), updated_at: tx.now }))
    .where('tenant_id', '=', tx.tenantId)
    .where('bundle_id', '=', bundleId)
    .returning(columns)
    .executeTakeFirst()
  if (!row) throw refuse('bundle_not_found')
  return insertVersion(tx, row, content)
}

async function insertVersion(
  { tenantId, now, db }: Tx,
  row: BundleRow,
  content: BundleContent,
): Promise<BundleDetail> {
  await db
    .insertInto('bundle_version')
    .values({
      tenant_id: tenantId,
      bundle_id: row.bundle_id,
      version: row.latest_version,
      fallback_language: content.fallbackLanguage,
      languages: JSON.stringify(content.languages),
      created_at: now,
    })
    .execute()
  return { ...bundleView(row), version: row.latest_version, ...content }
}

/** A page of bundles, the oldest first, beginning behind the one with the id `after`. */
export async function listBundles(
  tx: Tx,
  page: { limit: number; after: string | undefined },
): Promise<Bundle[]> {
  let query = tx.db.selectFrom('bundle').select(columns).where('tenant_id', '=', tx.tenantId)
  if (page.after !== undefined) query = query.where('bundle_id', '>', page.after)
  const rows = await query.orderBy('bundle_id').limit(page.limit).execute()
  return rows.map(bundleView)
}

/** One bundle with the content of its newest version, or of the one asked for. */
export async function findBundle(
  tx: Tx,
  bundleId: string,
  version?: number,
): Promise<BundleDetail> {
  const row = await findRow(tx, bundleId)
  const wanted = version ?? row.latest_version
  const content = await tx.db
    .selectFrom('bundle_version')
    .select(['fallback_language', 'languages'])
    .where('tenant_id', '=', tx.tenantId)
    .where('bundle_id', '=', bundleId)
    .where('version', '=', wanted)
    .executeTakeFirst()
  if (!content) throw refuse('bundle_version_not_found')
  return {
    ...bundleView(row),
    version: wanted,
    fallbackLanguage: content.fallback_language,
    languages: content.languages as BundleContent['languages'],
  }
}

async function findRow({ tenantId, db }: Tx, bundleId: string): Promise<BundleRow> {
  const row = await db
    .selectFrom('bundle')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('bundle_id', '=', bundleId)
    .executeTakeFirst()
  if (!row) throw refuse('bundle_not_found')
  return row
}

/** The newest versions of bundles, by bundle id; a bundle that is not there is left out. */
export async function latestVersions(
  { tenantId, db }: Tx,
  bundleIds: readonly string[],
): Promise<ReadonlyMap<string, BundleVersion>> {
  const { rows } = await sql<BundleVersion>`
    select b.bundle_id as "bundleId", b.name as "bundleName", b.channel, v.version,
      v.fallback_language as "fallbackLanguage", v.languages
    from bundle b
    join bundle_version v on v.tenant_id = b.tenant_id and v.bundle_id = b.bundle_id and v.version = b.latest_version
    where b.tenant_id = ${tenantId} and b.bundle_id = any(${bundleIds}::uuid[])
    order by b.bundle_id`.execute(db)
  return new Map(rows.map((version) => [version.bundleId, version]))
}

/** A version as the renderer takes it. */
export function versionOf(bundle: BundleDetail): BundleVersion {
  const { id, name, channel, version, fallbackLanguage, languages } = bundle
  return { bundleId: id, bundleName: name, channel, version, fallbackLanguage, languages }
}

/** Deletes a bundle with all its versions, unless a message was made from it. */
export async function deleteBundle(tx: Tx, bundleId: string): Promise<void> {
  const { rows } = await sql`select 1 from message
    where tenant_id = ${tx.tenantId} and bundle_id = ${bundleId} limit 1`.execute(tx.db)
  if (rows.length > 0) throw refuse('bundle_in_use')
  const gone = await tx.db
    .deleteFrom('bundle')
    .where('tenant_id', '=', tx.tenantId)
    .where('bundle_id', '=', bundleId)
    .returning('bundle_id')
    .executeTakeFirst()
  if (!gone) throw refuse('bundle_not_found')
}

const bundleView = (row: BundleRow): Bundle => ({
  id: row.bundle_id,
  name: row.name,
  channel: row.channel as Channel,
  latestVersion: row.latest_version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})
