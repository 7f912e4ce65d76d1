import { sql } from 'kysely'
import { beginReading, knownEventType, type Wanting } from '../events/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { makeAllDue } from './order.ts'
import { refuse } from './refusals.ts'
import type { NewWebhook, Webhook, WebhookPatch } from './schema.ts'

const webhooksMax = 100

export const everyType = '*'
/** Under this name the events are read. */
export const subscriberName = 'webhooks'

const columns = [
  'subscription_id',
  'url',
  'event_types',
  'is_active',
  'inactive_reason',
  'failing_since',
  'paused_at',
  'pause_reason',
  'created_at',
  'updated_at',
  'format',
] as const

export interface SubscriptionRow {
  subscription_id: string
  url: string
  event_types: string[]
  is_active: boolean
  inactive_reason: string | null
  failing_since: Date | null
  paused_at: Date | null
  pause_reason: string | null
  created_at: Date
  updated_at: Date
  format: string
}

/** Subscribes a URL, already checked, to event types; it is told of what happens from now on. */
export async function createWebhook(tx: Tx, input: NewWebhook): Promise<Webhook> {
  const { tenantId, now, db } = tx
  const eventTypes = eventTypesOf(input.eventTypes)
  await requireRoom(tx)
  if (input.isActive !== false) await beginReading(tx, subscriberName, activeWebhooks)
  const row: SubscriptionRow = {
    subscription_id: newId(),
    url: input.url,
    event_types: eventTypes,
    is_active: input.isActive ?? true,
    inactive_reason: null,
    failing_since: null,
    paused_at: null,
    pause_reason: null,
    created_at: now,
    updated_at: now,
    format: 'quittance',
  }
  await db
    .insertInto('webhook_subscription')
    .values({
      ...row,
      tenant_id: tenantId,
      event_types: JSON.stringify(eventTypes),
      probe_at: null,
      signing_key_id: null,
    })
    .execute()
  return webhookView(row)
}

/** Who is to be told of anything. */
export const activeWebhooks: Wanting = (tenantId) =>
  sql`select from webhook_subscription where tenant_id = ${tenantId} and is_active and format = 'quittance'`

