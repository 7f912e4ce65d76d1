import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { addInstitution, changeInstitution, findInstitution } from './institutions.ts'
import { addMerchant, changeMerchant, findMerchant } from './merchants.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
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

/** Does the second while the first is done and not committed, as far as it comes; answers after both are. */
async function bothAtOnce(
  first: (tx: Tx) => Promise<unknown>,
  second: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  let other: Promise<unknown> | undefined
  await inTenant(async (tx) => {
    await first(tx)
    other = inTenant(second)
    await expect.poll(isSomebodyWaiting, { timeout: 20_000 }).toBe(true)
  })
  await other
}

async function isSomebodyWaiting(): Promise<boolean> {
  const { rows } = await database.ownerPool.query<{ isWaiting: boolean }>(
    `select exists (select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock') as "isWaiting"`,
  )
  return rows[0]?.isWaiting === true
}

test('two changes of an institution at once both stay', async () => {
  const { sootCode } = await inTenant((tx) => addInstitution(tx, { sootCode: 7, name: 'Su' }))
  await bothAtOnce(
    (tx) => changeInstitution(tx, sootCode, { commissionMinor: 150 }),
    (tx) => changeInstitution(tx, sootCode, { isActive: false }),
  )
  expect(await inTenant((tx) => findInstitution(tx, sootCode))).toMatchObject({
    commissionMinor: 150,
    isActive: false,
  })
})

test('two changes of a merchant at once both stay', async () => {
  const { merchantId } = await inTenant((tx) => addMerchant(tx, { name: 'Bakkal' }))
  await bothAtOnce(
    (tx) => changeMerchant(tx, merchantId, { phone: '+90 212 000 00 00' }),
    (tx) => changeMerchant(tx, merchantId, { isActive: false }),
  )
  expect(await inTenant((tx) => findMerchant(tx, merchantId))).toMatchObject({
    phone: '+90 212 000 00 00',
    isActive: false,
  })
})
