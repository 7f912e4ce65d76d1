import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import type { ClaimNamed, Place } from './find-place.ts'
import type { Upload } from './upload-file.ts'

export interface Uploaded {
  readonly fileId: string
  readonly upload: Upload
  readonly place: Place
}

/** Tells that a file came, and fires the trigger that its call named (D-20). */
export async function announceUpload(tx: Tx, { fileId, upload, place }: Uploaded): Promise<void> {
  const { accountReference, productReference, documentType, file, triggerName } = upload
  const metadata = { ...upload.metadata, commandId: fileId }
  await tx.emit({
    type: 'event.file.uploaded',
    data: {
      accountReference,
      ...(place.claim ? claimNames(place.claim, accountReference) : {}),
      ...(productReference === undefined ? {} : { productReference }),
      ...(documentType === undefined ? {} : { documentType }),
      fileId,
      fileName: file.name,
      contentType: file.contentType,
      size: file.bytes.length,
    },
    metadata,
  })
  if (triggerName === undefined) return
  const claims = place.claim ? [place.claim] : await activeClaims(tx, place.accountId)
  for (const claim of claims) {
    const names = claimNames(claim, accountReference)
    const data = { ...names, triggerName, triggerContext: {} }
    await tx.emit({ type: 'event.customClaimTrigger.executed', data, metadata })
  }
}

/** How every event names a claim (14.2.2). */
function claimNames(claim: ClaimNamed, accountReference: string) {
  return {
    claimRef: claim.reference,
    receeveClaimRef: claim.receeveReference,
    accountReference,
    ...(claim.debtorReference === null ? {} : { externalDebtorRef: claim.debtorReference }),
  }
}

async function activeClaims(tx: Tx, accountId: string): Promise<ClaimNamed[]> {
  const { rows } = await sql<ClaimNamed>`
    select claim_id as "claimId", reference, receeve_reference as "receeveReference",
      debtor_reference as "debtorReference"
    from claim where tenant_id = ${tx.tenantId} and account_id = ${accountId} and status = 'ACTIVE'
    order by reference`.execute(tx.db)
  return rows
}
