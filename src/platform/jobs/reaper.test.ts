import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Pool } from 'pg'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/database.ts'
import { newId } from '../../kernel/id.ts'
import { createOwnerPool, inTransaction } from '../db.ts'
import { enqueueJob, installJobs, startJobs, type Jobs, type JobsOptions } from './index.ts'

const now = () => new Date('2026-03-01T12:00:00Z')
const waiting = { timeout: 30_000, interval: 10 }
const source = path.resolve(import.meta.dirname, '../..')
const compiled = fs.mkdtempSync(path.join(os.tmpdir(), 'quittance-jobs-'))

let database: TestDatabase
// Two runners share it; to begin anew each takes two connections at once, as a server's own pool allows.
let jobsPool: Pool
const started: Jobs[] = []
const children: ChildProcess[] = []
beforeAll(async () => {
  database = await testDatabase()
  jobsPool = createOwnerPool(database.connection, 8)
  await installJobs(database.ownerPool)
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(started.splice(0).map((jobs) => jobs.close()))
  await database.ownerPool.query(
    'truncate graphile_worker._private_jobs, graphile_worker._private_job_queues',
  )
})
afterAll(async () => {
  fs.rmSync(compiled, { recursive: true, force: true })
  await jobsPool.end()
  await database.close()
})

function silence() {
  return { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
}

async function start(tasks: JobsOptions['tasks'], more: Partial<JobsOptions> = {}): Promise<Jobs> {
  const log = silence()
  const jobs = await startJobs({
    ownerPool: jobsPool,
    tasks,
    concurrency: 2,
    log,
    now,
    sweepEveryMs: 50,
    graceMs: 100,
    ...more,
  })
  started.push(jobs)
  return jobs
}

function add(job: { task: string; queue?: string }): Promise<void> {
  return inTransaction(database.db, { tenantId: newId(), now: now() }, (tx) =>
    enqueueJob(tx, { ...job, payload: {} }),
  )
}

async function countJobs(task: string): Promise<number> {
  const { rows } = await database.ownerPool.query(
    'select from graphile_worker.jobs where task_identifier = $1',
    [task],
  )
  return rows.length
}

/** Marks every free job, and its queue, as taken by a worker whose lock nobody holds. */
async function abandon(worker: string): Promise<void> {
  for (const table of ['_private_jobs', '_private_job_queues']) {
    await database.ownerPool.query(
      `update graphile_worker.${table} set locked_by = $1, locked_at = now() where locked_by is null`,
      [worker],
    )
  }
}

/** Only a sweep can set free what this waits for, so one begins and ends meanwhile. */
async function waitForSweep(): Promise<void> {
  await add({ task: 'abandoned' })
  await database.ownerPool.query(
    `update graphile_worker._private_jobs j set locked_by = 'pool-gone', locked_at = now()
      from graphile_worker._private_tasks t where t.id = j.task_id and t.identifier = 'abandoned'`,
  )
  await vi.waitFor(async () => expect(await countJobs('abandoned')).toBe(0), waiting)
}

/** A process of its own that does jobs, says when it has begun one, and never ends it. */
async function startWorkerProcess(): Promise<ChildProcess> {
  for (const directory of ['kernel', 'platform', 'platform/jobs']) compile(directory)
  fs.writeFileSync(path.join(compiled, 'package.json'), '{"type":"module"}')
  fs.symlinkSync(path.resolve(source, '../node_modules'), path.join(compiled, 'node_modules'))
  const program = path.join(compiled, 'worker.js')
  fs.writeFileSync(
    program,
    `import { createOwnerPool } from './platform/db.js'
    import { startJobs } from './platform/jobs/index.js'
    const log = { debug() {}, info() {}, warn: console.error, error: console.error }
    const hang = () => { console.log('begun'); return new Promise(() => {}) }
    await startJobs({
      ownerPool: createOwnerPool(JSON.parse(process.argv[2]), 2),
      tasks: { slow: hang }, concurrency: 1, log, now: () => new Date(),
    })`,
  )
  const child = spawn(process.execPath, [program, JSON.stringify(database.connection)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

function compile(directory: string): void {
  fs.mkdirSync(path.join(compiled, directory), { recursive: true })
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    rewriteRelativeImportExtensions: true,
  }
  for (const name of fs.readdirSync(path.join(source, directory))) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue
    const text = fs.readFileSync(path.join(source, directory, name), 'utf8')
    const { outputText } = ts.transpileModule(text, { compilerOptions })
    fs.writeFileSync(path.join(compiled, directory, name.replace(/\.ts$/, '.js')), outputText)
  }
}

describe('the reaper', () => {
  it('gives back the job and the queue of a worker that is gone', async () => {
    await add({ task: 'abandoned', queue: 'q' })
    await add({ task: 'abandoned' })
    await abandon('pool-0123')
    await start({ abandoned: async () => {} })
    await vi.waitFor(async () => expect(await countJobs('abandoned')).toBe(0), waiting)
  })

  it('has the job of a killed process done again within seconds', async () => {
    await add({ task: 'slow', queue: 'q' })
    const child = await startWorkerProcess()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const since = performance.now()
    await start({ slow: async () => {} }, { sweepEveryMs: 1_000 })
    await vi.waitFor(async () => expect(await countJobs('slow')).toBe(0), waiting)
    expect(performance.now() - since).toBeLessThan(8_000)
  })

  it('never takes the job of a worker that lives', async () => {
    let begun = 0
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const slow = () => {
      begun += 1
      return ended
    }
    await start({ slow }, { sweepEveryMs: 60_000 })
    await add({ task: 'slow' })
    await vi.waitFor(() => expect(begun).toBe(1), waiting)
    await start({ slow, abandoned: async () => {} })
    await waitForSweep()
    await waitForSweep()
    expect(begun).toBe(1)
    end()
    await vi.waitFor(async () => expect(await countJobs('slow')).toBe(0), waiting)
    expect(begun).toBe(1)
  })

  it('leaves a living worker its job when its connection breaks, and it comes back', async () => {
    let begun = 0
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const slow = () => {
      begun += 1
      return ended
    }
    await start({ slow })
    await add({ task: 'slow' })
    await vi.waitFor(() => expect(begun).toBe(1), waiting)
    await start({ slow, abandoned: async () => {} }, { graceMs: 500, watchEveryMs: 1_000 })
    // Every connection of both processes: the leases', the listeners' and those that work.
    const { rows } = await database.ownerPool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'quittance-jobs%' and datname = current_database()`,
    )
    expect(rows.length).toBeGreaterThanOrEqual(4)
    await waitForSweep()
    expect(begun).toBe(1)
    end()
    await vi.waitFor(async () => expect(await countJobs('slow')).toBe(0), waiting)
    expect(begun).toBe(1)
  })

  it('gives a job to new workers when theirs ended because it could not be marked as done', async () => {
    const { ownerPool } = database
    await ownerPool.query(`create function refuse() returns trigger language plpgsql
      as $$ begin raise exception 'not now'; end $$`)
    await ownerPool.query(`create trigger refuse before delete on graphile_worker._private_jobs
      for each row execute function refuse()`)
    let begun = 0
    const slow = async () => {
      begun += 1
    }
    const log = silence()
    await start({ slow }, { log })
    await add({ task: 'slow' })
    await vi.waitFor(() => {
      expect(log.error).toHaveBeenCalledWith(expect.anything(), 'The job workers ended')
    }, waiting)
    expect(begun).toBe(1)
    await ownerPool.query('drop trigger refuse on graphile_worker._private_jobs')
    await vi.waitFor(async () => expect(await countJobs('slow')).toBe(0), waiting)
    expect(begun).toBe(2)
  })
})
