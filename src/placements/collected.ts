import { sql } from 'kysely'
import { findClaims, type FoundClaim } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'

export interface Collected {
  readonly claimId: string
  readonly amountMinor: number
  readonly currency: string
}

/** What was booked before for an agency, by its own numbers. */
export async function collectedBefore(
  tx: Tx,
  partner: string,
  externalIds: readonly string[],
): Promise<Map<string, Collected>> {
  const { rows } = await sql<Collected & { externalId: string }>`
    select external_id as "externalId", claim_id as "claimId", amount_minor as "amountMinor", currency
    from placement_collection
    where tenant_id = ${tx.tenantId} and partner = ${partner} and external_id = any(${externalIds}::text[])`.execute(
    tx.db,
  )
  return new Map(rows.map(({ externalId, ...collected }) => [externalId, collected]))
}

/** The claims that are or were with an agency, by reference: money may come after a claim was taken back. */
export async function placedClaims(
  tx: Tx,
  partner: string,
  references: readonly string[],
): Promise<Map<string, FoundClaim>> {
  const { rows } = await sql<{ claimId: string }>`
    select distinct c.claim_id as "claimId" from claim c
    join placement p on p.tenant_id = c.tenant_id and p.claim_id = c.claim_id
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[]) and p.partner = ${partner}`.execute(
    tx.db,
  )
  const claims = await findClaims(
    tx,
    rows.map(({ claimId }) => claimId),
  )
  return new Map([...claims.values()].map((claim) => [claim.reference, claim]))
}
