import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { presentWork, runAs } from '../platform/keyed-work.ts'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { beginReading, skipToNow, startSubscribers, type Subscriber } from './subscribers.ts'

let database: TestDatabase
const clock = () => new Date('2026-03-01T00:00:00Z')
const log = pino({ level: 'silent' })

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

async function newTenant(): Promise<string> {
  const tenantId = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
  return tenantId
}

function emit(tenantId: string, type: string, n: number) {
  return inTransaction(database.db, { tenantId, now: clock() }, (tx) =>
    tx.emit({ type, data: { n } }),
  )
}

function collecting(name: string, of: string, seen: number[]): Subscriber {
  return {
    name,
    types: ['event.note.created'],
    async handle(tx, events) {
      await Promise.resolve()
      // Other tests have tenants in this database too.
      if (tx.tenantId !== of) return
      for (const event of events) seen.push(Number(event.data['n']))
    },
  }
}

const started = (subscribers: Subscriber[]) =>
  startSubscribers({ db: database.db, log, nowOf: clock, subscribers, sweepEveryMs: 3_600_000 })

test('a subscriber sees the events it wants, once and in order', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  const run = started([collecting('one', tenantId, seen)])
  for (let n = 1; n <= 5; n += 1)
    await emit(tenantId, n === 3 ? 'event.note.deleted' : 'event.note.created', n)
  await run.drain()
  await emit(tenantId, 'event.note.created', 6)
  await expect.poll(async () => (await run.drain(), seen)).toEqual([1, 2, 4, 5, 6])
  await run.close()
})

test('events that a request under an Idempotency-Key pokes are handled as nobody’s keyed work', async () => {
  const tenantId = await newTenant()
  const works: unknown[] = []
  const run = started([
    {
      name: 'background',
      types: ['event.note.created'],
      async handle(tx) {
        await Promise.resolve()
        if (tx.tenantId === tenantId) works.push(presentWork(tenantId))
      },
    },
  ])
  const work = { tenantId, key: 'k', holder: newId(), now: clock(), isActed: false, isOver: false }
  await emit(tenantId, 'event.note.created', 1)
  // The request goes on until its events are handled, which older transactions of anybody put off.
  await runAs(work, async () => {
    run.poke(tenantId)
    const seen = () => (run.poke(tenantId), works.length)
    await expect.poll(seen, { timeout: 10_000 }).toBeGreaterThan(0)
  })
  expect(works).toEqual([undefined])
  expect(work.isActed).toBe(false)
  await run.close()
})

test('events keep the order of their transactions when the numbers of those grow by a digit', async () => {
  const tenantId = await newTenant()
  for (const xid of [9, 10, 99, 100])
    await database.ownerPool.query(
      `insert into quittance.event (tenant_id, xid, message_id, type, data, occurred_at)
       values ($1, $2::text::xid8, gen_random_uuid(), 'event.note.created', $3, now())`,
      [tenantId, xid, { n: xid }],
    )
  const seen: number[] = []
  const run = started([collecting('digits', tenantId, seen)])
  await run.drain()
  expect(seen).toEqual([9, 10, 99, 100])
  await run.close()
})

test('an event that commits late is not passed over', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  const run = started([collecting('late', tenantId, seen)])
  const client = await database.ownerPool.connect()
  await client.query('begin')
  await client.query(
    `insert into quittance.event (tenant_id, message_id, type, data, occurred_at)
     values ($1, gen_random_uuid(), 'event.note.created', '{"n": 1}', now())`,
    [tenantId],
  )
  await emit(tenantId, 'event.note.created', 2)
  await run.drain()
  expect(seen).toEqual([])
  await client.query('commit')
  client.release()
  await expect.poll(async () => (await run.drain(), seen)).toEqual([1, 2])
  await run.close()
})

test('a handler that fails sees its events again, and its neighbours go on', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  let failures = 1
  const failing: Subscriber = {
    ...collecting('failing', tenantId, seen),
    async handle(tx, events) {
      if (tx.tenantId !== tenantId) return
      await tx.emit({ type: 'event.claim.created', data: {} })
      if (failures-- > 0) throw new Error('not now')
      for (const event of events) seen.push(Number(event.data['n']))
    },
  }
  const others: number[] = []
  const run = started([failing, collecting('other', tenantId, others)])
  await emit(tenantId, 'event.note.created', 1)
  await expect.poll(async () => (await run.drain(), others)).toEqual([1])
  await expect.poll(async () => (await run.drain(), seen)).toEqual([1])
  expect(failures).toBe(-1)
  const { rows } = await database.ownerPool.query(
    `select count(*) from quittance.event where tenant_id = $1 and type = 'event.claim.created'`,
    [tenantId],
  )
  expect(rows[0].count).toBe(1)
  await run.close()
})

