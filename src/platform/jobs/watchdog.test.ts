import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/database.ts'
import { newId } from '../../kernel/id.ts'
import { inTransaction } from '../db.ts'
import { enqueueJob, installJobs } from './index.ts'
import { startWatchdog, type Watchdog } from './watchdog.ts'

const waiting = { timeout: 30_000, interval: 10 }

let database: TestDatabase
let watchdog: Watchdog | undefined
beforeAll(async () => {
  database = await testDatabase()
  await installJobs(database.ownerPool)
})
afterEach(async () => {
  await watchdog?.stop()
  await database.ownerPool.query(
    'truncate graphile_worker._private_jobs, graphile_worker._private_job_queues',
  )
})
afterAll(() => database.close())

const add = (task: string, queue: string) =>
  inTransaction(database.db, { tenantId: newId(), now: new Date() }, (tx) =>
    enqueueJob(tx, { task, queue, payload: {} }),
  )

/** Looks that the watchdog took at its workers; it looks twice before it acts. */
function watch(idle: number) {
  const seen = { looks: 0 }
  const restart = vi.fn<() => void>()
  watchdog = startWatchdog({
    ownerPool: database.ownerPool,
    tasks: ['ours'],
    log: { debug() {}, info() {}, warn() {}, error() {} },
    everyMs: 20,
    idle() {
      seen.looks += 1
      return idle
    },
    restart,
  })
  return { seen, restart }
}

const severalLooks = (seen: { looks: number }) =>
  vi.waitFor(() => expect(seen.looks).toBeGreaterThan(10), waiting)

it('workers that leave a due job to itself begin anew', async () => {
  await add('ours', 'queue')
  const { restart } = watch(1)
  await vi.waitFor(() => expect(restart).toHaveBeenCalled(), waiting)
})

it('workers that are all at work are left alone', async () => {
  await add('ours', 'queue')
  const { seen, restart } = watch(0)
  await severalLooks(seen)
  expect(restart).not.toHaveBeenCalled()
})

it('a job of another program, or behind one of its queue, is nobody’s fault', async () => {
  await add('theirs', 'theirs')
  await add('ours', 'busy')
  await database.ownerPool.query(
    `update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'somebody' where queue_name = 'busy'`,
  )
  const { seen, restart } = watch(1)
  await severalLooks(seen)
  expect(restart).not.toHaveBeenCalled()
})
