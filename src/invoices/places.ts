import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

/**
 * The principals that a claim, here called `known`, has or ever had: one that moves (D-75) or begins anew (D-78) leaves its
 * payments behind, on an item of its reference. In another currency it began as something else.
 */
export function placesOf(tx: Tx, isWanted: RawBuilder<unknown>) {
  return sql`
    select p.account_id, p.item_seq from claim known
    join account home on home.tenant_id = known.tenant_id and home.account_id = known.account_id
    join item p on p.tenant_id = known.tenant_id and p.kind = 'invoice' and p.reference = known.reference
    join account a on a.tenant_id = p.tenant_id and a.account_id = p.account_id and a.currency = home.currency
    where known.tenant_id = ${tx.tenantId} and ${isWanted}`
}

/** Joins the items `i` at places `p`: the principal and its fees, each by its index. */
export const itemsAt = (tx: Tx) => sql`
  cross join lateral (
    select * from item i where i.tenant_id = ${tx.tenantId} and i.account_id = p.account_id and i.item_seq = p.item_seq
    union all
    select * from item i where i.tenant_id = ${tx.tenantId} and i.account_id = p.account_id and i.parent_seq = p.item_seq) i`
