import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAccount } from '../src/accounts/index.ts'
import { Bookkeeper, callContext } from '../src/book/index.ts'
import { createTenant } from '../src/identity/index.ts'
import type { Connection } from '../src/platform/db.ts'
import { createSealer } from '../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from './database.ts'
import { person, secretKey } from './world.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const now = new Date('2026-03-10T12:00:00.000Z')

/** Every sign that means something to COPY, and some that mean something to JSON. */
const nasty = 'tab\there\nline\r\nback\\slash \\N \\. "quoted" ✓ \u{1F4B6}'

async function open(connection: Connection, isBulk: boolean): Promise<string> {
  const created = await createTenant(
    database.db,
    { name: 'T', isSandbox: false },
    { now: () => now, sealer: createSealer(secretKey) },
  )
  const tenant = { ...created, timeZone: 'Europe/Berlin', settings: {} }
  const bookkeeper = new Bookkeeper({
    connection,
    lanes: 1,
    queueMax: 10,
    nowOf: () => now,
    isBulk,
  })
  const command = createAccount(callContext(tenant, { originator: 'Import' }), {
    reference: nasty,
    currency: 'EUR',
    debtors: [person('D', { lastName: nasty })],
    meta: { [nasty]: nasty },
    ledgerEntries: [
      {
        ledgerEntryReference: `${nasty}-1`,
        invoiceDetails: { amount: 100, dueDate: '2026-01-31', createdAt: 1_767_225_600_000 },
        context: { note: nasty },
      },
    ],
  })
  const outcomes = await bookkeeper.submitGroup([command])
  await bookkeeper.close()
  expect(outcomes).toEqual([{ result: undefined }])
  return tenant.tenantId
}

/** The same database, reached as another user, whichever way the run names its server. */
function connectionAs(user: string): Connection {
  const { connection } = database
  if (!('connectionString' in connection)) return { ...connection, user }
  const url = new URL(connection.connectionString)
  url.username = user
  // A password in the address is another user's.
  url.password = ''
  return { connectionString: url.href }
}

/** All that was written, without ids of chance. */
async function written(tenantId: string): Promise<unknown> {
  const tables = ['account', 'debtor', 'account_debtor', 'entry', 'item', 'claim', 'event']
  const answer: Record<string, unknown> = {}
  for (const table of tables) {
    const { rows } = await database.ownerPool.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(r) - '{tenant_id,account_id,claim_id,message_id,command_id,xid,seq,number,metadata,debit,credit}'::text[] as row
       from quittance.${table} r where tenant_id = $1 order by to_jsonb(r) - '{tenant_id,account_id,claim_id,message_id,command_id,xid,seq,number}'::text[]`,
      [tenantId],
    )
    answer[table] = rows.map(({ row }) => row)
  }
  return answer
}

test('what an import copies is what a request inserts, whatever signs it has', async () => {
  const inserted = await written(await open(database.connection, false))
  const copied = await written(await open(database.connection, true))
  expect(copied).toEqual(inserted)
  expect(JSON.stringify(copied)).toContain(JSON.stringify(nasty).slice(1, -1))
})

test('an import as a user who does not own the tables inserts instead', async () => {
  const { rows } = await database.ownerPool.query<{ name: string }>(
    'select current_database() as name',
  )
  const user = `guest_of_${rows[0]!.name}`
  await database.ownerPool.query(`create role ${user} login in role quittance_app`)
  try {
    const tenantId = await open(connectionAs(user), true)
    expect(await written(tenantId)).toHaveProperty('claim.0.status', 'ACTIVE')
  } finally {
    await database.ownerPool.query(`drop role ${user}`)
  }
})
