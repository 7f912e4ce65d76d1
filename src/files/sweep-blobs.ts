import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import type { BlobStores } from './blob-store.ts'

export interface SweepOptions {
  readonly db: Kysely<Tables>
  readonly stores: BlobStores
  readonly log: Logger
  /** The machine's time. */
  readonly clock: () => Date
  /** What time it is for a tenant: by it its uploads say until when they need a blob. */
  readonly nowOf: (tenantId: string) => Date
  readonly everyMs?: number
}

const hourMs = 3_600_000
const leftoverMs = 24 * hourMs
const blobsPerTenantMax = 1_000

/** Removes the blobs that no file names and no upload waits for any more, and answers how many. */
export async function sweepBlobs(options: SweepOptions): Promise<number> {
  const { db, stores, clock } = options
  const { rows } = await sql<{ tenantId: string }>`
    select id as "tenantId" from quittance.all_tenant_ids() as id`.execute(db)
  let removed = 0
  for (const { tenantId } of rows) {
    for (let count = 0; count < blobsPerTenantMax; count += 1) {
      if (!(await removeOne(options, tenantId))) break
      removed += 1
    }
  }
  await stores.removeLeftovers(new Date(clock().getTime() - leftoverMs))
  return removed
}

/**
 * The blob goes while its row is locked, against the rule that nothing foreign happens in a transaction: an upload of the
 * same bytes waits for the row, and stores them anew afterwards. Without the lock it could find the blob that goes.
 */
function removeOne({ db, stores, nowOf }: SweepOptions, tenantId: string): Promise<boolean> {
  const now = nowOf(tenantId)
  return inTransaction(db, { tenantId, now }, async (tx) => {
    const { rows } = await sql<{ sha256: string }>`
      select b.sha256 from file_blob b where b.tenant_id = ${tenantId} and b.needed_until < ${now}
        and not exists (select from file f where f.tenant_id = b.tenant_id and f.sha256 = b.sha256)
      limit 1 for update skip locked`.execute(tx.db)
    const sha256 = rows[0]?.sha256
    if (sha256 === undefined) return false
    // Once more, now that the row is ours: an upload may have named the blob while it was looked for.
    const gone = await sql`
      delete from file_blob b where b.tenant_id = ${tenantId} and b.sha256 = ${sha256}
        and not exists (select from file f where f.tenant_id = b.tenant_id and f.sha256 = b.sha256)`.execute(
      tx.db,
    )
    if (gone.numAffectedRows === 0n) return false
    await stores.of(tenantId).delete(sha256)
    return true
  })
}

/** Sweeps every hour while the server runs. Two servers may do it at once. */
export function startSweep(options: SweepOptions): { close(): Promise<void> } {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= sweepBlobs(options)
      .then(
        (blobs) => options.log.debug({ blobs }, 'unused blobs removed'),
        (error: unknown) => options.log.warn({ err: error }, 'blobs could not be swept'),
      )
      .finally(() => {
        running = undefined
      })
  }, options.everyMs ?? hourMs)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
