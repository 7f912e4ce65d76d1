import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { runTaskList, type TaskList, type WorkerEvents, type WorkerPool } from 'graphile-worker'
import type { GatedPool } from './connections.ts'
import { installJobs } from './install.ts'
import { queueLogger } from './log.ts'
import type { JobsOptions } from './start-jobs.ts'
import type { WorkerLease } from './worker-lease.ts'

interface WorkersOptions extends JobsOptions {
  pool: GatedPool
  lease: WorkerLease
  closeMaxMs: number
}

interface Workers {
  /** How many of them have nothing to do. */
  idle(): number
  /** Ends them; new ones begin soon after. */
  restart(): void
  close(): Promise<void>
}

const restartMs = 2_000
const forceMaxMs = 2_000
// graphile-worker 0.17.3 runs jobs of one queue side by side when it fetches several at once (graphile/worker#621), so
// its local queue fetches one; about 1,000 jobs a second.
const localQueueSize = 1
const localQueueTtlMs = 30_000

/** Runs the queue's workers, and runs new ones should they end by themselves, as they do after a failed statement. */
export function runWorkers(options: WorkersOptions): Workers {
  const { lease, log } = options
  const closing = new AbortController()
  let current = begin()
  return {
    idle: () => current._workers.filter((worker) => worker.getActiveJob() === null).length,
    restart() {
      if (!closing.signal.aborted && !current._shuttingDown) void endWorkers(current, options)
    },
    async close() {
      closing.abort()
      await endWorkers(current, options)
    },
  }

  function begin(): WorkerPool {
    const workers = runTaskList(poolOptions(options), taskList(options), options.pool)
    void workers.promise
      .catch((error: unknown) => log.error({ err: error }, 'The job workers ended'))
      .then(() => replace(workers.id))
    return workers
  }

  /** What the ended workers still held is given back by the reaper, for their lock is free. */
  async function replace(worker: string): Promise<void> {
    await lease.drop(worker)
    while (!closing.signal.aborted) {
      try {
        await sleep(restartMs, undefined, { signal: closing.signal })
        // Refuses a schema that a newer Quittance has changed meanwhile.
        await installJobs(options.ownerPool, log)
        current = begin()
        return
      } catch (error) {
        if (!closing.signal.aborted) log.error({ err: error }, 'The job workers did not start')
      }
    }
  }
}

function poolOptions(options: WorkersOptions): Parameters<typeof runTaskList>[0] {
  return {
    logger: queueLogger(options.log),
    events: listen(options),
    noHandleSignals: true,
    concurrency: options.concurrency,
    // A job that goes on after the signal has a tenth of the time left to stop.
    gracefulShutdownAbortTimeout: options.closeMaxMs * 0.9,
    preset: {
      worker: {
        localQueue: { size: localQueueSize, ttl: localQueueTtlMs },
        // Without batches, a failed statement would be a rejection that nobody handles, and end the process.
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  }
}

function taskList({ tasks }: WorkersOptions): TaskList {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      (payload: unknown, helpers) => task(payload, { signal: helpers.abortSignal }),
    ]),
  ) satisfies TaskList
}

function listen(options: WorkersOptions): WorkerEvents {
  const events: WorkerEvents = new EventEmitter()
  // Before the first job can be taken: the pool's gate is closed until the lock is held.
  events.on('pool:create', ({ workerPool }) => options.lease.add(workerPool.id))
  events.on('job:error', ({ job, error }) => {
    const failure = {
      task: job.task_identifier,
      jobId: job.id,
      attempt: job.attempts,
      attemptsMax: job.max_attempts,
      isFinal: job.attempts >= job.max_attempts,
    }
    const level = failure.isFinal ? 'error' : 'warn'
    options.log[level]({ ...failure, err: error }, 'A job failed')
    options.onFailure?.({ ...failure, error, failedAt: options.now() })
  })
  events.on('job:complete', ({ worker, job }) => {
    if (job.job_queue_id === null) return
    // The next job of its queue is free as soon as this one is marked as done, but nobody is told. The statement for
    // that is sent by an earlier timer, on the same connection as the fetch that this causes.
    setTimeout(() => {
      if (worker.workerPool._active) worker.workerPool.nudge(1)
    }, 1)
  })
  return events
}

async function endWorkers(workers: WorkerPool, options: WorkersOptions): Promise<void> {
  const ended = workers.promise.catch(() => undefined)
  // Its outcome is that of `promise`, too.
  if (!workers._shuttingDown) ignore(workers.gracefulShutdown())
  if (await isWithin(ended, options.closeMaxMs)) return
  options.log.warn({}, 'Jobs that still run are left to be tried again')
  ignore(workers.forcefulShutdown('The process ends'))
  await isWithin(ended, forceMaxMs)
}

function ignore(outcome: unknown): void {
  void Promise.resolve(outcome).catch(() => undefined)
}

async function isWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  try {
    return await Promise.race([
      work.then(() => true),
      sleep(ms, false, { signal: timer.signal }).catch(() => false),
    ])
  } finally {
    timer.abort()
  }
}
