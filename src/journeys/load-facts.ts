import { sql } from 'kysely'
import { dateIn } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import type { Facts } from './facts.ts'
import { lastThings } from './fields.ts'

/** What a journey may know of a claim, as a row. */
type FactsRow = Omit<Facts, 'last' | 'timeZone'> & { readonly lastAt: Record<string, string> }

export interface TenantSettings {
  readonly timeZone: string
  readonly settings: Record<string, unknown>
}

/** Where the days of a tenant begin, and what it switches. */
export async function tenantOf({ tenantId, db }: Tx): Promise<TenantSettings> {
  const { rows } = await sql<TenantSettings>`
    select time_zone as "timeZone", settings from tenant where tenant_id = ${tenantId}`.execute(db)
  if (!rows[0]) throw new Error('there is no such tenant')
  return rows[0]
}

const selectFacts = sql`
  select c.claim_id as "claimId", c.reference, c.receeve_reference as "receeveReference", c.status,
    p.outstanding_minor as "amountMinor",
    (select coalesce(sum(f.outstanding_minor), 0)::bigint from item f where f.tenant_id = c.tenant_id
      and f.account_id = c.account_id and f.parent_seq = c.item_seq) as "feesMinor",
    a.currency, c.original_due_on as "originalDueOn", c.current_due_on as "currentDueOn",
    coalesce(c.portfolio_reference, a.portfolio_reference) as "portfolioReference",
    c.product_reference as "productReference", c.creditor_reference as "creditorReference",
    coalesce(c.payment_reference, a.payment_reference) as "paymentReference", a.reference as "accountReference",
    c.debtor_reference as "debtorReference", coalesce(c.primary_debtor, '{}') as debtor, c.meta,
    a.meta as "accountMeta",
    (select coalesce(json_object_agg(l.thing, l.happened_at), '{}') from claim_last l
      where l.tenant_id = c.tenant_id and l.claim_id = c.claim_id) as "lastAt"
  from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
  join item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq`

/** The facts of claims by their ids, in one statement. */
export async function loadFacts(
  tx: Tx,
  claimIds: readonly string[],
  timeZone: string,
): Promise<ReadonlyMap<string, Facts>> {
  const { rows } = await sql<FactsRow>`${selectFacts}
    where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${claimIds}::uuid[])`.execute(tx.db)
  return new Map(rows.map((row) => [row.claimId, factsOf(row, timeZone)]))
}

export interface ActiveClaims {
  readonly portfolioReference?: string | undefined
  readonly claimReferences?: readonly string[] | undefined
  readonly limit: number
}

/** The facts of active claims by their references, of a portfolio or of the whole tenant; in the order of references. */
export async function loadActiveFacts(
  tx: Tx,
  { portfolioReference, claimReferences, limit }: ActiveClaims,
  timeZone: string,
): Promise<Facts[]> {
  const isNamed = claimReferences !== undefined
  const { rows } = await sql<FactsRow>`${selectFacts}
    where c.tenant_id = ${tx.tenantId} and c.status = 'ACTIVE'
      and (${!isNamed} or c.reference = any(${claimReferences ?? []}::text[]))
      and (${portfolioReference ?? null}::text is null
        or coalesce(c.portfolio_reference, a.portfolio_reference) = ${portfolioReference ?? null})
    order by c.reference limit ${limit}`.execute(tx.db)
  return rows.map((row) => factsOf(row, timeZone))
}

function factsOf({ lastAt, ...row }: FactsRow, timeZone: string): Facts {
  const last = Object.entries(lastAt)
    .filter(([thing]) => Object.hasOwn(lastThings, thing))
    .map(([thing, at]) => [thing, dateIn(new Date(at), timeZone)])
  return { ...row, last: Object.fromEntries(last) as Facts['last'], timeZone }
}
