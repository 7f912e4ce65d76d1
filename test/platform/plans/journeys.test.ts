import { beforeAll, describe, expect, test } from 'vitest'
import { queueMessages } from '../../../src/communications/index.ts'
import { advanceRuns } from '../../../src/journeys/advance-runs.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import { placeClaims, recallClaims } from '../../../src/placements/index.ts'
import { createTasks } from '../../../src/tasks/index.ts'
import { bundle, native, webhook } from '../../journeys/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs } from './history.ts'

const it = world()
const limit = 50
// Some rows for each run, and none for those that are not taken.
const most = limit * 5
let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  const main = [
    webhook('one'),
    { type: 'email', bundleId: await bundle(tenant) },
    { type: 'createTask', kind: 'CALL', title: 'Call' },
    { type: 'wait', days: 30 },
  ]
  const body = { name: 'Dunning', document: { paths: { main } } }
  await native(tenant, { method: 'POST', url: '/journeys', body, status: 201 })
  await fill(it, tenant, ['accounts', 'aroundClaims', 'messages', 'runs'])
}, fillingMs)

class Undone extends Error {}

/** What the next tick at a time reads; nothing of it stays. */
async function scansOfTick(now: Date) {
  const { tenantId } = tenant
  const actions = { queueMessages, createTasks, placeClaims, recallClaims }
  const undone = () =>
    inTransaction(it.database.db, { tenantId, now }, async (tx) => {
      expect(await advanceRuns(tx, { actions, limit })).toBe(limit)
      throw new Undone()
    })
  const statements = await statementsOf(() => expect(undone()).rejects.toThrow(Undone))
  return scansOf({ connection: it.database.connection, tenantId }, statements)
}

describe('a tick of journeys reads the runs that it moves on and what is about their claims', () => {
  test.each([
    ['when thousands of runs are due at one moment', '2026-04-02T12:00:00Z'],
    ['when thousands of pauses are over at one moment', '2026-03-21T12:00:00Z'],
  ])('%s', async (_when, now) => {
    const scans = await scansOfTick(new Date(now))
    const read = ['journey_run', 'claim', 'account', 'item', 'claim_last']
    expect([...tablesIn(scans)]).toEqual(expect.arrayContaining(read))
    expectAtMost(most, scans)
  })
})
