import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { baseOfReceeveReference } from './desk.ts'
import type { ClaimStatus, Json } from './model.ts'
import { refuse } from './refusals.ts'

/** A claim as ordinary operations see it: what it is called and how it stands. */
export interface FoundClaim {
  readonly claimId: string
  readonly reference: string
  readonly receeveReference: string
  readonly accountId: string
  readonly accountReference: string
  readonly currency: string
  readonly debtorReference: string | null
  readonly status: ClaimStatus
}

const selectClaims = sql`
  select c.claim_id as "claimId", c.reference, c.receeve_reference as "receeveReference", c.account_id as "accountId",
    a.reference as "accountReference", a.currency, c.debtor_reference as "debtorReference", c.status
  from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id`

/** The claim of a reference, its own before the receeve form (D-41); one that is pending is not found. */
export async function findClaimNamed(tx: Tx, reference: string): Promise<FoundClaim> {
  const references = [reference, baseOfReceeveReference(reference) ?? reference]
  const { rows } = await sql<FoundClaim>`${selectClaims}
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[])`.execute(tx.db)
  const claim =
    rows.find((row) => row.reference === reference) ??
    rows.find((row) => row.receeveReference === reference)
  if (!claim || claim.status === 'PENDING') throw refuse('claim_not_found')
  return claim
}

/** Claims by their ids; what is not there, or pending, is left out. */
export async function findClaims(
  tx: Tx,
  claimIds: readonly string[],
): Promise<Map<string, FoundClaim>> {
  if (claimIds.length === 0) return new Map()
  const { rows } = await sql<FoundClaim>`${selectClaims}
    where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${claimIds}::uuid[]) and c.status <> 'PENDING'`.execute(
    tx.db,
  )
  return new Map(rows.map((row) => [row.claimId, row]))
}

/**
 * The references of the claims that entries of accounts were booked on, wherever those claims are now. An entry never
 * changes, so the answer stays right. Each is looked up by itself, as in load-statements.ts: joined at once, all that was
 * ever booked on a large account would be read, over and over.
 */
export async function claimsPaidBy(
  tx: Tx,
  entries: readonly { readonly accountReference: string; readonly entryReference: string }[],
): Promise<string[]> {
  if (entries.length === 0) return []
  const accounts = entries.map((entry) => entry.accountReference)
  const references = entries.map((entry) => entry.entryReference)
  const { rows } = await sql<{ reference: string }>`
    select distinct p.reference
    from unnest(${accounts}::text[], ${references}::text[]) as w (account, entry)
    cross join lateral (
      select a.account_id from account a
      where a.tenant_id = ${tx.tenantId} and a.reference = w.account offset 0) a
    cross join lateral (
      select e.account_id, e.reference, e.item_seq from entry e
      where e.tenant_id = ${tx.tenantId} and (e.account_id, e.reference) >= (a.account_id, w.entry)
      order by e.account_id, e.reference limit 1) e
    cross join lateral (
      select coalesce(i.parent_seq, i.item_seq) as root_seq from item i
      where i.tenant_id = ${tx.tenantId} and i.account_id = a.account_id and i.item_seq = e.item_seq offset 0) i
    cross join lateral (
      select p.reference, p.kind from item p
      where p.tenant_id = ${tx.tenantId} and p.account_id = a.account_id and p.item_seq = i.root_seq offset 0) p
    where e.account_id = a.account_id and e.reference = w.entry and p.kind = 'invoice'
    order by p.reference`.execute(tx.db)
  return rows.map((row) => row.reference)
}

/** How an event of an ordinary operation names its claim. */
export function namesOfClaim(claim: FoundClaim): Json {
  return {
    claimRef: claim.reference,
    receeveClaimRef: claim.receeveReference,
    accountReference: claim.accountReference,
    ...(claim.debtorReference === null ? {} : { externalDebtorRef: claim.debtorReference }),
  }
}
