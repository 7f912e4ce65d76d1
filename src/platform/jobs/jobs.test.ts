import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/database.ts'
import { newId } from '../../kernel/id.ts'
import { inTransaction, type Tx } from '../db.ts'
import {
  enqueueJob,
  installJobs,
  startJobs,
  type JobFailure,
  type JobLog,
  type Jobs,
  type JobsOptions,
  type NewJob,
} from './index.ts'

const now = () => new Date('2026-03-01T12:00:00Z')
const waiting = { timeout: 30_000, interval: 10 }

let database: TestDatabase
const started: Jobs[] = []
beforeAll(async () => {
  database = await testDatabase()
  await installJobs(database.ownerPool)
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((jobs) => jobs.close()))
  await database.ownerPool.query(
    'truncate graphile_worker._private_jobs, graphile_worker._private_job_queues',
  )
})
afterAll(() => database.close())

function silence() {
  return { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() } satisfies JobLog
}

async function start(tasks: JobsOptions['tasks'], more: Partial<JobsOptions> = {}): Promise<Jobs> {
  const { ownerPool } = database
  const log = silence()
  const jobs = await startJobs({ ownerPool, tasks, concurrency: 4, log, now, ...more })
  started.push(jobs)
  return jobs
}

function within<R>(work: (tx: Tx) => Promise<R>): Promise<R> {
  return inTransaction(database.db, { tenantId: newId(), now: now() }, work)
}

function add(...jobs: NewJob[]): Promise<void> {
  return within(async (tx) => {
    for (const job of jobs) await enqueueJob(tx, job)
  })
}

interface JobRow {
  key: string | null
  task_identifier: string
  attempts: number
  max_attempts: number
  locked_by: string | null
  last_error: string | null
}

async function jobRows(): Promise<JobRow[]> {
  const { rows } = await database.ownerPool.query<JobRow>(
    'select key, task_identifier, attempts, max_attempts, locked_by, last_error from graphile_worker.jobs order by id',
  )
  return rows
}

