import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { itemsAt, placesOf } from './places.ts'

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
      select i.account_id, i.item_seq from place p ${itemsAt(tx)}),
    -- The payments of each account are read once: no index finds those of a command.
    paid as (
      select e.*, own.item_seq as own_seq,
        bool_or(own.item_seq is not null) over (partition by e.account_id, e.command_id) as is_own
      from (select distinct account_id from place) home
      cross join lateral (
        select e.account_id, e.reference, e.command_id, e.item_seq, e.booked_at, e.seq, e.amount_minor from entry e
        where e.tenant_id = ${tx.tenantId} and e.account_id = home.account_id
          and e.kind = 'payment' and e.effect = -1 offset 0) e
      left join own on own.account_id = e.account_id and own.item_seq = e.item_seq)
    select a.reference as "accountReference", e.reference,
      (e.amount_minor - coalesce((select sum(b.amount_minor) from entry b
        where b.tenant_id = a.tenant_id and b.account_id = e.account_id
          and b.taken_from = e.reference), 0))::bigint as "leftMinor"
    from paid e
    join account a on a.tenant_id = ${tx.tenantId} and a.account_id = e.account_id
    where e.is_own and (e.item_seq is null or e.own_seq is not null)
    order by e.booked_at desc, e.command_id desc, e.seq desc limit 1000`.execute(tx.db)
  return rows.filter(({ leftMinor }) => leftMinor > 0)
}
