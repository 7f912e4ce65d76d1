import type pg from 'pg'
import { GatedPool, openClient } from './connections.ts'
import type { JobLog } from './log.ts'
import { startReaper } from './reaper.ts'
import { startWatchdog } from './watchdog.ts'
import { WorkerLease } from './worker-lease.ts'
import { runWorkers } from './workers.ts'

/** Does one job; a rejection means that it is tried again later. The signal says that the process wants to end. */
export type JobTask = (payload: unknown, helpers: { signal: AbortSignal }) => Promise<void>

export interface JobFailure {
  task: string
  jobId: string
  attempt: number
  attemptsMax: number
  /** No further attempt follows. */
  isFinal: boolean
  error: unknown
  failedAt: Date
}

export interface JobsOptions {
  ownerPool: pg.Pool
  tasks: Readonly<Record<string, JobTask>>
  /** How many jobs this process does at a time. */
  concurrency: number
  log: JobLog
  now: () => Date
  onFailure?: (failure: JobFailure) => void
  sweepEveryMs?: number
  watchEveryMs?: number
  graceMs?: number
  closeMaxMs?: number
}

export interface Jobs {
  /** Takes no further job and waits for those that run; one that does not end in time is left to be tried again. */
  close(): Promise<void>
}

const leaseTimeoutMs = 5_000
// PostgreSQL would notice only after two hours that a machine lost its power, and hold its locks until then.
const leaseSettings =
  'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3'
const sweepEveryMsDefault = 10_000
const watchEveryMsDefault = 10_000
const graceMsDefault = 3_000
const closeMaxMsDefault = 10_000
// One connection listens; all else goes through the other, in order: see `runWorkers`.
const connections = 2

/** Does the jobs of these tasks in this process, and gives back the jobs of processes that are gone. */
export async function startJobs(options: JobsOptions): Promise<Jobs> {
  const { ownerPool, log } = options
  const lease = new WorkerLease(() => openLeaseClient(ownerPool), log)
  const pool = new GatedPool(ownerPool, {
    name: 'quittance-jobs',
    max: connections,
    gate: () => lease.whenHeld(),
  })
  const closeMaxMs = options.closeMaxMs ?? closeMaxMsDefault
  const workers = runWorkers({ ...options, pool, lease, closeMaxMs })
  await lease.whenHeld()
  const reaper = startReaper({
    ownerPool,
    lease,
    log,
    sweepEveryMs: options.sweepEveryMs ?? sweepEveryMsDefault,
    graceMs: options.graceMs ?? graceMsDefault,
  })
  const watchdog = startWatchdog({
    ownerPool,
    tasks: Object.keys(options.tasks),
    log,
    everyMs: options.watchEveryMs ?? watchEveryMsDefault,
    idle: () => workers.idle(),
    restart: () => workers.restart(),
  })
  let closing: Promise<void> | undefined
  return { close: () => (closing ??= closeAll()) }

  async function closeAll(): Promise<void> {
    lease.stop()
    await watchdog.stop()
    await reaper.stop()
    await workers.close()
    // A connection that a hanging job left in use does not hold up the end of the process.
    void pool.end().catch(() => undefined)
    await lease.close()
  }
}

async function openLeaseClient(ownerPool: pg.Pool): Promise<pg.Client> {
  const client = await openClient(ownerPool, {
    name: 'quittance-jobs-lease',
    timeoutMs: leaseTimeoutMs,
  })
  await client.query(leaseSettings)
  return client
}
