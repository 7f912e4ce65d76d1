import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { queueSchema } from './install.ts'
import type { JobLog } from './log.ts'

export interface WatchdogOptions {
  readonly ownerPool: pg.Pool
  /** The names of the jobs that this process does. */
  readonly tasks: readonly string[]
  readonly log: JobLog
  readonly everyMs: number
  /** How many of the workers have nothing to do. */
  idle(): number
  /** Ends the workers and begins new ones. */
  restart(): void
}

export interface Watchdog {
  stop(): Promise<void>
}

/**
 * Begins the workers anew when a job is due at two looks in a row that one of them could do and none took: a runner
 * whose connections broke while it was starting may wait for a notice that nobody sends any more.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const stopping = new AbortController()
  const running = watchUntilStopped(options, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function watchUntilStopped(options: WatchdogOptions, signal: AbortSignal): Promise<void> {
  const { everyMs, log } = options
  let before: readonly string[] = []
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const overdue = options.idle() > 0 ? await findOverdue(options) : []
      const ignored = overdue.filter((id) => before.includes(id))
      before = overdue
      if (ignored.length === 0 || options.idle() === 0) continue
      log.error({ jobs: ignored }, 'Due jobs are not taken: the job workers begin anew')
      before = []
      options.restart()
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'Looking for overdue jobs failed')
    }
  }
}

const jobsMax = 100

/** Jobs of ours that are due since the last look and that nobody holds up: neither a worker nor another of their queue. */
async function findOverdue({ ownerPool, tasks, everyMs }: WatchdogOptions): Promise<string[]> {
  const { rows } = await ownerPool.query<{ id: string }>(
    `select j.id::text as id from ${queueSchema}._private_jobs j
    join ${queueSchema}._private_tasks t on t.id = j.task_id
    left join ${queueSchema}._private_job_queues q on q.id = j.job_queue_id
    where t.identifier = any($1) and j.is_available and coalesce(q.is_available, true)
      and j.run_at <= now() - $2 * interval '1 millisecond'
    order by j.id limit ${jobsMax}`,
    [tasks, everyMs],
  )
  return rows.map(({ id }) => id)
}
