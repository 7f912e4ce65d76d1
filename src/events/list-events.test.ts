import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { type Scan, scansOf, statementsOf } from '../../test/platform/plans/explain.ts'
import { newId } from '../kernel/id.ts'
import { createReader, type Reader } from '../platform/reader.ts'
import { listEvents } from './list-events.ts'

const type = 'event.note.created'
const date = '2026-03-10'
let database: TestDatabase
let reader: Reader
// An older transaction of another test file may hold the reading up.
const patiently = { timeout: 20_000 }

beforeAll(async () => {
  database = await testDatabase()
  reader = createReader(database.connection, 1)
})
afterAll(async () => {
  await reader.close()
  await database.close()
})

async function newTenant(): Promise<string> {
  const tenantId = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
  return tenantId
}

interface Note {
  readonly n: number
  readonly time: string
  /** Absent: the number of its own transaction. */
  readonly xid?: number
}

const write = (tenantId: string, { n, time, xid }: Note) =>
  database.ownerPool.query(
    `insert into quittance.event (tenant_id, xid, message_id, type, data, occurred_at)
     values ($1, coalesce($2::text::xid8, pg_current_xact_id()), gen_random_uuid(), $3, $4, $5)`,
    [tenantId, xid, type, { n }, `${date}T${time}Z`],
  )
async function pageOf(tenantId: string, page: number, limit = 2): Promise<number[]> {
  const { events } = await listEvents(reader, tenantId, { type, date, limit, page })
  return events.map(({ data }) => Number(data['n']))
}

test('an event that is committed later with an older instant shifts no page that was read', async () => {
  const tenantId = await newTenant()
  for (const [n, time] of ['10:00', '10:01', '10:02', '10:03'].entries())
    await write(tenantId, { n, time })
  await expect.poll(() => pageOf(tenantId, 2), patiently).toEqual([2, 3])
  expect(await pageOf(tenantId, 1)).toEqual([0, 1])
  await write(tenantId, { n: 4, time: '09:00' })
  await expect.poll(() => pageOf(tenantId, 3), patiently).toEqual([4])
  expect(await pageOf(tenantId, 1)).toEqual([0, 1])
  expect(await pageOf(tenantId, 2)).toEqual([2, 3])
})

test('events keep the order of their transactions when the numbers of those grow by a digit', async () => {
  const tenantId = await newTenant()
  for (const xid of [100, 99, 10, 9]) await write(tenantId, { n: xid, time: '10:00', xid })
  expect(await pageOf(tenantId, 1, 3)).toEqual([9, 10, 99])
  expect(await pageOf(tenantId, 2, 3)).toEqual([100])
})

const [perDay, days] = [500, 30]

test('a page fetches the events that are on it, and sorts no other day', async () => {
  const tenantId = await newTenant()
  await database.ownerPool.query(
    `insert into quittance.event (tenant_id, xid, message_id, type, data, occurred_at)
     select $1::uuid, '3', gen_random_uuid(), $2, '{}', timestamptz '2026-03-01 00:00Z' + day * interval '1 day'
     from generate_series(0, $3::integer - 1) as day cross join generate_series(1, $4::integer)`,
    [tenantId, type, days, perDay],
  )
  await database.ownerPool.query('vacuum analyze quittance.event')
  const noted = await statementsOf(() => pageOf(tenantId, 3, 10))
  const page = noted.find(({ text }) => text.includes('limit'))
  const scans = await scansOf({ connection: database.connection, tenantId }, page ? [page] : [])
  const touchedBy = (index: string) =>
    scans.filter((scan: Scan) => scan.index === index).map(({ touched }) => touched)
  expect(scans).toHaveLength(2)
  expect(touchedBy('event_by_type')).toEqual([perDay])
  expect(touchedBy('event_pkey')).toEqual([10])
})