async function requireRoom({ tenantId, db }: Tx): Promise<void> {
  await db
    .selectFrom('tenant')
    .select('tenant_id')
    .where('tenant_id', '=', tenantId)
    .forNoKeyUpdate()
    .execute()
  const { count } = await db
    .selectFrom('webhook_subscription')
    .select((is) => is.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('format', '=', 'quittance')
    .executeTakeFirstOrThrow()
  if (count >= webhooksMax) throw refuse('too_many_webhooks', String(webhooksMax))
}

/**
 * Changes what was given. Another URL, or setting `isActive` once more, ends a pause: all that waits is due at once.
 */
export async function changeWebhook(tx: Tx, id: string, patch: WebhookPatch): Promise<Webhook> {
  const before = await lockWebhook(tx, id)
  if (before.format !== 'quittance') throw refuse('webhook_of_listener')
  const isActive = patch.isActive ?? before.is_active
  const isFresh = patch.isActive === true || (patch.url ?? before.url) !== before.url
  const row: SubscriptionRow = {
    ...before,
    url: patch.url ?? before.url,
    event_types: patch.eventTypes ? eventTypesOf(patch.eventTypes) : before.event_types,
    is_active: isActive,
    inactive_reason: isActive ? null : before.inactive_reason,
    ...(isFresh ? { failing_since: null, paused_at: null, pause_reason: null } : {}),
    updated_at: tx.now,
  }
  const isBegun = isActive && !before.is_active
  if (isBegun) await beginReading(tx, subscriberName, activeWebhooks)
  await writeWebhook(tx, row, { isFresh, isBegun })
  if (!isFresh) return webhookView(row)
  await makeAllDue(tx, id)
  if (before.paused_at) await tx.emit(resumed(id, 'CHANGED'))
  return webhookView(row)
}

async function writeWebhook(
  tx: Tx,
  row: SubscriptionRow,
  { isFresh, isBegun }: { isFresh: boolean; isBegun: boolean },
): Promise<void> {
  await tx.db
    .updateTable('webhook_subscription')
    .set({
      url: row.url,
      event_types: JSON.stringify(row.event_types),
      is_active: row.is_active,
      inactive_reason: row.inactive_reason,
      failing_since: row.failing_since,
      paused_at: row.paused_at,
      pause_reason: row.pause_reason,
      ...(isFresh ? { probe_at: null } : {}),
      ...(isBegun ? { active_since: sql<string>`pg_current_snapshot()` } : {}),
      updated_at: row.updated_at,
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', row.subscription_id)
    .execute()
}

/** Ends a subscription; its delivery log goes with it. */
export async function deleteWebhook(tx: Tx, id: string): Promise<void> {
  const { format } = await findWebhook(tx, id)
  if (format !== 'quittance') throw refuse('webhook_of_listener')
  const gone = await tx.db
    .deleteFrom('webhook_subscription')
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', id)
    .returning('subscription_id')
    .executeTakeFirst()
  if (!gone) throw refuse('webhook_not_found')
}

/** One subscription. */
export async function findWebhook(tx: Tx, id: string): Promise<Webhook> {
  const row = await tx.db
    .selectFrom('webhook_subscription')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', id)
    .executeTakeFirst()
  if (!row) throw refuse('webhook_not_found')
  return webhookView(row)
}

/** The row of a subscription, held until the end of the transaction. What changes the order of deliveries begins here. */
export async function lockWebhook(tx: Tx, id: string): Promise<SubscriptionRow> {
  const row = await tx.db
    .selectFrom('webhook_subscription')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('subscription_id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!row) throw refuse('webhook_not_found')
  return row
}

/** A page of subscriptions, the oldest first, beginning behind the one with the id `after`. */
export async function listWebhooks(
  tx: Tx,
  page: { limit: number; after: string | undefined },
): Promise<Webhook[]> {
  let query = tx.db
    .selectFrom('webhook_subscription')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
  if (page.after !== undefined) query = query.where('subscription_id', '>', page.after)
  const rows = await query.orderBy('subscription_id').limit(page.limit).execute()
  return rows.map(webhookView)
}

/** Waits for the subscriptions and holds them, always in the same order. Answers those that are there. */
export async function lockWebhooks(tx: Tx, ids: readonly string[]): Promise<SubscriptionRow[]> {
  const { rows } = await sql<SubscriptionRow>`
    select subscription_id, url, event_types, is_active, inactive_reason, failing_since, paused_at, pause_reason,
      created_at, updated_at, format
    from webhook_subscription where tenant_id = ${tx.tenantId} and subscription_id = any(${ids}::uuid[])
    order by subscription_id for no key update`.execute(tx.db)
  return rows
}

export const resumed = (id: string, reason: 'ANSWERED' | 'CHANGED') => ({
  type: 'event.webhook.resumed',
  data: { webhookId: id, reason },
})

/** Bare names, each once; all of them is `*` alone. */
function eventTypesOf(names: readonly string[]): string[] {
  if (names.includes(everyType)) return [everyType]
  const known = names.map((name) => {
    const type = knownEventType(name)
    if (type === undefined) throw refuse('unknown_event_type', name)
    return type
  })
  return [...new Set(known)]
}

function webhookView(row: SubscriptionRow): Webhook {
  return {
    id: row.subscription_id,
    format: row.format === 'wallee' ? 'wallee' : 'quittance',
    url: row.url,
    eventTypes: row.event_types,
    isActive: row.is_active,
    inactiveReason: row.inactive_reason,
    isPaused: row.paused_at !== null,
    pauseReason: row.pause_reason,
    pausedAt: row.paused_at?.toISOString() ?? null,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
