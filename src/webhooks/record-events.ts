import { sql } from 'kysely'
import { eventTypes, type HandedEvent, type Subscriber } from '../events/index.ts'
import type { Tx } from '../platform/db.ts'
import { orderKeyOf, payloadOf } from './message.ts'
import { lineUp, type OrderKey } from './order.ts'
import { activeWebhooks, everyType, subscriberName } from './subscriptions.ts'

const dayMs = 86_400_000
/** How long a message is tried. Longer than the 24 hours of D-101: a receiver may be down for three days. */
export const triedForMs = 5 * dayMs

/** Writes down, for every event, which subscriptions are to be told of it; once, whatever is repeated. */
export function webhookSubscriber(onRecorded: (tenantId: string) => void): Subscriber {
  return {
    name: subscriberName,
    types: [...eventTypes],
    wanting: activeWebhooks,
    async handle(tx, events) {
      const added = await recordDeliveries(tx, events)
      if (added > 0) onRecorded(tx.tenantId)
    },
  }
}

/** Adds one delivery for each event and active subscription that wants it; answers how many. */
export async function recordDeliveries(tx: Tx, events: readonly HandedEvent[]): Promise<number> {
  const { tenantId, now, db } = tx
  const { rows: active } = await sql<{ id: string }>`
    select subscription_id as id from webhook_subscription where tenant_id = ${tenantId} and is_active and format = 'quittance'
    order by subscription_id for no key update`.execute(db)
  if (active.length === 0) return 0
  const rows = events.map((event) => ({
    message_id: event.messageId,
    event_type: event.type,
    order_key: orderKeyOf(event.data),
    payload: payloadOf(event),
    xid: event.xid,
  }))
  // A subscription hears nothing of what was committed before it became active, however far behind the cursor is.
  const added = await sql<{ subscriptionId: string; orderKey: string | null }>`
    insert into webhook_delivery (tenant_id, subscription_id, message_id, event_type, order_key, payload, state,
      is_ready, next_at, expires_at, created_at)
    select ${tenantId}::uuid, s.subscription_id, e.message_id, e.event_type, e.order_key, e.payload, 'PENDING',
      e.order_key is null, ${now}::timestamptz, ${new Date(now.getTime() + triedForMs)}::timestamptz, ${now}::timestamptz
    from rows from (json_to_recordset(${JSON.stringify(rows)}::json) as (
        message_id uuid, event_type text, order_key text, payload text, xid text))
      with ordinality as e (message_id, event_type, order_key, payload, xid, position)
    join webhook_subscription s on s.tenant_id = ${tenantId}
      and s.subscription_id = any(${active.map(({ id }) => id)}::uuid[])
      and (s.event_types ? ${everyType} or s.event_types ? e.event_type)
      and not pg_visible_in_snapshot(e.xid::xid8, s.active_since)
    order by s.subscription_id, e.position
    on conflict (tenant_id, subscription_id, message_id) do nothing
    returning subscription_id as "subscriptionId", order_key as "orderKey"`.execute(db)
  await lineUp(tx, added.rows.filter(hasKey))
  return added.rows.length
}

export const hasKey = (row: { subscriptionId: string; orderKey: string | null }): row is OrderKey =>
  row.orderKey !== null
