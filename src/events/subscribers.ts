import { setTimeout as wait } from 'node:timers/promises'
import { type RawBuilder, sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../platform/db.ts'
import { inBackground } from '../platform/keyed-work.ts'
import type { Tables } from '../platform/tables.ts'
import { handOut, type HandedOut } from './hand-out.ts'
import type { StoredEvent } from './list-events.ts'

/** An event with the transaction that it was committed with. */
export interface HandedEvent extends StoredEvent {
  readonly xid: string
}

/** A query that has rows while a subscriber wants anything of a tenant. */
export type Wanting = (tenantId: string) => RawBuilder<unknown>

export interface Subscriber {
  /** Its cursor stands under this name; another name starts from the beginning. */
  readonly name: string
  /** The event types it wants; others are passed over. */
  readonly types: readonly string[]
  /** While this has no rows, the events of the tenant pass it by; absent: it always wants them. */
  readonly wanting?: Wanting
  /** Handles events in order, in the transaction that moves the cursor: what it does happens once. */
  handle(tx: Tx, events: readonly HandedEvent[]): Promise<void>
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
  /** Handles what there is now of one tenant, and answers whether there was anything, since it was last asked. */
  drainTenant(tenantId: string): Promise<boolean>
  close(): Promise<void>
}

const nothing = () => undefined
const sweepDefaultMs = 2_000
// A busy tenant is poked by every commit; gathering them costs one look instead of many.
const pokeDelayMs = 50
// What such a tenant does is passed by at the next sweep; who becomes wanted meanwhile begins where it does.
const restMs = 1_000

/**
 * Brings the events of all tenants to their subscribers, in order and at least once, whatever was lost or restarted. Many
 * processes may run: a cursor is locked by the one that moves it and passed over by the others.
 */
export function startSubscribers(options: SubscribersOptions): Subscribers {
  const waiting = new Set<string>()
  const pokes = gather(waiting, () => void wake())
  const rests = restingPlace()
  // Who was told something in the background since it was last drained.
  const told = new Set<string>()
  let running: Promise<void> | undefined
  let isClosing = false

  async function handleWaiting(): Promise<void> {
    for (;;) {
      const [tenantId] = waiting
      if (tenantId === undefined || isClosing) return
      waiting.delete(tenantId)
      const { isAny, isWanted } = await handOutQuietly(options, tenantId)
      if (isAny) told.add(tenantId)
      if (!isWanted) rests.add(tenantId)
    }
  }

  function wake(): Promise<void> {
    running ??= inBackground(handleWaiting).finally(() => {
      running = undefined
    })
    return running
  }

  async function untilIdle(): Promise<void> {
    for (let current = running; current; current = running) await current
  }

  /** Whoever was poked meanwhile comes next. */
  function handOn(): void {
    running = undefined
    if (waiting.size > 0 && !isClosing) void wake()
  }

  async function sweep(): Promise<void> {
    for (const tenantId of await tenantsBehind(options)) waiting.add(tenantId)
    await wake()
    await untilIdle()
  }

  const timer = setInterval(() => {
    sweep().catch((error: unknown) => options.log.warn({ err: error }, 'events could not be swept'))
  }, options.sweepEveryMs ?? sweepDefaultMs)
  timer.unref()

  return {
    poke(tenantId) {
      if (!rests.has(tenantId)) pokes.add(tenantId)
    },
    drain: sweep,
    async drainTenant(tenantId) {
      await untilReadable(options, tenantId)
      // Whoever handles events in the background holds cursors, which would be passed over here as if there were nothing.
      await untilIdle()
      const drained = handOut(options, tenantId)
      running = drained.then(nothing, nothing).finally(handOn)
      return (await drained).isAny || told.delete(tenantId)
    },
    async close() {
      isClosing = true
      clearInterval(timer)
      pokes.close()
      await running
    },
  }
}

/**
 * Gathers the tenants that are poked. They wait a moment even while others are handled: a tenant that books all the time
 * would be looked at without a pause.
 */
function gather(waiting: Set<string>, wake: () => void) {
  const poked = new Set<string>()
  let soon: NodeJS.Timeout | undefined
  return {
    add(tenantId: string): void {
      poked.add(tenantId)
      soon ??= setTimeout(() => {
        soon = undefined
        for (const tenantId of poked) waiting.add(tenantId)
        poked.clear()
        wake()
      }, pokeDelayMs).unref()
    },
    close: () => clearTimeout(soon),
  }
}

/** Tenants of whom nobody wanted anything a moment ago: nobody looks at them for a while. */
function restingPlace() {
  const untilMs = new Map<string, number>()
  return {
    add: (tenantId: string) => void untilMs.set(tenantId, performance.now() + restMs),
    has(tenantId: string): boolean {
      const isResting = (untilMs.get(tenantId) ?? 0) > performance.now()
      if (!isResting) untilMs.delete(tenantId)
      return isResting
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

/** One tenant's trouble does not keep the others' events waiting. */
async function handOutQuietly(options: SubscribersOptions, tenantId: string): Promise<HandedOut> {
  return handOut(options, tenantId).catch((error: unknown) => {
    options.log.warn({ err: error, tenantId }, 'events could not be handed out')
    return { isAny: false, isWanted: true }
  })
}

/** Those with an event that somebody has not passed yet. */
async function tenantsBehind({ db, subscribers }: SubscribersOptions): Promise<string[]> {
  const names = subscribers.map(({ name }) => name)
  const { rows } = await sql<{ id: string }>`select tenants_behind(${names}::text[]) as id`.execute(
    db,
  )
  return rows.map((row) => row.id)
}

/** To be called before the first row comes: while nobody wanted events none was read, and the first who does begins here. */
export async function beginReading(tx: Tx, subscriber: string, wanting: Wanting): Promise<void> {
  if (await isWanted(tx, wanting)) return
  // Asked again once the cursor is held: whoever held it until now may have begun, and what came since is theirs to read.
  await holdCursor(tx, subscriber)
  if (!(await isWanted(tx, wanting))) await skipToNow(tx, subscriber)
}

async function isWanted({ tenantId, db }: Tx, wanting: Wanting): Promise<boolean> {
  const { rows } = await sql`select from (${wanting(tenantId)}) as wanting limit 1`.execute(db)
  return rows.length > 0
}

async function holdCursor({ tenantId, db }: Tx, subscriber: string): Promise<void> {
  await sql`insert into event_cursor as c (tenant_id, subscriber, xid, seq) values (${tenantId}, ${subscriber}, '0', 0)
    on conflict (tenant_id, subscriber) do update set seq = c.seq`.execute(db)
}

/** Lets a subscriber go on here: what was committed before is passed over unread. */
export async function skipToNow({ tenantId, db }: Tx, subscriber: string): Promise<void> {
  await sql`insert into event_cursor as c (tenant_id, subscriber, xid, seq)
    values (${tenantId}, ${subscriber}, pg_snapshot_xmin(pg_current_snapshot()), 0)
    on conflict (tenant_id, subscriber) do update set xid = excluded.xid, seq = 0
    where c.xid < excluded.xid`.execute(db)
}
