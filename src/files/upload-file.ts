import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { sql, type Kysely } from 'kysely'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import type { BlobStores } from './blob-store.ts'
import { announceUpload } from './announce-upload.ts'
import { findPlace, type Place, type PlaceWanted } from './find-place.ts'
import type { RecognisedFile } from './recognise-file.ts'
import { fileBytesMax } from './refusals.ts'

export interface Upload extends PlaceWanted {
  readonly tenantId: string
  readonly documentType?: string | undefined
  readonly file: RecognisedFile
  /** D-20 */
  readonly triggerName?: string | undefined
  /** Noted on the events. */
  readonly metadata: Record<string, unknown>
}

export interface UploadDeps {
  readonly db: Kysely<Tables>
  readonly stores: BlobStores
  /** What time it is for a tenant: sandbox tenants may be ahead. */
  readonly nowOf: (tenantId: string) => Date
}

// Long after any upload has ended; the sweep leaves its blob alone until then.
const neededMs = 24 * 3_600_000

/**
 * Keeps a file of a claim or product and answers its id. Refused, it leaves nothing. `finish` commits together with the
 * file or not at all.
 */
export async function uploadFile(
  { db, stores, nowOf }: UploadDeps,
  upload: Upload,
  finish: (tx: Tx, fileId: string) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const { tenantId, file } = upload
  const fileId = newId()
  await inTransaction(db, { tenantId, now: nowOf(tenantId) }, async (tx) => {
    await findPlace(tx, upload)
    await announceBlob(tx, file)
  })
  const limits = { maxBytes: fileBytesMax }
  const blob = await stores.of(tenantId).put(Readable.from([file.bytes]), limits)
  assert.equal(blob.key, file.sha256, 'what is stored is what was received')
  assert.equal(blob.size, file.bytes.length)
  await inTransaction(db, { tenantId, now: nowOf(tenantId) }, async (tx) => {
    // Found once more: meanwhile the claim may have moved or gone.
    const place = await findPlace(tx, upload)
    await insertFile(tx, { fileId, upload, place })
    await announceUpload(tx, { fileId, upload, place })
    await finish(tx, fileId)
  })
  return fileId
}

/** Says that a blob is about to come. Waits while the sweep holds the row of the same bytes, which it is then done with. */
export async function announceBlob(tx: Tx, file: RecognisedFile): Promise<void> {
  const neededUntil = new Date(tx.now.getTime() + neededMs)
  await sql`
    insert into file_blob as b (tenant_id, sha256, size_bytes, needed_until)
    values (${tx.tenantId}, ${file.sha256}, ${file.bytes.length}, ${neededUntil})
    on conflict (tenant_id, sha256) do update
      set needed_until = greatest(b.needed_until, excluded.needed_until) where b.needed_until is not null`.execute(
    tx.db,
  )
}

async function insertFile(
  tx: Tx,
  { fileId, upload, place }: { fileId: string; upload: Upload; place: Place },
): Promise<void> {
  const { file, documentType, productReference } = upload
  await tx.db
    .updateTable('file_blob')
    .set({ needed_until: null })
    .where('tenant_id', '=', tx.tenantId)
    .where('sha256', '=', file.sha256)
    .execute()
  await tx.db
    .insertInto('file')
    .values({
      tenant_id: tx.tenantId,
      file_id: fileId,
      account_id: place.accountId,
      claim_id: place.claim?.claimId ?? null,
      product_reference: productReference ?? null,
      document_type: documentType ?? null,
      name: file.name,
      content_type: file.contentType,
      sha256: file.sha256,
      size_bytes: file.bytes.length,
      uploaded_at: tx.now,
    })
    .execute()
}
