import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { lineUp } from './order.ts'
import { hasKey, triedForMs } from './record-events.ts'
import { refuse } from './refusals.ts'
import { lockWebhook } from './subscriptions.ts'

/** Sends a message once more, with the same message id and the same payload, whatever became of it before. */
export async function redeliverMessage(
  tx: Tx,
  { webhookId, messageId }: { webhookId: string; messageId: string },
): Promise<void> {
  await holdActive(tx, webhookId)
  const taken = await putBack(
    tx,
    webhookId,
    sql`message_id = ${messageId}
    and (lease_until is null or lease_until <= ${tx.now})`,
  )
  if (taken > 0) return
  const known = await tx.db
    .selectFrom('webhook_delivery')
    .select('message_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', webhookId)
    .where('message_id', '=', messageId)
    .executeTakeFirst()
  throw refuse(known ? 'delivery_running' : 'delivery_not_found')
}

/** Sends everything once more that was given up; answers how many messages. */
export async function redeliverFailed(tx: Tx, webhookId: string): Promise<number> {
  await holdActive(tx, webhookId)
  return putBack(tx, webhookId, sql`state = 'FAILED'`)
}

/** Whoever asks for another delivery believes that the receiver is back, so a paused one is probed at once. */
async function holdActive(tx: Tx, webhookId: string): Promise<void> {
  const webhook = await lockWebhook(tx, webhookId)
  if (!webhook.is_active) throw refuse('webhook_inactive')
  if (!webhook.paused_at) return
  await tx.db
    .updateTable('webhook_subscription')
    .set({ probe_at: tx.now })
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', webhookId)
    .execute()
}

async function putBack(tx: Tx, webhookId: string, which: ReturnType<typeof sql>): Promise<number> {
  const { tenantId, now } = tx
  const { rows } = await sql<{ subscriptionId: string; orderKey: string | null }>`
    update webhook_delivery
    set state = 'PENDING', is_ready = order_key is null, attempts = 0, next_at = ${now},
      expires_at = ${new Date(now.getTime() + triedForMs)}, delivered_at = null, lease_id = null, lease_until = null
    where tenant_id = ${tenantId} and subscription_id = ${webhookId} and ${which}
    returning subscription_id as "subscriptionId", order_key as "orderKey"`.execute(tx.db)
  await lineUp(tx, rows.filter(hasKey))
  return rows.length
}
