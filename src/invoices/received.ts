import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

/** A payment of an invoice, and what of it did not go back yet. */
export interface Received {
  readonly reference: string
  readonly leftMinor: number
}

/**
 * What was received on an invoice, the newest first: payments of its principal and fees, and what of the same payments
 * was more than it asked for.
 */
export async function receivedOn(tx: Tx, claimId: string): Promise<Received[]> {
  const { rows } = await sql<Received>`
    with own as (
      select e.tenant_id, e.account_id, e.command_id from claim t
      join item i on i.tenant_id = t.tenant_id and i.account_id = t.account_id
        and (i.item_seq = t.item_seq or i.parent_seq = t.item_seq)
      join entry e on e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.item_seq = i.item_seq
      where t.tenant_id = ${tx.tenantId} and t.claim_id = ${claimId} and e.kind = 'payment' and e.effect = -1)
    select e.reference, (e.amount_minor - coalesce((select sum(b.amount_minor) from entry b
        where b.tenant_id = e.tenant_id and b.account_id = e.account_id
          and b.taken_from = e.reference), 0))::bigint as "leftMinor"
    from entry e
    join claim t on t.tenant_id = e.tenant_id and t.claim_id = ${claimId}
    left join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.item_seq
    where e.tenant_id = ${tx.tenantId} and e.account_id = t.account_id and e.kind = 'payment' and e.effect = -1
      and (e.item_seq is null or coalesce(i.parent_seq, i.item_seq) = t.item_seq)
      and exists (select from own where own.command_id = e.command_id)
    order by e.seq desc limit 1000`.execute(tx.db)
  return rows.filter(({ leftMinor }) => leftMinor > 0)
}
