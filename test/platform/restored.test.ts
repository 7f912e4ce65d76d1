import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubscribers, type Subscriber } from '../../src/events/index.ts'
import { newId } from '../../src/kernel/id.ts'
import { inTransaction } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { createWebhook, webhookSubscriber } from '../../src/webhooks/index.ts'
import { testDatabase, type TestDatabase } from '../database.ts'

const type = 'event.note.created'
const now = new Date('2026-03-01T00:00:00Z')
let database: TestDatabase
let tenantId: string

beforeAll(async () => {
  database = await testDatabase()
  tenantId = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
})
afterAll(() => database.close())

const emit = (n: number) =>
  inTransaction(database.db, { tenantId, now }, (tx) => tx.emit({ type, data: { n } }))

const seen = new Map<string, number[]>()

function reader(name: string): Subscriber {
  seen.set(name, [])
  return {
    name,
    types: [type],
    async handle(_tx, events) {
      await Promise.resolve()
      seen.get(name)?.push(...events.map(({ data }) => Number(data['n'])))
    },
  }
}

async function read(...subscribers: Subscriber[]): Promise<void> {
  const log = pino({ level: 'silent' })
  const options = { db: database.db, log, nowOf: () => now, subscribers, sweepEveryMs: 3_600_000 }
  const run = startSubscribers(options)
  await run.drain()
  await run.close()
}

/** What events the webhook is to be told of. */
async function delivered(): Promise<number[]> {
  const { rows } = await database.ownerPool.query<{ n: string }>(
    `select payload::json -> 'details' ->> 'n' as n from quittance.webhook_delivery where tenant_id = $1 order by place`,
    [tenantId],
  )
  return rows.map(({ n }) => Number(n))
}

/** Gives everything the places that it would have if it came from a PostgreSQL that has counted much further. */
async function comeFromElsewhere(): Promise<void> {
  for (const table of ['event', 'event_cursor'])
    await database.ownerPool.query(
      `update quittance.${table} set xid = (xid::text::bigint + 1000000000)::text::xid8 where tenant_id = $1`,
      [tenantId],
    )
  await database.ownerPool.query(
    `update quittance.webhook_subscription set active_since = '1000000000:1000000000:' where tenant_id = $1`,
    [tenantId],
  )
}

test('what was restored from a dump into another PostgreSQL is told of what is new there, and of what was unread', async () => {
  const [ahead, behind] = [reader('ahead'), reader('behind')]
  const webhook = webhookSubscriber(() => undefined)
  await inTransaction(database.db, { tenantId, now }, (tx) =>
    createWebhook(tx, { url: 'https://example.com/hook', eventTypes: [type] }),
  )
  await emit(1)
  await expect
    .poll(async () => (await read(ahead, behind, webhook), seen.get('behind')))
    .toEqual([1])
  await emit(2)
  await expect.poll(async () => (await read(ahead, webhook), seen.get('ahead'))).toEqual([1, 2])
  expect(await delivered()).toEqual([1, 2])

  await comeFromElsewhere()
  await migrate(database.ownerPool)
  await emit(3)
  const all = [1, 2, 3]
  await expect
    .poll(async () => (await read(ahead, behind, webhook), seen.get('ahead')))
    .toEqual(all)
  expect(seen.get('behind')).toEqual(all)
  expect(await delivered()).toEqual(all)
})

test('a start where nothing was restored leaves every place as it is', async () => {
  await emit(4)
  const places = async () => {
    const { rows } = await database.ownerPool.query(
      `select 'event', xid, seq from quittance.event union all select subscriber, xid, seq from quittance.event_cursor order by 1, 2, 3`,
    )
    return rows
  }
  const before = await places()
  expect(before.length).toBeGreaterThan(4)
  await migrate(database.ownerPool)
  expect(await places()).toEqual(before)
})
