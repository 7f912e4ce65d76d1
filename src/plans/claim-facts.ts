import { sql } from 'kysely'
import { type FoundClaim, findClaimNamed } from '../book/index.ts'
import { dateIn } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import type { Facts } from './eligibility.ts'

export interface ClaimFacts {
  readonly claim: FoundClaim
  readonly facts: Facts
  readonly timeZone: string
  readonly hasPlan: boolean
}

interface FactsRow {
  readonly totalMinor: number
  readonly originalDueOn: string
  readonly portfolioReference: string | null
  readonly timeZone: string
  readonly brokenAt: Date | null
  readonly hasPlan: boolean
}

/** What decides which plans a claim is offered, as it is now. */
export async function factsOf(tx: Tx, claimReference: string): Promise<ClaimFacts> {
  const claim = await findClaimNamed(tx, claimReference)
  const { rows } = await sql<FactsRow>`
    select i.outstanding_minor + (
        select coalesce(sum(f.outstanding_minor), 0)::bigint from item f where f.tenant_id = c.tenant_id
          and f.account_id = c.account_id and f.parent_seq = c.item_seq) as "totalMinor",
      c.original_due_on as "originalDueOn", t.time_zone as "timeZone",
      coalesce(c.portfolio_reference, a.portfolio_reference) as "portfolioReference",
      (select max(p.ended_at) from claim o join plan p on p.tenant_id = o.tenant_id and p.claim_id = o.claim_id
        where o.tenant_id = c.tenant_id and o.account_id = c.account_id and p.status = 'FAILED') as "brokenAt",
      exists (select from plan p where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id
        and p.status = 'ACTIVE') as "hasPlan"
    from claim c join tenant t on t.tenant_id = c.tenant_id
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id and i.item_seq = c.item_seq
    where c.tenant_id = ${tx.tenantId} and c.claim_id = ${claim.claimId}`.execute(tx.db)
  const [row] = rows
  if (!row) throw new Error(`claim ${claim.claimId} has no principal`)
  const { timeZone, brokenAt, hasPlan, ...rest } = row
  const facts = {
    ...rest,
    currency: claim.currency,
    brokenOn: brokenAt === null ? null : dateIn(brokenAt, timeZone),
    today: dateIn(tx.now, timeZone),
  }
  return { claim, facts, timeZone, hasPlan }
}
