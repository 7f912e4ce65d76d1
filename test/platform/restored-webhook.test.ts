import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSubscribers } from '../../src/events/index.ts'
import { newId } from '../../src/kernel/id.ts'
import { inTransaction, type Tx } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { createWebhook, webhookSubscriber } from '../../src/webhooks/index.ts'
import { testDatabase, type TestDatabase } from '../database.ts'

const type = 'event.note.created'
const now = new Date('2026-03-01T00:00:00Z')
const tenantId = newId()
let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
})
afterAll(() => database.close())

const inTenant = <R>(work: (tx: Tx) => Promise<R>) =>
  inTransaction(database.db, { tenantId, now }, work)

async function deliveriesAfterReading(): Promise<number> {
  const run = startSubscribers({
    db: database.db,
    log: pino({ level: 'silent' }),
    nowOf: () => now,
    subscribers: [webhookSubscriber(() => undefined)],
    sweepEveryMs: 3_600_000,
  })
  await run.drain()
  await run.close()
  const { rows } = await database.ownerPool.query<{ count: number }>(
    `select count(*) as count from quittance.webhook_delivery where tenant_id = $1`,
    [tenantId],
  )
  return rows[0]?.count ?? 0
}

test('a webhook that became active after the last event is told of what is new where it was restored', async () => {
  await inTenant((tx) => createWebhook(tx, { url: 'https://example.com/hook', eventTypes: [type] }))
  // As in a PostgreSQL that has counted further, where nothing has happened since.
  await database.ownerPool.query(
    `update quittance.webhook_subscription set active_since = '1000000000:1000000000:' where tenant_id = $1`,
    [tenantId],
  )
  await migrate(database.ownerPool)
  await inTenant((tx) => tx.emit({ type, data: {} }))
  await expect.poll(deliveriesAfterReading, { timeout: 20_000 }).toBe(1)
})
