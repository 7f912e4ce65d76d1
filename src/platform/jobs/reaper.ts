import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { queueSchema } from './install.ts'
import type { JobLog } from './log.ts'
import { lockKey, type WorkerLease } from './worker-lease.ts'

export interface ReaperOptions {
  ownerPool: pg.Pool
  lease: WorkerLease
  log: JobLog
  sweepEveryMs: number
  /** How long a worker may be without its lock: what it needs to connect again. */
  graceMs: number
}

export interface Reaper {
  stop(): Promise<void>
}

/** Gives back, now and every so often, the jobs that were taken by workers whose process is gone. */
export function startReaper(options: ReaperOptions): Reaper {
  const stopping = new AbortController()
  const running = sweepUntilStopped(options, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function sweepUntilStopped(options: ReaperOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await options.lease.check()
      // Without our own lock we know nothing about others': perhaps PostgreSQL has just started.
      await options.lease.whenHeld()
      await sweep(options, signal)
    } catch (error) {
      if (!signal.aborted) options.log.warn({ err: error }, 'Looking for abandoned jobs failed')
    }
    await sleep(options.sweepEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

async function sweep(options: ReaperOptions, signal: AbortSignal): Promise<void> {
  const { ownerPool, log, graceMs } = options
  const suspects = await findGone(ownerPool)
  if (suspects.length === 0) return
  await sleep(graceMs, undefined, { signal })
  const workers = await unlockGone(ownerPool, suspects)
  if (workers.length === 0) return
  log.warn({ workers }, 'Gave back the jobs of workers whose process is gone')
}

/** Workers that hold a job or a queue although nobody holds their advisory lock. */
async function findGone(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ worker: string }>(`
    with holder as materialized (
      select locked_by as worker from ${queueSchema}._private_jobs where locked_by is not null
      union
      select locked_by from ${queueSchema}._private_job_queues where locked_by is not null)
    select worker from holder where pg_try_advisory_xact_lock(${lockKey('worker')})`)
  return rows.map((row) => row.worker)
}

/** Holds the locks until the commit, so that none of these workers comes back while its jobs are given away. */
async function unlockGone(pool: pg.Pool, suspects: string[]): Promise<string[]> {
  const { rows } = await pool.query<{ workers: string[] }>(
    `with gone as materialized (
      select worker from unnest($1::text[]) as suspect (worker)
      where pg_try_advisory_xact_lock(${lockKey('worker')})),
    list as materialized (select array_agg(worker) as workers from gone having count(*) > 0)
    select workers, ${queueSchema}.force_unlock_workers(workers) from list`,
    [suspects],
  )
  return rows.flatMap((row) => row.workers)
}
