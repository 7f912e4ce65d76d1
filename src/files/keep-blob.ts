import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { RecognisedFile } from './recognise-file.ts'
import { fileBytesMax } from './refusals.ts'
import { announceBlob, type UploadDeps } from './upload-file.ts'

/**
 * Stores the bytes of a file that other rows than `file` name, and has `finish` write the row that does: both or neither.
 * Such a row refers to file_blob, so that the sweep leaves the bytes alone.
 */
export async function keepBlob<R>(
  { db, stores, nowOf }: UploadDeps,
  { tenantId, file }: { tenantId: string; file: RecognisedFile },
  finish: (tx: Tx) => Promise<R>,
): Promise<R> {
  await inTransaction(db, { tenantId, now: nowOf(tenantId) }, (tx) => announceBlob(tx, file))
  const limits = { maxBytes: fileBytesMax }
  const blob = await stores.of(tenantId).put(Readable.from([file.bytes]), limits)
  assert.equal(blob.key, file.sha256, 'what is stored is what was received')
  return inTransaction(db, { tenantId, now: nowOf(tenantId) }, async (tx) => {
    await nameBlob(tx, file.sha256)
    return finish(tx)
  })
}

/** Says that a row names the blob now. */
async function nameBlob(tx: Tx, sha256: string): Promise<void> {
  await sql`
    update file_blob set needed_until = null where tenant_id = ${tx.tenantId} and sha256 = ${sha256}`.execute(
    tx.db,
  )
}

/** Leaves blobs to the sweep that no row names any more. The caller has deleted the rows that did. */
export async function releaseBlobs(tx: Tx, hashes: readonly string[]): Promise<void> {
  // Held first: who names one of them at this moment is waited for, and then seen.
  await sql`
    select 1 from file_blob where tenant_id = ${tx.tenantId} and sha256 = any(${hashes}::text[])
    order by sha256 for update`.execute(tx.db)
  await sql`
    update file_blob b set needed_until = ${tx.now}
    where b.tenant_id = ${tx.tenantId} and b.sha256 = any(${hashes}::text[])
      and not exists (select from file f where f.tenant_id = b.tenant_id and f.sha256 = b.sha256)
      and not exists (select from debt_case_document d where d.tenant_id = b.tenant_id and d.sha256 = b.sha256)`.execute(
    tx.db,
  )
}
