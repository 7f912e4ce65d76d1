import { sql } from 'kysely'
import { beginReading, type HandedEvent, type Wanting } from '../events/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { lineUp, makeAllDue } from './order.ts'
import { hasKey } from './record-events.ts'
import { lockWebhook, lockWebhooks } from './subscriptions.ts'

/** Where a listener of the wallee doors is told of things: delivered like a webhook of our own, worded and signed otherwise. */
export interface ListenerEndpoint {
  /** What it is told of, for the log. */
  readonly topic: string
  readonly url: string
  readonly isActive: boolean
  /** With which key its notices are signed; null: with none. */
  readonly keyId: string | null
}

export interface Notice {
  readonly subscriptionId: string
  readonly messageId: string
  /** For the log. */
  readonly topic: string
  /** Notices of one key go one after another. */
  readonly orderKey: string
  /** What is sent, to the letter, at every attempt. */
  readonly body: string
}

/** Under this name the events are read for listeners. */
export const listenerSubscriber = 'wallee-webhooks'

const dayMs = 86_400_000
const triedForMs = 7 * dayMs

/** A new endpoint; it is told of what happens from now on. Answers its id. */
export async function createEndpoint(tx: Tx, endpoint: ListenerEndpoint): Promise<string> {
  const { tenantId, now, db } = tx
  if (endpoint.isActive) await beginReading(tx, listenerSubscriber, activeEndpoints)
  const id = newId()
  await db
    .insertInto('webhook_subscription')
    .values({
      tenant_id: tenantId,
      subscription_id: id,
      url: endpoint.url,
      event_types: JSON.stringify([endpoint.topic]),
      is_active: endpoint.isActive,
      inactive_reason: null,
      failing_since: null,
      paused_at: null,
      pause_reason: null,
      probe_at: null,
      created_at: now,
      updated_at: now,
      format: 'wallee',
      signing_key_id: endpoint.keyId,
    })
    .execute()
  return id
}

/**
 * Makes an endpoint what is given. Another URL, or becoming active, ends a pause: all that waits is due at once.
 * `isAsked` says that somebody asked for it to be active, whatever we made of it meanwhile.
 */
export async function changeEndpoint(
  tx: Tx,
  id: string,
  change: Omit<ListenerEndpoint, 'topic'> & { isAsked: boolean },
): Promise<void> {
  const before = await lockWebhook(tx, id)
  // One that its receiver declared gone stays so until somebody says otherwise.
  const isGone = before.inactive_reason !== null && !change.isAsked && change.url === before.url
  const isActive = change.isActive && !isGone
  const isFresh = change.url !== before.url || (isActive && (change.isAsked || !before.is_active))
  const isBegun = isActive && !before.is_active
  if (isBegun) await beginReading(tx, listenerSubscriber, activeEndpoints)
  await tx.db
    .updateTable('webhook_subscription')
    .set({
      url: change.url,
      is_active: isActive,
      inactive_reason: isGone ? before.inactive_reason : null,
      signing_key_id: change.keyId,
      updated_at: tx.now,
      ...(isBegun ? { active_since: sql<string>`pg_current_snapshot()` } : {}),
      ...(isFresh
        ? { failing_since: null, paused_at: null, pause_reason: null, probe_at: null }
        : {}),
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', id)
    .execute()
  if (isFresh) await makeAllDue(tx, id)
}

/** Which listener's endpoint became active after which event was committed, as `<subscription> <message>`. */
export async function tooLateFor(
  { tenantId, db }: Tx,
  events: readonly HandedEvent[],
): Promise<ReadonlySet<string>> {
  const rows = events.map(({ messageId, xid }) => ({ messageId, xid }))
  const late = await sql<{ pair: string }>`
    select s.subscription_id || ' ' || e."messageId" as pair
    from json_to_recordset(${JSON.stringify(rows)}::json) as e("messageId" uuid, xid text)
    join webhook_subscription s on s.tenant_id = ${tenantId} and s.is_active and s.format = 'wallee'
    where pg_visible_in_snapshot(e.xid::xid8, s.active_since)`.execute(db)
  return new Set(late.rows.map(({ pair }) => pair))
}

/** Which listeners are to be told of anything. */
export const activeEndpoints: Wanting = (tenantId) =>
  sql`select from webhook_subscription where tenant_id = ${tenantId} and is_active and format = 'wallee'`

/** Lets notices be delivered, each once, in the order in which they are given; answers how many are new. */
export async function queueNotices(tx: Tx, notices: readonly Notice[]): Promise<number> {
  if (notices.length === 0) return 0
  const { tenantId, now, db } = tx
  await lockWebhooks(tx, [...new Set(notices.map(({ subscriptionId }) => subscriptionId))])
  const added = await sql<{ subscriptionId: string; orderKey: string | null }>`
    insert into webhook_delivery (tenant_id, subscription_id, message_id, event_type, order_key, payload, state,
      is_ready, next_at, expires_at, created_at)
    select ${tenantId}::uuid, n."subscriptionId", n."messageId", n.topic, n."orderKey", n.body, 'PENDING', false,
      ${now}::timestamptz, ${new Date(now.getTime() + triedForMs)}::timestamptz, ${now}::timestamptz
    from rows from (json_to_recordset(${JSON.stringify(notices)}::json) as (
        "subscriptionId" uuid, "messageId" uuid, topic text, "orderKey" text, body text))
      with ordinality as n ("subscriptionId", "messageId", topic, "orderKey", body, position)
    order by n.position
    on conflict (tenant_id, subscription_id, message_id) do nothing
    returning subscription_id as "subscriptionId", order_key as "orderKey"`.execute(db)
  await lineUp(tx, added.rows.filter(hasKey))
  return added.rows.length
}
