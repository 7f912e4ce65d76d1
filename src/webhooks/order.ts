import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

/** One line of messages that go one after another. */
export interface OrderKey {
  readonly subscriptionId: string
  readonly orderKey: string
}

/**
 * Makes the first waiting message of each key ready, and those behind it not. Whoever calls this holds the
 * subscriptions: a message that joins a line and one that leaves it would otherwise not see each other.
 */
export async function lineUp(tx: Tx, keys: readonly OrderKey[]): Promise<void> {
  if (keys.length === 0) return
  const { tenantId, now } = tx
  const list = JSON.stringify(keys)
  await sql`
    with line as (
      select distinct k."subscriptionId" as subscription_id, k."orderKey" as order_key
      from json_to_recordset(${list}::json) as k ("subscriptionId" uuid, "orderKey" text)),
    head as (
      select line.subscription_id, line.order_key, first.place from line cross join lateral (
        select d.place from webhook_delivery d
        where d.tenant_id = ${tenantId} and d.subscription_id = line.subscription_id
          and d.order_key = line.order_key and d.state = 'PENDING'
        order by d.place limit 1) first)
    update webhook_delivery d set is_ready = (d.place = head.place)
    from head
    where d.tenant_id = ${tenantId} and d.subscription_id = head.subscription_id
      and d.order_key = head.order_key and d.state = 'PENDING'
      and (d.place = head.place or d.is_ready) and d.is_ready <> (d.place = head.place)
      and (d.lease_until is null or d.lease_until <= ${now})`.execute(tx.db)
}

/** Lets everything that waits for another attempt go now. */
export async function makeAllDue(tx: Tx, subscriptionId: string): Promise<void> {
  const { tenantId, now } = tx
  await sql`
    update webhook_delivery set next_at = ${now}
    where tenant_id = ${tenantId} and subscription_id = ${subscriptionId} and state = 'PENDING' and is_ready
      and next_at > ${now} and lease_id is null`.execute(tx.db)
}