/** A promise, and what settles it. */
function latch(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('adding a job', () => {
  it('leaves nothing behind when its transaction rolls back', async () => {
    const failing = within(async (tx) => {
      await enqueueJob(tx, { task: 'mail', payload: {}, queue: 'q' })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await jobRows()).toEqual([])
  })

  it('takes the place of a waiting job with the same key', async () => {
    const done: unknown[] = []
    await add({ task: 'mail', payload: { n: 1 }, jobKey: 'k' })
    await add({ task: 'mail', payload: { n: 2 }, jobKey: 'k' })
    await start({ mail: async (payload) => void done.push(payload) })
    await vi.waitFor(async () => expect(await jobRows()).toEqual([]), waiting)
    expect(done).toEqual([{ n: 2 }])
  })

  it('is not lost when a worker takes the waiting job at the same moment', async () => {
    await add({ task: 'mail', payload: {}, jobKey: 'k' })
    const worker = await database.ownerPool.connect()
    try {
      await worker.query('begin')
      await worker.query(
        `update graphile_worker._private_jobs set locked_by = 'pool-other', locked_at = now() where key = 'k'`,
      )
      const adding = add({ task: 'mail', payload: {}, jobKey: 'k' })
      await vi.waitFor(async () => {
        const { rows } = await worker.query(`select from pg_locks where not granted`)
        expect(rows).not.toEqual([])
      }, waiting)
      await worker.query('commit')
      await adding
    } finally {
      worker.release()
    }
    expect(await jobRows()).toMatchObject([
      { key: null, locked_by: 'pool-other' },
      { key: 'k', locked_by: null },
    ])
  })

  it('refuses a payload that is too long', async () => {
    const adding = add({ task: 'mail', payload: { text: 'x'.repeat(70_000) } })
    await expect(adding).rejects.toThrow('payload of mail is too long')
  })
})

describe('the application role', () => {
  it('may not touch the schema of the queue', async () => {
    for (const statement of [
      'select id from graphile_worker.jobs',
      'delete from graphile_worker._private_jobs',
      `select graphile_worker.add_job('mail')`,
      `select graphile_worker.force_unlock_workers('{}')`,
    ]) {
      await expect(database.appPool.query(statement)).rejects.toMatchObject({ code: '42501' })
    }
  })

  it('is the only one but the owner who may add a job', async () => {
    const { rows } = await database.ownerPool.query(
      `select grantee::regrole::text from pg_proc, aclexplode(proacl)
        where oid = 'quittance.enqueue_job'::regproc and grantee <> proowner`,
    )
    expect(rows).toEqual([{ grantee: 'quittance_app' }])
  })
})

describe('installing the queue', () => {
  it('may be repeated, and by two servers at once', async () => {
    const other = await testDatabase()
    try {
      await Promise.all([1, 2, 3].map(() => installJobs(other.ownerPool)))
      await installJobs(other.ownerPool)
    } finally {
      await other.close()
    }
  })
})

describe('doing jobs', () => {
  it('does each once, though two processes look for them', async () => {
    const done: unknown[] = []
    const mail = async (payload: unknown) => void done.push(payload)
    await Promise.all([start({ mail }), start({ mail })])
    const payloads = Array.from({ length: 50 }, (_, n) => ({ n }))
    await add(...payloads.map((payload) => ({ task: 'mail', payload })))
    await vi.waitFor(async () => expect(await jobRows()).toEqual([]), waiting)
    expect(done).toHaveLength(50)
    expect(new Set(done.map((payload) => JSON.stringify(payload))).size).toBe(50)
  })

  it('does those of one queue one at a time, in the order of their adding', async () => {
    const done: unknown[] = []
    let running = 0
    let runningMax = 0
    const mail = async (payload: unknown) => {
      running += 1
      runningMax = Math.max(runningMax, running)
      await sleep(2)
      done.push(payload)
      running -= 1
    }
    const payloads = Array.from({ length: 12 }, (_, n) => ({ n }))
    await add(...payloads.map((payload) => ({ task: 'mail', payload, queue: 'one' })))
    const since = performance.now()
    await Promise.all([start({ mail }), start({ mail })])
    await vi.waitFor(async () => expect(await jobRows()).toEqual([]), waiting)
    expect(done).toEqual(payloads)
    expect(runningMax).toBe(1)
    // The next is begun when the last is done, not at the next look into the table, 2 s later.
    expect(performance.now() - since).toBeLessThan(4_000)
  })

  it('does one again that is added with its key while it runs', async () => {
    const first = latch()
    const done: unknown[] = []
    await start({
      async mail(payload) {
        done.push(payload)
        if (done.length === 1) await first.opened
      },
    })
    await add({ task: 'mail', payload: { n: 1 }, jobKey: 'k', queue: 'q' })
    await vi.waitFor(() => expect(done).toHaveLength(1), waiting)
    await add({ task: 'mail', payload: { n: 2 }, jobKey: 'k', queue: 'q' })
    expect(await jobRows()).toHaveLength(2)
    expect(done).toHaveLength(1)
    first.open()
    await vi.waitFor(async () => expect(await jobRows()).toEqual([]), waiting)
    expect(done).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('leaves one alone until its time, and one whose task it does not know', async () => {
    const done: unknown[] = []
    await add({ task: 'mail', payload: {}, runAt: new Date('2099-01-01T00:00:00Z') })
    await add({ task: 'unknown', payload: {} })
    await add({ task: 'mail', payload: { n: 1 } })
    await start({ mail: async (payload) => void done.push(payload) })
    await vi.waitFor(async () => expect(await jobRows()).toHaveLength(2), waiting)
    expect(done).toEqual([{ n: 1 }])
  })

  it('reports one that fails, and tries it again later', async () => {
    const failures: JobFailure[] = []
    const log = silence()
    let attempts = 0
    const mail = async () => {
      attempts += 1
      if (attempts === 1) throw new Error('no mail server')
    }
    await start({ mail }, { log, onFailure: (failure) => failures.push(failure) })
    await add({ task: 'mail', payload: { name: 'Secret' } })
    await vi.waitFor(
      async () => expect(await jobRows()).toMatchObject([{ last_error: 'no mail server' }]),
      waiting,
    )
    expect(failures).toEqual([
      {
        task: 'mail',
        jobId: expect.any(String),
        attempt: 1,
        attemptsMax: 25,
        isFinal: false,
        error: new Error('no mail server'),
        failedAt: now(),
      },
    ])
    const { rows } = await database.ownerPool.query<{ is_later: boolean }>(
      `select run_at > now() + interval '1 second' as is_later from graphile_worker.jobs`,
    )
    expect(rows).toEqual([{ is_later: true }])
    await vi.waitFor(async () => expect(await jobRows()).toEqual([]), waiting)
    expect(attempts).toBe(2)
    expect(log.warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ task: 'mail', err: new Error('no mail server') }),
      'A job failed',
    )
    expect(JSON.stringify(Object.values(log).map((write) => write.mock.calls))).not.toContain(
      'Secret',
    )
  })
})

describe('closing', () => {
  it('waits for a job that runs, and takes no other', async () => {
    const first = latch()
    const done: string[] = []
    const jobs = await start({
      async mail() {
        done.push('begun')
        await first.opened
        done.push('ended')
      },
    })
    await add({ task: 'mail', payload: {} })
    await vi.waitFor(() => expect(done).toEqual(['begun']), waiting)
    const closing = jobs.close()
    await add({ task: 'mail', payload: {} })
    first.open()
    await closing
    expect(done).toEqual(['begun', 'ended'])
    expect(await jobRows()).toMatchObject([{ attempts: 0, locked_by: null }])
  })

  it('leaves a job that does not end to be tried again', async () => {
    let signalled = false
    let isBegun = false
    const jobs = await start(
      {
        mail: (_payload, { signal }) => {
          isBegun = true
          signal.addEventListener('abort', () => {
            signalled = true
          })
          return new Promise(() => {})
        },
      },
      { closeMaxMs: 200 },
    )
    await add({ task: 'mail', payload: {} })
    await vi.waitFor(() => expect(isBegun).toBe(true), waiting)
    await jobs.close()
    expect(signalled).toBe(true)
    expect(await jobRows()).toMatchObject([{ attempts: 1, locked_by: null }])
  })
})
