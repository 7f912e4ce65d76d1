import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { handOut } from './hand-out.ts'
import type { Subscriber } from './subscribers.ts'

const noon = new Date('2026-03-01T12:00:00Z')
const log = pino({ level: 'silent' })
let database: TestDatabase
// An older transaction of another test file may hold the reading up.
const patiently = { timeout: 20_000 }

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
const emit = (tenantId: string, type: string) =>
  inTransaction(database.db, { tenantId, now: noon }, (tx) => tx.emit({ type, data: {} }))

interface Reading {
  readonly tenantId: string
  readonly subscribers: readonly Subscriber[]
  readonly nowOf?: () => Date
}
const readAll = ({ tenantId, subscribers, nowOf = () => noon }: Reading) =>
  handOut({ db: database.db, log, nowOf, subscribers }, tenantId)

const moveBack = (tenantId: string, name: string) =>
  database.ownerPool.query(
    `update quittance.event_cursor set xid = '0', seq = 0 where tenant_id = $1 and subscriber = $2`,
    [tenantId, name],
  )

test('a cursor that an operator moves back meanwhile stays there, although there was nothing for it', async () => {
  const tenantId = await newTenant()
  let seen = 0
  const behind: Subscriber = {
    name: 'behind',
    types: ['event.note.created'],
    handle(_tx, events) {
      seen += events.length
      return Promise.resolve()
    },
  }
  const moving: Subscriber = {
    name: 'moving',
    types: ['event.note.deleted'],
    async handle() {
      await moveBack(tenantId, 'behind')
    },
  }
  const reading = { tenantId, subscribers: [moving, behind] }
  await emit(tenantId, 'event.note.created')
  await expect.poll(async () => (await readAll(reading), seen), patiently).toBe(1)
  await emit(tenantId, 'event.note.deleted')
  await expect.poll(async () => (await readAll(reading), seen), patiently).toBe(2)
})

test('every chunk of events is handled at its own time', async () => {
  const tenantId = await newTenant()
  await database.ownerPool.query(
    `insert into quittance.event (tenant_id, message_id, type, data, occurred_at)
     select $1, gen_random_uuid(), 'event.note.created', '{}', $2 from generate_series(1, 501)`,
    [tenantId, noon],
  )
  const times: number[] = []
  const slow: Subscriber = {
    name: 'slow',
    types: ['event.note.created'],
    handle(tx) {
      times.push((tx.now.getTime() - noon.getTime()) / 60_000)
      return Promise.resolve()
    },
  }
  // A minute goes by with every chunk that was handled.
  const nowOf = () => new Date(noon.getTime() + times.length * 60_000)
  const reading = { tenantId, subscribers: [slow], nowOf }
  await expect.poll(async () => (await readAll(reading), times), patiently).toEqual([0, 1])
})
