import { sql } from 'kysely'
import { inTransaction, type Tx, type Unit } from '../platform/db.ts'
import type { HandedEvent, Subscriber, SubscribersOptions } from './subscribers.ts'

interface Place {
  readonly xid: string
  readonly seq: number
}

interface EventRow extends HandedEvent, Place {}

/** Events of a tenant as they are read once for all subscribers, and how far those come with it. */
interface Chunk {
  readonly events: readonly EventRow[]
  readonly last: Place
  readonly places: ReadonlyMap<string, Place>
  /** The names of those who want anything of this tenant. */
  readonly wanting: ReadonlySet<string>
}

const eventsAtOnce = 500

export interface HandedOut {
  /** Anybody was handed anything. */
  readonly isAny: boolean
  /** False: there was something new, and nobody wants anything of this tenant. */
  readonly isWanted: boolean
}

/**
 * Reads a tenant's events to the end, once for all subscribers, and hands each what it wants. One that fails is tried again
 * at the next sweep; its neighbours go on.
 */
export async function handOut(options: SubscribersOptions, tenantId: string): Promise<HandedOut> {
  let subscribers = options.subscribers
  let isAny = false
  for (;;) {
    // Many chunks may take long, and what is done with each is done at its own time.
    const unit = { tenantId, now: options.nowOf(tenantId) }
    const chunk = await readChunk(options, unit, subscribers)
    if (!chunk) return { isAny, isWanted: true }
    isAny ||= chunk.events.length > 0
    const passed = await deliver(options, { unit, subscribers, chunk })
    // Who failed, or is looked after by another process, is left alone until the next time.
    subscribers = subscribers.filter(({ name }) => passed.has(name))
    const isWanted = chunk.wanting.size > 0
    if (chunk.events.length === 0 || subscribers.length === 0) return { isAny, isWanted }
  }
}

/** The next events that anybody wants: what nobody does is passed over unread. Undefined: there is nothing new. */
function readChunk(
  { db }: SubscribersOptions,
  unit: Unit,
  subscribers: readonly Subscriber[],
): Promise<Chunk | undefined> {
  const names = subscribers.map(({ name }) => name)
  return inTransaction(db, unit, async (tx) => {
    const places = await placesOf(tx, names)
    const first = [...places.values()].reduce((a, b) => (isBefore(b, a) ? b : a))
    const end = await endOf(tx, first)
    if (!end) return undefined
    // Asked after the end is known: whoever becomes wanted later begins behind it.
    const wanting = await wantingOf(tx, subscribers)
    const types = [...new Set(wanting.flatMap((subscriber) => subscriber.types))]
    const events = types.length === 0 ? [] : await readEvents(tx, { first, end, types })
    const last = (events.length < eventsAtOnce ? undefined : events.at(-1)) ?? end
    return { events, last, places, wanting: new Set(wanting.map(({ name }) => name)) }
  })
}

/**
 * Where reading ends now, if anything came since: the oldest running transaction, for behind it a late commit would be
 * passed over for ever.
 */
