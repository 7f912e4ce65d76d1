import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

export interface ProviderRule {
  readonly claimId: string
  /** Null lets the claim use all again. */
  readonly providers: readonly string[] | null
}

/** Says which payment providers claims may use from now on; the last rule of a claim counts. */
export async function setPaymentProviders(tx: Tx, rules: readonly ProviderRule[]): Promise<void> {
  if (rules.length === 0) return
  const last = [...new Map(rules.map((rule) => [rule.claimId, rule])).values()]
  const rows = last
    .map(({ claimId, providers }) => ({ claim_id: claimId, providers }))
    .toSorted((a, b) => (a.claim_id < b.claim_id ? -1 : 1))
  const lifted = rows.filter(({ providers }) => providers === null)
  const kept = rows.filter(({ providers }) => providers !== null)
  await sql`delete from claim_payment_providers where tenant_id = ${tx.tenantId}
    and claim_id = any(${lifted.map(({ claim_id }) => claim_id)}::uuid[])`.execute(tx.db)
  await sql`
    insert into claim_payment_providers (tenant_id, claim_id, providers, set_at)
    select ${tx.tenantId}::uuid, r.claim_id, r.providers, ${tx.now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as r(claim_id uuid, providers jsonb)
    order by r.claim_id
    on conflict (tenant_id, claim_id) do update set providers = excluded.providers, set_at = excluded.set_at`.execute(
    tx.db,
  )
}

/** The payment providers that a claim may use, where somebody said so; undefined lets it use all. */
export async function paymentProvidersOf(
  tx: Tx,
  claimId: string,
): Promise<readonly string[] | undefined> {
  const { rows } = await sql<{ providers: string[] }>`
    select providers from claim_payment_providers
    where tenant_id = ${tx.tenantId} and claim_id = ${claimId}`.execute(tx.db)
  return rows[0]?.providers
}
