import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { backOffMs } from './back-off.ts'
import { type LeasedMessage, probeEveryMs } from './lease-due.ts'
import { lineUp, makeAllDue } from './order.ts'
import { hasKey } from './record-events.ts'
import { isSuccess, type Sent } from './send.ts'
import { lockWebhooks, resumed, type SubscriptionRow } from './subscriptions.ts'

export interface Attempted extends Pick<
  LeasedMessage,
  'subscriptionId' | 'messageId' | 'leaseId' | 'attempts' | 'expiresAt' | 'format'
> {
  readonly sent: Sent
}

const gone = 410
const pausedAfterMs = 24 * 3_600_000
// After an outage as long as this all that waits goes at once; a single message that always fails gains nothing by it.
const outageMs = 10 * 60_000

/** Writes down what came of attempts: done, again later, or given up; and what it says of their endpoints. */
export async function recordResults(
  tx: Tx,
  results: readonly Attempted[],
  random: () => number,
): Promise<void> {
  const ids = [...new Set(results.map(({ subscriptionId }) => subscriptionId))]
  const webhooks = await lockWebhooks(tx, ids)
  await recordAttempts(tx, results, random)
  for (const webhook of webhooks) {
    const own = results.filter(({ subscriptionId }) => subscriptionId === webhook.subscription_id)
    await follow(tx, webhook, own)
  }
}

async function recordAttempts(
  tx: Tx,
  results: readonly Attempted[],
  random: () => number,
): Promise<void> {
  const { tenantId, now } = tx
  const rows = results.map((result) => ({
    subscription_id: result.subscriptionId,
    message_id: result.messageId,
    lease_id: result.leaseId,
    response_status: result.sent.status,
    error: result.sent.error,
    ...verdictOf(result, now, random),
  }))
  // A lease that has run out may be somebody else's by now: then their attempt counts.
  const concluded = await sql<{ subscriptionId: string; orderKey: string | null }>`
    update webhook_delivery d
    set state = r.state, next_at = r.next_at, lease_id = null, lease_until = null,
      response_status = r.response_status, error = r.error,
      delivered_at = case when r.state = 'DELIVERED' then ${now}::timestamptz end
    from json_to_recordset(${JSON.stringify(rows)}::json) as r (subscription_id uuid, message_id uuid, lease_id uuid,
      response_status integer, error text, state text, next_at timestamptz)
    where d.tenant_id = ${tenantId} and d.subscription_id = r.subscription_id and d.message_id = r.message_id
      and d.lease_id = r.lease_id
    returning d.subscription_id as "subscriptionId", d.order_key as "orderKey"`.execute(tx.db)
  await lineUp(tx, concluded.rows.filter(hasKey))
}

function verdictOf(
  { sent, attempts, expiresAt, format }: Attempted,
  now: Date,
  random: () => number,
): { state: string; next_at: Date } {
  if (isSuccess(sent.status)) return { state: 'DELIVERED', next_at: now }
  if (now >= expiresAt) return { state: 'FAILED', next_at: now }
  const nextMs = now.getTime() + backOffMs(attempts, random, format)
  return { state: 'PENDING', next_at: new Date(Math.min(nextMs, expiresAt.getTime())) }
}

/** Pauses an endpoint that has failed for a day, resumes one that answers, deactivates one that says it is gone. */
function follow(tx: Tx, webhook: SubscriptionRow, results: readonly Attempted[]): Promise<void> {
  if (results.some(({ sent }) => isSuccess(sent.status))) return endFailing(tx, webhook)
  if (results.some(({ sent }) => sent.status === gone)) return deactivate(tx, webhook)
  return goOnFailing(tx, webhook)
}

async function endFailing(tx: Tx, webhook: SubscriptionRow): Promise<void> {
  const { subscription_id: id, failing_since: failingSince, paused_at: pausedAt } = webhook
  if (!failingSince) return
  await change(tx, id, { failing_since: null, paused_at: null, pause_reason: null, probe_at: null })
  if (tx.now.getTime() - failingSince.getTime() >= outageMs) await makeAllDue(tx, id)
  if (pausedAt) await tx.emit(resumed(id, 'ANSWERED'))
}

async function goOnFailing(tx: Tx, webhook: SubscriptionRow): Promise<void> {
  const { subscription_id: id, paused_at: pausedAt } = webhook
  if (pausedAt || !webhook.is_active) return
  const failingSince = webhook.failing_since ?? tx.now
  if (tx.now.getTime() - failingSince.getTime() < pausedAfterMs) {
    if (!webhook.failing_since) await change(tx, id, { failing_since: failingSince })
    return
  }
  const reason = 'FAILED_FOR_24_HOURS'
  const probeAt = new Date(tx.now.getTime() + probeEveryMs)
  await change(tx, id, { paused_at: tx.now, pause_reason: reason, probe_at: probeAt })
  const data = { webhookId: id, reason, failingSince: failingSince.toISOString() }
  await tx.emit({ type: 'event.webhook.paused', data })
}

async function deactivate(tx: Tx, webhook: SubscriptionRow): Promise<void> {
  if (!webhook.is_active) return
  const { subscription_id: id } = webhook
  const reason = 'GONE'
  await change(tx, id, {
    is_active: false,
    inactive_reason: reason,
    failing_since: null,
    paused_at: null,
    pause_reason: null,
    probe_at: null,
  })
  await tx.emit({ type: 'event.webhook.deactivated', data: { webhookId: id, reason } })
}

interface Change {
  is_active?: boolean
  inactive_reason?: string | null
  failing_since?: Date | null
  paused_at?: Date | null
  pause_reason?: string | null
  probe_at?: Date | null
}

async function change(tx: Tx, id: string, values: Change): Promise<void> {
  await tx.db
    .updateTable('webhook_subscription')
    .set({ ...values, updated_at: tx.now })
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', id)
    .execute()
}
