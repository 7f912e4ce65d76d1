import { sql } from 'kysely'
import { findClaims, namesOfClaim } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import type { CaseRow } from './find-case.ts'

export const documentType = 'DEBT_COLLECTION'

interface Unfiled {
  readonly id: number
  readonly fileName: string
  readonly mimeType: string
  readonly sha256: string
  readonly size: number
}

/** Puts the documents of a case among the files of its claim, where every other door shows them. */
export async function fileDocuments(tx: Tx, { id, claimId }: CaseRow): Promise<void> {
  if (claimId === null) return
  const { rows } = await sql<Unfiled>`
    update debt_case_document set is_filed = true
    where tenant_id = ${tx.tenantId} and case_id = ${id} and not is_filed
    returning id, file_name as "fileName", mime_type as "mimeType", sha256, size_bytes as size`.execute(
    tx.db,
  )
  if (rows.length === 0) return
  const claim = (await findClaims(tx, [claimId])).get(claimId)
  if (!claim) return
  for (const document of rows) {
    const fileId = newId()
    await tx.db
      .insertInto('file')
      .values({
        tenant_id: tx.tenantId,
        file_id: fileId,
        account_id: claim.accountId,
        claim_id: claimId,
        product_reference: null,
        document_type: documentType,
        name: document.fileName,
        content_type: document.mimeType,
        sha256: document.sha256,
        size_bytes: document.size,
        uploaded_at: tx.now,
      })
      .execute()
    await tx.emit({
      type: 'event.file.uploaded',
      data: {
        ...namesOfClaim(claim),
        documentType,
        fileId,
        fileName: document.fileName,
        contentType: document.mimeType,
        size: document.size,
      },
    })
  }
}
