import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Delivery, DeliveryPage, DeliveryState } from './schema.ts'
import { findWebhook } from './subscriptions.ts'

const columns = [
  'message_id',
  'place',
  'event_type',
  'state',
  'attempts',
  'next_at',
  'last_attempt_at',
  'response_status',
  'error',
  'created_at',
  'delivered_at',
] as const

export interface DeliveriesWanted {
  readonly webhookId: string
  readonly limit: number
  readonly cursor?: string | undefined
  readonly state?: DeliveryState | undefined
}

/** A page of what a subscription was or is to be told, the newest first. */
export async function listDeliveries(tx: Tx, wanted: DeliveriesWanted): Promise<DeliveryPage> {
  await findWebhook(tx, wanted.webhookId)
  let query = tx.db
    .selectFrom('webhook_delivery')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', wanted.webhookId)
  if (wanted.state !== undefined) query = query.where('state', '=', wanted.state)
  if (wanted.cursor !== undefined) query = query.where('place', '<', placeOf(wanted.cursor))
  const rows = await query
    .orderBy('place', 'desc')
    .limit(wanted.limit + 1)
    .execute()
  const shown = rows.slice(0, wanted.limit)
  const last = shown.at(-1)
  return {
    items: shown.map(deliveryView),
    nextCursor: rows.length > wanted.limit && last ? String(last.place) : null,
  }
}

/** One message of a subscription, as the log shows it. */
export async function findDelivery(
  tx: Tx,
  { webhookId, messageId }: { webhookId: string; messageId: string },
): Promise<Delivery> {
  const row = await tx.db
    .selectFrom('webhook_delivery')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', webhookId)
    .where('message_id', '=', messageId)
    .executeTakeFirst()
  if (!row) throw refuse('delivery_not_found')
  return deliveryView(row)
}

interface DeliveryRow {
  message_id: string
  event_type: string
  state: string
  attempts: number
  next_at: Date
  last_attempt_at: Date | null
  response_status: number | null
  error: string | null
  created_at: Date
  delivered_at: Date | null
}

function deliveryView(row: DeliveryRow): Delivery {
  const isPending = row.state === 'PENDING'
  return {
    messageId: row.message_id,
    eventType: row.event_type,
    state: row.state as DeliveryState,
    attempts: row.attempts,
    nextAttemptAt: isPending ? row.next_at.toISOString() : null,
    lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
    responseStatus: row.response_status,
    error: row.error,
    createdAt: row.created_at.toISOString(),
    deliveredAt: row.delivered_at?.toISOString() ?? null,
  }
}

function placeOf(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw refuse('invalid_cursor')
  return Number(cursor)
}