test('two processes hand an event to a subscriber once', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  const runs = [
    started([collecting('shared', tenantId, seen)]),
    started([collecting('shared', tenantId, seen)]),
  ]
  for (let n = 1; n <= 20; n += 1) await emit(tenantId, 'event.note.created', n)
  const all = Array.from({ length: 20 }, (_, index) => index + 1)
  await expect
    .poll(async () => (await Promise.all(runs.map((run) => run.drain())), seen))
    .toEqual(all)
  await Promise.all(runs.map((run) => run.close()))
})

test('while a subscriber is not wanted nothing is read, and later it begins where it was told to', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  let isWanted = false
  const run = started([
    { ...collecting('asked', tenantId, seen), wanting: () => sql`select where ${isWanted}` },
  ])
  await emit(tenantId, 'event.note.created', 1)
  await run.drain()
  await inTransaction(database.db, { tenantId, now: clock() }, (tx) => skipToNow(tx, 'asked'))
  isWanted = true
  await emit(tenantId, 'event.note.created', 2)
  await expect.poll(async () => (await run.drain(), seen)).toEqual([2])
  await run.close()
})

test('one that becomes wanted in a transaction that still runs misses nothing committed meanwhile', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  const wanting = (id: string) =>
    sql`select from quittance.tenant where tenant_id = ${id} and name = 'WANTED'`
  const run = started([{ ...collecting('begun', tenantId, seen), wanting }])
  await emit(tenantId, 'event.note.created', 0)
  await run.drainTenant(tenantId)
  const [event, begun] = await Promise.all([
    database.ownerPool.connect(),
    database.ownerPool.connect(),
  ])
  await event.query('begin')
  await event.query(
    `insert into quittance.event (tenant_id, message_id, type, data, occurred_at)
     values ($1, gen_random_uuid(), 'event.note.created', '{"n": 1}', now())`,
    [tenantId],
  )
  await begun.query('begin')
  await begun.query(
    `insert into quittance.event_cursor as c (tenant_id, subscriber, xid, seq)
     values ($1, 'begun', pg_snapshot_xmin(pg_current_snapshot()), 0)
     on conflict (tenant_id, subscriber) do update set xid = excluded.xid, seq = 0`,
    [tenantId],
  )
  await begun.query(`update quittance.tenant set name = 'WANTED' where tenant_id = $1`, [tenantId])
  await event.query('commit')
  // A hand-out that waited for the cursor would go on once it is committed, and pass the event by.
  const draining = run.drain()
  await Promise.race([draining, wait(500)])
  await begun.query('commit')
  await draining
  event.release()
  begun.release()
  await expect.poll(async () => (await run.drain(), seen)).toEqual([1])
  await run.close()
})

test('of two who become wanted at once, the second does not skip what the first is to be told', async () => {
  const tenantId = await newTenant()
  const seen: number[] = []
  const isNamed = (name: string) => (id: string) =>
    sql`select from quittance.tenant where tenant_id = ${id} and name = ${name}`
  const run = started([{ ...collecting('both', tenantId, seen), wanting: isNamed('WANTED') }])
  await emit(tenantId, 'event.note.created', 0)
  await run.drainTenant(tenantId)
  const gate = await database.ownerPool.connect()
  await gate.query('select pg_advisory_lock(7)')
  // Its first look waits here, and sees the tenant as it was before the other committed.
  const slowly = (id: string) =>
    sql`select from (select pg_advisory_xact_lock_shared(7) offset 0) as held
      left join quittance.tenant t on t.tenant_id = ${id} where coalesce(t.name, '') = 'WANTED'`
  const begin = (wanting: (id: string) => ReturnType<typeof slowly>) =>
    inTransaction(database.db, { tenantId, now: clock() }, (tx) =>
      beginReading(tx, 'both', wanting),
    )
  const second = begin(slowly)
  const waits = async () => {
    const { rows } = await gate.query(
      `select count(*) from pg_locks where locktype = 'advisory' and objid = 7 and not granted`,
    )
    return Number(rows[0].count)
  }
  await expect.poll(waits).toBe(1)
  await begin(isNamed('WANTED'))
  await gate.query(`update quittance.tenant set name = 'WANTED' where tenant_id = $1`, [tenantId])
  await emit(tenantId, 'event.note.created', 1)
  await gate.query('select pg_advisory_unlock(7)')
  gate.release()
  await second
  await emit(tenantId, 'event.note.created', 2)
  await expect.poll(async () => (await run.drain(), seen)).toEqual([1, 2])
  await run.close()
})
