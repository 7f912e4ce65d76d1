import { sql } from 'kysely'
import { keepBlob, recogniseFile, type UploadDeps } from '../files/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { type Actor, type CaseDeps, inTenant } from './context.ts'
import { fileDocuments } from './file-documents.ts'
import { findCase, lockCaseIn } from './find-case.ts'
import { changeCase } from './move-case.ts'
import { refuse } from './refusals.ts'
import { openStates } from './states.ts'

export interface NewDocument {
  readonly caseId: number
  readonly fileName: string
  readonly contentBase64: string
}

const nameMax = 100

/** Keeps a document with a case that is still open, and answers its id. What it is, its bytes say. */
export async function attachDocument(
  deps: CaseDeps & Pick<UploadDeps, 'stores'>,
  actor: Actor,
  { caseId, fileName, contentBase64 }: NewDocument,
): Promise<number> {
  const { tenantId } = actor.tenant
  const row = await inTenant(deps, actor, (tx) => findCase(tx, caseId))
  if (!openStates.includes(row.state)) throw refuse('invalid_state', `it is ${row.state}`)
  const bytes = bytesOf(contentBase64)
  const file = await recogniseFile({
    name: fileName,
    contentType: 'application/octet-stream',
    bytes,
  })
  return keepBlob(deps, { tenantId, file }, async (tx) => {
    const held = await lockCaseIn(tx, caseId, openStates)
    const id = await insertDocument(tx, {
      caseId,
      name: file.name.slice(0, nameMax),
      contentType: file.contentType,
      sha256: file.sha256,
      size: bytes.length,
    })
    await changeCase(tx, held, {})
    await fileDocuments(tx, held)
    return id
  })
}

/** Plain or URL-safe base64; a space is a plus that a query carried unescaped. */
function bytesOf(text: string): Buffer {
  const plain = text.replaceAll(' ', '+').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw refuse('invalid_content')
  return Buffer.from(plain, 'base64')
}

interface Document {
  readonly caseId: number
  readonly name: string
  readonly contentType: string
  readonly sha256: string
  readonly size: number
}

async function insertDocument(tx: Tx, document: Document): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into debt_case_document (tenant_id, case_id, file_name, mime_type, unique_id, sha256, size_bytes, created_at)
    values (${tx.tenantId}, ${document.caseId}, ${document.name}, ${document.contentType}, ${newId()},
      ${document.sha256}, ${document.size}, ${tx.now}) returning id`.execute(tx.db)
  return rows[0]?.id ?? 0
}
