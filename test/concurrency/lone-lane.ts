import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { BatchSeen } from '../../src/book/bookkeeper.ts'
import { Bookkeeper } from '../../src/book/index.ts'
import { createTenant } from '../../src/identity/index.ts'
import { createSealer } from '../../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from '../database.ts'
import { assertBooksBalance } from '../invariants.ts'
import { secretKey } from '../world.ts'

const now = new Date('2026-03-10T12:00:00.000Z')

export interface LoneLane {
  database: TestDatabase
  bookkeeper: Bookkeeper
  /** A new one for each test. */
  tenantId: string
  /** What the bookkeeper told of in the present test. */
  readonly batches: BatchSeen[]
  readonly bugs: unknown[]
}

/** A bookkeeper with one lane for the tests of a file, whose books balance in the end. */
export function loneLane(): LoneLane {
  const it = { batches: [], bugs: [] } as unknown as LoneLane
  beforeAll(async () => {
    it.database = await testDatabase()
    it.bookkeeper = new Bookkeeper({
      connection: it.database.connection,
      lanes: 1,
      queueMax: 100,
      nowOf: () => now,
      onBatch: (batch) => it.batches.push(batch),
      onBug: (error) => it.bugs.push(error),
    })
  })
  afterAll(async () => {
    await it.bookkeeper.close()
    await assertBooksBalance(it.database.ownerPool)
    await it.database.close()
  })
  beforeEach(async () => {
    const sealer = createSealer(secretKey)
    const tenant = { name: 'T', isSandbox: false }
    const created = await createTenant(it.database.db, tenant, { now: () => now, sealer })
    it.tenantId = created.tenantId
    it.batches.length = 0
    it.bugs.length = 0
  })
  return it
}
