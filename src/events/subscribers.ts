import { setTimeout as wait } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import type { StoredEvent } from './list-events.ts'

export interface Subscriber {
  /** Its cursor stands under this name; another name starts from the beginning. */
  readonly name: string
  /** The event types it wants; others are passed over. */
  readonly types: readonly string[]
  /** Whether it wants anything of this tenant; while it does not, its events are not even read. */
  isWanted?(tx: Tx): Promise<boolean>
  /** Handles events in order, in the transaction that moves the cursor: what it does happens once. */
  handle(tx: Tx, events: readonly StoredEvent[]): Promise<void>
}

export interface SubscribersOptions {
  readonly db: Kysely<Tables>
  readonly log: Logger
  /** What time it is for a tenant. */
  readonly nowOf: (tenantId: string) => Date
  readonly subscribers: readonly Subscriber[]
  readonly sweepEveryMs?: number
}

export interface Subscribers {
  /** Says that a tenant has new events; they are handled soon, without waiting for the sweep. */
  poke(tenantId: string): void
  /** Handles all that there is now. */
  drain(): Promise<void>
  /** Handles what there is now of one tenant, and answers whether there was anything. */
  drainTenant(tenantId: string): Promise<boolean>
  close(): Promise<void>
}

const eventsAtOnce = 500
const sweepDefaultMs = 2_000
// A busy tenant is poked by every commit; gathering them costs one look instead of many.
const pokeDelayMs = 50

/**
 * Brings the events of all tenants to their subscribers, in order and at least once, whatever was lost or restarted. Many
 * processes may run: a cursor is locked by the one that moves it and passed over by the others.
 */
export function startSubscribers(options: SubscribersOptions): Subscribers {
  const waiting = new Set<string>()
  let running: Promise<void> | undefined
  let isClosing = false
  let poked: NodeJS.Timeout | undefined

  async function handleWaiting(): Promise<void> {
    for (;;) {
      const [tenantId] = waiting
      if (tenantId === undefined || isClosing) return
      waiting.delete(tenantId)
      for (const subscriber of options.subscribers) await catchUp(options, subscriber, tenantId)
    }
  }

  function wake(): Promise<void> {
    running ??= handleWaiting().finally(() => {
      running = undefined
    })
    return running
  }

  async function sweep(): Promise<void> {
    for (const tenantId of await allTenants(options.db)) waiting.add(tenantId)
    await wake()
  }

  const timer = setInterval(() => {
    sweep().catch((error: unknown) => options.log.warn({ err: error }, 'events could not be swept'))
  }, options.sweepEveryMs ?? sweepDefaultMs)
  timer.unref()

  return {
    poke(tenantId) {
      waiting.add(tenantId)
      poked ??= setTimeout(() => {
        poked = undefined
        void wake()
      }, pokeDelayMs).unref()
    },
    drain: sweep,
    async drainTenant(tenantId) {
      await untilReadable(options, tenantId)
      let isAny = false
      for (const subscriber of options.subscribers)
        isAny = (await catchUp(options, subscriber, tenantId)) || isAny
      return isAny
    },
    async close() {
      isClosing = true
      clearInterval(timer)
      clearTimeout(poked)
      await running
    },
  }
}

const readableWaitMs = 10_000
const readablePollMs = 5

/** Waits for older transactions of anybody, behind which events of this tenant cannot be read yet. */
async function untilReadable(options: SubscribersOptions, tenantId: string): Promise<void> {
  const unit = { tenantId, now: options.nowOf(tenantId), isReadOnly: true }
  for (let waitedMs = 0; waitedMs < readableWaitMs; waitedMs += readablePollMs) {
    const isReadable = await inTransaction(options.db, unit, async ({ db }) => {
      const { rows } = await sql<{ isHeld: boolean }>`
        select exists (select from event where tenant_id = ${tenantId}
          and xid >= pg_snapshot_xmin(pg_current_snapshot())) as "isHeld"`.execute(db)
      return rows[0]?.isHeld === false
    })
    if (isReadable) return
    await wait(readablePollMs)
  }
}

async function allTenants(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select all_tenant_ids() as id`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * Reads a tenant's events to the end for one subscriber, and answers whether there were any. A handler that fails is
 * tried again at the next sweep.
 */
async function catchUp(
  options: SubscribersOptions,
  subscriber: Subscriber,
  tenantId: string,
): Promise<boolean> {
  let isAny = false
  try {
    for (;;) {
      const count = await handleNext(options, subscriber, tenantId)
      isAny ||= count > 0
      if (count < eventsAtOnce) return isAny
    }
  } catch (error) {
    options.log.error({ err: error, subscriber: subscriber.name, tenantId }, 'a subscriber failed')
    return isAny
  }
}

interface Cursor {
  readonly xid: string
  readonly seq: number
}

interface EventRow extends StoredEvent, Cursor {}

/** Handles the next events, if there are any, and answers how many it read. */
function handleNext(
  options: SubscribersOptions,
  subscriber: Subscriber,
  tenantId: string,
): Promise<number> {
  return inTransaction(options.db, { tenantId, now: options.nowOf(tenantId) }, async (tx) => {
    if (subscriber.isWanted && !(await subscriber.isWanted(tx))) return 0
    const cursor = await lockCursor(tx, subscriber.name)
    if (!cursor) return 0
    // Nothing past the oldest running transaction: a late commit would be passed over for ever.
    const { rows } = await sql<EventRow>`
      select xid::text as xid, seq, message_id as "messageId", type, data, metadata, occurred_at as "occurredAt"
      from event
      where tenant_id = ${tenantId} and (xid, seq) > (${cursor.xid}::xid8, ${cursor.seq}::bigint)
        and xid < pg_snapshot_xmin(pg_current_snapshot())
      order by xid, seq limit ${eventsAtOnce}`.execute(tx.db)
    const last = rows.at(-1)
    if (!last) return 0
    const wanted = rows.filter((event) => subscriber.types.includes(event.type))
    if (wanted.length > 0) await subscriber.handle(tx, wanted)
    await sql`update event_cursor set xid = ${last.xid}::xid8, seq = ${last.seq}
      where tenant_id = ${tenantId} and subscriber = ${subscriber.name}`.execute(tx.db)
    return rows.length
  })
}

/** Lets a subscriber that becomes wanted begin here: what was committed before is passed over unread. */
export async function skipToNow({ tenantId, db }: Tx, subscriber: string): Promise<void> {
  await sql`insert into event_cursor as c (tenant_id, subscriber, xid, seq)
    values (${tenantId}, ${subscriber}, pg_snapshot_xmin(pg_current_snapshot()), 0)
    on conflict (tenant_id, subscriber) do update set xid = excluded.xid, seq = 0
    where c.xid < excluded.xid`.execute(db)
}

async function lockCursor(tx: Tx, subscriber: string): Promise<Cursor | undefined> {
  const { tenantId, db } = tx
  await sql`insert into event_cursor (tenant_id, subscriber, xid, seq) values (${tenantId}, ${subscriber}, '0', 0)
    on conflict do nothing`.execute(db)
  const { rows } = await sql<Cursor>`
    select xid::text as xid, seq from event_cursor
    where tenant_id = ${tenantId} and subscriber = ${subscriber} for update skip locked`.execute(db)
  return rows[0]
}
