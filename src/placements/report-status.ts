import { sql } from 'kysely'
import { findClaimNamed, namesOfClaim } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { statusChanged } from './change.ts'
import { refuse } from './refusals.ts'

/** Notes how the agency itself says that a claim stands. Said again it changes nothing. */
export async function reportExternalStatus(
  tx: Tx,
  report: { readonly claimReference: string; readonly externalStatus: string },
): Promise<void> {
  const claim = await findClaimNamed(tx, report.claimReference)
  const { externalStatus } = report
  const { rows } = await sql<{ partner: string; previous: string }>`
    with held as (
      select placement_id, external_status from placement
      where tenant_id = ${tx.tenantId} and claim_id = ${claim.claimId} and status = 'PLACED'
      for no key update
    )
    update placement p set external_status = ${externalStatus} from held h
    where p.tenant_id = ${tx.tenantId} and p.placement_id = h.placement_id and p.status = 'PLACED'
    returning p.partner, h.external_status as previous`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('not_placed')
  if (row.previous === externalStatus) return
  await tx.emit(statusChanged(namesOfClaim(claim), { ...row, externalStatus }))
}
