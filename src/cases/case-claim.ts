import { sql } from 'kysely'
import { baseOfReceeveReference, type Json } from '../book/index.ts'
import { addMinor } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'

/** A claim as a case sees it. */
export interface CaseClaim {
  readonly claimId: string
  readonly reference: string
  readonly accountId: string
  readonly status: 'ACTIVE' | 'RESOLVED' | 'DELETED'
  readonly currency: string
  readonly debtor: Json | null
  /** What it still asks for, by part; the principal first. */
  readonly parts: readonly {
    readonly isFee: boolean
    readonly name: string | null
    readonly minor: number
  }[]
}

const selectClaim = sql`
  select c.claim_id as "claimId", c.reference, c.account_id as "accountId", c.status, a.currency,
    c.primary_debtor as debtor, (
      select jsonb_agg(jsonb_build_object('isFee', i.parent_seq is not null, 'name', i.fee_type, 'minor', i.outstanding_minor)
        order by i.parent_seq nulls first, i.position, i.item_seq)
      from item i where i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)) as parts
  from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id`

/** The claim that a reference names, in its own form or the Receeve door's; undefined where it names none. */
export async function claimNamed(tx: Tx, reference: string): Promise<CaseClaim | undefined> {
  const base = baseOfReceeveReference(reference) ?? reference
  const { rows } = await sql<CaseClaim>`${selectClaim}
    where c.tenant_id = ${tx.tenantId} and c.status <> 'PENDING'
      and (c.reference = ${reference}
        or (c.reference = ${base} and c.receeve_reference = ${reference}))
    order by c.reference = ${reference} desc limit 1`.execute(tx.db)
  return rows[0]
}

/** The claim of a case. */
export async function claimOf(tx: Tx, claimId: string): Promise<CaseClaim> {
  const { rows } = await sql<CaseClaim>`${selectClaim}
    where c.tenant_id = ${tx.tenantId} and c.claim_id = ${claimId}`.execute(tx.db)
  const [claim] = rows
  if (!claim) throw new Error('the claim of a case is not there')
  return claim
}

/** What a claim still asks for; one that is not active asks for nothing. */
export function owedMinor(claim: CaseClaim): number {
  if (claim.status !== 'ACTIVE') return 0
  return claim.parts.reduce((sum, { minor }) => addMinor(sum, minor), 0)
}
