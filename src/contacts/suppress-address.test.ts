import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { SuppressionReason } from './schema.ts'
import { setPreference } from './set-preference.ts'
import { listSuppressed, suppressAddress } from './suppress-address.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
const later = new Date('2026-03-11T12:00:00.000Z')
const [channel, address, debtorReference] = ['email', 'ada@example.com', 'D'] as const
let database: TestDatabase
let tenantId: string

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

async function newTenant(): Promise<void> {
  tenantId = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
}
const inTenant = <R>(work: (tx: Tx) => Promise<R>, at = now) =>
  inTransaction(database.db, { tenantId, now: at }, work)
const unsubscribed = () =>
  inTenant((tx) =>
    suppressAddress(tx, { channel, address, reason: 'unsubscribe', debtorReference }),
  )
const allowed = (tx: Tx) =>
  setPreference(tx, { debtorReference, channel, preference: 'allowed', source: 'debtor-page' })
const suppressed = async () => (await inTenant((tx) => listSuppressed(tx, {}))).items

test.each<SuppressionReason>(['bounce', 'complaint', 'agent'])(
  'an unsubscription gives way to %s, which the debtor cannot take back',
  async (reason) => {
    await newTenant()
    await unsubscribed()
    const messageId = newId()
    await inTenant((tx) => suppressAddress(tx, { channel, address, reason, messageId }), later)
    const kept = [{ channel, address, reason, messageId, suppressedAt: later.toISOString() }]
    expect(await suppressed()).toEqual(kept)
    // Who unsubscribes after that changes nothing either.
    await unsubscribed()
    await inTenant(allowed)
    expect(await suppressed()).toEqual(kept)
  },
)

test('the first of two stronger reasons stays', async () => {
  await newTenant()
  await inTenant((tx) => suppressAddress(tx, { channel, address, reason: 'complaint' }))
  await inTenant((tx) => suppressAddress(tx, { channel, address, reason: 'bounce' }), later)
  expect(await suppressed()).toMatchObject([
    { reason: 'complaint', suppressedAt: now.toISOString() },
  ])
})

test('an unsubscription that nothing came after is taken back by the debtor', async () => {
  await newTenant()
  await unsubscribed()
  await inTenant(allowed)
  expect(await suppressed()).toEqual([])
})

test('a bounce stays that is recorded while the debtor takes an unsubscription back', async () => {
  await newTenant()
  await unsubscribed()
  let taking: Promise<unknown> | undefined
  await inTenant(async (tx) => {
    await suppressAddress(tx, { channel, address, reason: 'bounce' })
    taking = inTenant(allowed)
    await expect.poll(isSomebodyWaiting, { timeout: 20_000 }).toBe(true)
  })
  await taking
  expect(await suppressed()).toMatchObject([{ reason: 'bounce' }])
})

async function isSomebodyWaiting(): Promise<boolean> {
  const { rows } = await database.ownerPool.query<{ isWaiting: boolean }>(
    `select exists (select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock') as "isWaiting"`,
  )
  return rows[0]?.isWaiting === true
}
