import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { packageRoot } from '../platform/package-root.ts'
import { createSealer } from '../platform/sealer.ts'
import { listProviders, removeProvider, setProvider } from './provider-settings.ts'
import type { ProviderSettings } from './schema.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
const deps = { sealer: createSealer(Buffer.alloc(32, 7)), allow: [] }
const stripe: ProviderSettings = {
  name: 'stripe',
  secretKey: 'sk_test_1',
  webhookSecret: 'whsec_1',
}
const sandbox: ProviderSettings = { name: 'sandbox' }
let database: TestDatabase

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
const inTenant = <R>(tenantId: string, work: (tx: Tx) => Promise<R>) =>
  inTransaction(database.db, { tenantId, now }, work)
const setUp = (tenantId: string, settings: ProviderSettings) =>
  inTenant(tenantId, (tx) => setProvider(tx, deps, settings))
const namesOf = async (tenantId: string) => {
  const { items } = await inTenant(tenantId, listProviders)
  return items.map(({ name }) => name)
}
const positionsOf = async (tenantId: string) => {
  const { rows } = await database.ownerPool.query<{ name: string; position: number }>(
    `select name, position from quittance.payment_provider where tenant_id = $1 order by position, name`,
    [tenantId],
  )
  return rows.map(({ name, position }) => `${name} ${position}`)
}

test('the provider that was set up first is preferred, whatever its name', async () => {
  const tenantId = await newTenant()
  await setUp(tenantId, stripe)
  await setUp(tenantId, sandbox)
  expect(await namesOf(tenantId)).toEqual(['stripe', 'sandbox'])
})

test('a provider keeps its place when it is set up anew, and loses it when it is removed', async () => {
  const tenantId = await newTenant()
  await setUp(tenantId, stripe)
  await setUp(tenantId, sandbox)
  await setUp(tenantId, stripe)
  expect(await namesOf(tenantId)).toEqual(['stripe', 'sandbox'])
  await inTenant(tenantId, (tx) => removeProvider(tx, 'stripe'))
  await setUp(tenantId, stripe)
  expect(await namesOf(tenantId)).toEqual(['sandbox', 'stripe'])
})

test('of two that are set up at once, the one that commits first is preferred', async () => {
  const tenantId = await newTenant()
  let second: Promise<unknown> | undefined
  await inTenant(tenantId, async (tx) => {
    await setProvider(tx, deps, stripe)
    let isDone = false
    second = setUp(tenantId, sandbox).finally(() => {
      isDone = true
    })
    // It waits for this transaction, or it has taken the same place.
    await expect
      .poll(async () => isDone || (await isSomebodyWaiting()), { timeout: 20_000 })
      .toBe(true)
  })
  await second
  expect(await positionsOf(tenantId)).toEqual(['stripe 0', 'sandbox 1'])
})

async function isSomebodyWaiting(): Promise<boolean> {
  const { rows } = await database.ownerPool.query<{ isWaiting: boolean }>(
    `select exists (select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock') as "isWaiting"`,
  )
  return rows[0]?.isWaiting === true
}

test('providers of before, all in one place, are put in the order in which they were set up', async () => {
  const [early, same] = [await newTenant(), await newTenant()]
  for (const [tenantId, minutes] of [
    [early, 1],
    [same, 0],
  ] as const)
    await database.ownerPool.query(
      `insert into quittance.payment_provider (tenant_id, name, position, api_base, secret_key_sealed,
         webhook_secret_sealed, created_at, updated_at)
       values ($1, 'stripe', 0, 'https://api.stripe.com', '\\x00', '\\x00', $2::timestamptz, $2),
         ($1, 'sandbox', 0, null, null, null, $2::timestamptz + $3 * interval '1 minute', $2)`,
      [tenantId, now, minutes],
    )
  const file = path.join(packageRoot(), 'migrations/0035-providers-in-order.sql')
  const client = await database.ownerPool.connect()
  try {
    await client.query('set search_path = quittance, public')
    await client.query(await readFile(file, 'utf8'))
  } finally {
    client.release(true)
  }
  expect(await positionsOf(early)).toEqual(['stripe 0', 'sandbox 1'])
  expect(await positionsOf(same)).toEqual(['sandbox 0', 'stripe 1'])
})
