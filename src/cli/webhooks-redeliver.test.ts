import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { createWebhook } from '../webhooks/index.ts'
import { runCli } from './main.ts'

let database: TestDatabase
let tenant: string
let subscription: string
const printed = { out: '', err: '' }
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  printed.out = ''
  printed.err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text)
    return true
  })
  tenant = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenant],
  )
  const input = { url: 'https://example.com/', eventTypes: ['*'] }
  const made = await inTransaction(database.db, { tenantId: tenant, now: new Date() }, (tx) =>
    createWebhook(tx, input),
  )
  subscription = made.id
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const redeliver = (...words: string[]) =>
  runCli([
    'node',
    'quittance',
    'webhooks',
    'redeliver',
    `--tenant=${tenant}`,
    `--subscription=${subscription}`,
    `--database-url=${databaseUrl(database.connection)}`,
    ...words,
  ])

async function given(state: 'FAILED' | 'DELIVERED'): Promise<string> {
  const messageId = newId()
  await database.ownerPool.query(
    `insert into quittance.webhook_delivery (tenant_id, subscription_id, message_id, event_type, payload, state,
       is_ready, attempts, next_at, expires_at, created_at, delivered_at)
     values ($1, $2, $3, 'event.note.created', '{}', $4, true, 9, now(), now(), now(),
       case when $4 = 'DELIVERED' then now() end)`,
    [tenant, subscription, messageId, state],
  )
  return messageId
}

async function states(): Promise<Record<string, string>> {
  const { rows } = await database.ownerPool.query(
    'select message_id, state from quittance.webhook_delivery where tenant_id = $1',
    [tenant],
  )
  return Object.fromEntries(rows.map((row) => [row.message_id, row.state]))
}

test('--message puts one message back, whatever became of it', async () => {
  const [one, other] = [await given('DELIVERED'), await given('FAILED')]
  await redeliver('--message', one)
  expect(printed).toEqual({ out: expect.stringContaining('1 message goes again'), err: '' })
  expect(await states()).toEqual({ [one]: 'PENDING', [other]: 'FAILED' })
})

test('lets a message live from now on by the clock of a sandbox tenant', async () => {
  const messageId = await given('FAILED')
  await database.ownerPool.query(
    'update quittance.tenant set is_sandbox = true, clock_offset_ms = $2 where tenant_id = $1',
    [tenant, 60 * 86_400_000],
  )
  await redeliver('--message', messageId)
  const { rows } = await database.ownerPool.query(
    `select expires_at > now() + interval '60 days' as "isAlive" from quittance.webhook_delivery where message_id = $1`,
    [messageId],
  )
  expect(rows).toEqual([{ isAlive: true }])
})

test('--failed puts back all that was given up', async () => {
  const done = await given('DELIVERED')
  const failed = [await given('FAILED'), await given('FAILED')]
  await redeliver('--failed', '--json')
  expect(JSON.parse(printed.out)).toEqual({ messages: 2 })
  expect(await states()).toEqual({
    [done]: 'DELIVERED',
    [failed[0]!]: 'PENDING',
    [failed[1]!]: 'PENDING',
  })
})

test('says what it needs, and what is not there', async () => {
  const failed = await given('FAILED')
  await redeliver()
  expect(printed.err).toContain('either --message')
  await redeliver('--failed', '--message', failed)
  expect(printed.err).toContain('either --message')
  await redeliver('--message', 'nonsense')
  expect(printed.err).toContain('--message: give an id')
  await redeliver('--message', newId())
  expect(printed.err).toContain('was sent no such message')
  subscription = newId()
  await redeliver('--failed')
  expect(printed.err).toContain('no such webhook')
  expect(process.exitCode).toBe(1)
  expect(await states()).toEqual({ [failed]: 'FAILED' })
})