async function endOf({ tenantId, db }: Tx, first: Place): Promise<Place | undefined> {
  const { rows } = await sql<{ xid: string; isNews: boolean }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xid, exists (
      select from event where tenant_id = ${tenantId} and (xid, seq) > (${first.xid}::xid8, ${first.seq}::bigint)
        and xid < pg_snapshot_xmin(pg_current_snapshot())) as "isNews"`.execute(db)
  const [row] = rows
  return row?.isNews === true ? { xid: row.xid, seq: 0 } : undefined
}

async function wantingOf(
  { tenantId, db }: Tx,
  subscribers: readonly Subscriber[],
): Promise<Subscriber[]> {
  const conditions = subscribers.map(({ wanting }) =>
    wanting ? sql`exists (${wanting(tenantId)})` : sql`true`,
  )
  const { rows } = await sql<{
    are: boolean[]
  }>`select array[${sql.join(conditions)}] as are`.execute(db)
  return subscribers.filter((_, index) => rows[0]?.are[index])
}

interface Range {
  readonly first: Place
  readonly end: Place
  readonly types: readonly string[]
}

// Ordered by the columns of the table: a bare `xid` would be the text that is selected, in which 10 comes before 9.
async function readEvents(
  { tenantId, db }: Tx,
  { first, end, types }: Range,
): Promise<readonly EventRow[]> {
  const { rows } = await sql<EventRow>`
    select xid::text as xid, seq, message_id as "messageId", type, data, metadata, occurred_at as "occurredAt"
    from event e
    where tenant_id = ${tenantId} and (xid, seq) > (${first.xid}::xid8, ${first.seq}::bigint)
      and xid < ${end.xid}::xid8 and type = any(${types}::text[])
    order by e.xid, e.seq limit ${eventsAtOnce}`.execute(db)
  return rows
}

async function placesOf(tx: Tx, names: readonly string[]): Promise<Map<string, Place>> {
  const { tenantId, db } = tx
  const read = async () => {
    const { rows } = await sql<Place & { name: string }>`
      select subscriber as name, xid::text as xid, seq from event_cursor
      where tenant_id = ${tenantId} and subscriber = any(${names}::text[])`.execute(db)
    return new Map(rows.map(({ name, xid, seq }) => [name, { xid, seq }]))
  }
  const known = await read()
  if (known.size === names.length) return known
  // One that is new beside others begins where the hindmost of them is: what came before it was never its own, and
  // everybody would wait while it read all of that.
  await sql`insert into event_cursor (tenant_id, subscriber, xid, seq)
    select ${tenantId}::uuid, name, coalesce(hindmost.xid, '0'::xid8), coalesce(hindmost.seq, 0)
    from unnest(${names}::text[]) as name
    left join (select c.xid, c.seq from event_cursor c where c.tenant_id = ${tenantId}
      order by c.xid, c.seq limit 1) as hindmost on true
    on conflict do nothing`.execute(db)
  return read()
}

function isBefore(a: Place, b: Place): boolean {
  const [left, right] = [BigInt(a.xid), BigInt(b.xid)]
  return left < right || (left === right && a.seq < b.seq)
}

interface Delivery {
  readonly unit: Unit
  readonly subscribers: readonly Subscriber[]
  readonly chunk: Chunk
}

/** Hands a chunk to those who want something of it, in their order. Answers the names of all that are past it now. */
async function deliver(options: SubscribersOptions, delivery: Delivery): Promise<Set<string>> {
  const { unit, subscribers, chunk } = delivery
  const { last, places } = chunk
  const passed = new Set<string>()
  for (const subscriber of subscribers.filter(({ name }) => chunk.wanting.has(name))) {
    const place = places.get(subscriber.name)
    if (!place) continue
    const wanted = chunk.events.filter(
      (event) => subscriber.types.includes(event.type) && isBefore(place, event),
    )
    const isPast =
      wanted.length === 0 ||
      (await handleQuietly(options, unit, { subscriber, place, wanted, last }))
    if (isPast) passed.add(subscriber.name)
  }
  const others = subscribers.filter(({ name }) => !chunk.wanting.has(name))
  await inTransaction(options.db, unit, async (tx) => {
    for (const name of await unwantedStill(tx, others)) passed.add(name)
    await movePast(tx, [...passed], chunk)
  })
  return passed
}

/**
 * Those that still want nothing, asked once more with their cursors held: whoever makes one wanted takes hold of its cursor
 * first (`beginReading`) and may not have committed when it was asked before.
 */
async function unwantedStill(tx: Tx, subscribers: readonly Subscriber[]): Promise<string[]> {
  if (subscribers.length === 0) return []
  const names = subscribers.map(({ name }) => name)
  const { rows } = await sql<{ name: string }>`
    select subscriber as name from event_cursor
    where tenant_id = ${tx.tenantId} and subscriber = any(${names}::text[])
    order by subscriber for update skip locked`.execute(tx.db)
  const held = new Set(rows.map(({ name }) => name))
  const wanting = new Set((await wantingOf(tx, subscribers)).map(({ name }) => name))
  return names.filter((name) => held.has(name) && !wanting.has(name))
}

interface Handling {
  readonly subscriber: Subscriber
  readonly place: Place
  readonly wanted: readonly EventRow[]
  readonly last: Place
}

async function handleQuietly(
  options: SubscribersOptions,
  unit: Unit,
  handling: Handling,
): Promise<boolean> {
  try {
    return await inTransaction(options.db, unit, (tx) => handle(tx, handling))
  } catch (error) {
    const { name } = handling.subscriber
    options.log.error(
      { err: error, subscriber: name, tenantId: unit.tenantId },
      'a subscriber failed',
    )
    return false
  }
}

/** Handles events in the transaction that moves the cursor, unless somebody else has moved it or is about to. */
async function handle(tx: Tx, { subscriber, place, wanted, last }: Handling): Promise<boolean> {
  const { tenantId, db } = tx
  const { rows } = await sql<Place>`
    select xid::text as xid, seq from event_cursor
    where tenant_id = ${tenantId} and subscriber = ${subscriber.name} for update skip locked`.execute(
    db,
  )
  const [cursor] = rows
  if (!cursor || cursor.xid !== place.xid || cursor.seq !== place.seq) return false
  await subscriber.handle(tx, wanted)
  await sql`update event_cursor set xid = ${last.xid}::xid8, seq = ${last.seq}
    where tenant_id = ${tenantId} and subscriber = ${subscriber.name}`.execute(db)
  return true
}

/**
 * Moves the cursors of those for whom there was nothing, all in one statement. One that does not stand where it was read was
 * moved by somebody, forward or back, and stays there.
 */
async function movePast(
  { tenantId, db }: Tx,
  names: readonly string[],
  { places, last }: Chunk,
): Promise<void> {
  const known = names.flatMap((name) => {
    const place = places.get(name)
    return place ? [{ name, ...place }] : []
  })
  await sql`update event_cursor c set xid = ${last.xid}::xid8, seq = ${last.seq}
    from json_to_recordset(${JSON.stringify(known)}::json) as p (name text, xid text, seq bigint)
    where c.tenant_id = ${tenantId} and c.subscriber = p.name and c.xid = p.xid::xid8 and c.seq = p.seq
      and (c.xid, c.seq) < (${last.xid}::xid8, ${last.seq}::bigint)`.execute(db)
}
