import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { type KeyedWork, presentWork, runAs } from '../platform/keyed-work.ts'
import { Refusal } from '../platform/refusal.ts'
import { Bookkeeper } from './bookkeeper.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

test('a lane that a request under an Idempotency-Key wakes works as nobody’s keyed work', async () => {
  const tenantId = newId()
  const now = new Date('2026-03-10T12:00:00.000Z')
  const seen: (KeyedWork | undefined)[] = []
  const bookkeeper = new Bookkeeper({
    connection: database.connection,
    lanes: 1,
    queueMax: 10,
    nowOf: () => now,
    // Whoever is told of a batch, such as the readers of its events, begins what it does here.
    onBatch: () => seen.push(presentWork(tenantId)),
  })
  const work = { tenantId, key: 'k', holder: newId(), now, isActed: false, isOver: false }
  const refused = {
    id: newId(),
    tenantId,
    needs: {},
    decide() {
      throw new Refusal('refused', 'invalid', 'Refused')
    },
  }
  await runAs(work, async () => {
    expect(presentWork(tenantId)).toBe(work)
    await bookkeeper.submit(refused)
    await expect.poll(() => seen, { timeout: 10_000 }).toHaveLength(1)
    // What the request itself does afterwards is its own.
    expect(presentWork(tenantId)).toBe(work)
  })
  expect(seen).toEqual([undefined])
  await bookkeeper.close()
})
