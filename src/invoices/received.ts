import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { placesOf } from './places.ts'

/** A payment of an invoice, and what of it did not go back yet. */
export interface Received {
  /** Where it was booked, which need not be where the invoice is now. */
  readonly accountReference: string
  readonly reference: string
  readonly leftMinor: number
}

/**
 * What was received on an invoice, the newest first: payments of its principal and fees, wherever it was when they came,
 * and what of the same payments was more than it asked for.
 */
export async function receivedOn(tx: Tx, claimId: string): Promise<Received[]> {
  const { rows } = await sql<Received>`
    with place as materialized (${placesOf(tx, sql`known.claim_id = ${claimId}`)}),
    own as materialized (
      select distinct e.account_id, e.command_id from place p
      join item i on i.tenant_id = ${tx.tenantId} and i.account_id = p.account_id
        and (i.item_seq = p.item_seq or i.parent_seq = p.item_seq)
      join entry e on e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.item_seq = i.item_seq
      where e.kind = 'payment' and e.effect = -1)
    select a.reference as "accountReference", e.reference,
      (e.amount_minor - coalesce((select sum(b.amount_minor) from entry b
        where b.tenant_id = e.tenant_id and b.account_id = e.account_id
          and b.taken_from = e.reference), 0))::bigint as "leftMinor"
    from own
    join account a on a.tenant_id = ${tx.tenantId} and a.account_id = own.account_id
    join entry e on e.tenant_id = a.tenant_id and e.account_id = own.account_id and e.command_id = own.command_id
    left join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.item_seq
    where e.kind = 'payment' and e.effect = -1
      and (e.item_seq is null or exists (select from place p
        where p.account_id = e.account_id and p.item_seq = coalesce(i.parent_seq, i.item_seq)))
    order by e.booked_at desc, e.command_id desc, e.seq desc limit 1000`.execute(tx.db)
  return rows.filter(({ leftMinor }) => leftMinor > 0)
}
