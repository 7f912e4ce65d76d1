import type { Logger } from 'pino'

/**
 * Work that becomes due by the clock: promises, journeys, messages. It belongs to tenants, lies in rows of theirs, and
 * may be done by several servers at once.
 */
export interface TimedWork {
  readonly name: string
  /** The tenants for which something is due, each by its own clock; one statement for all of them. */
  tenantsDue(): Promise<readonly string[]>
  /** Does all that is due for a tenant by its clock. Done again it does nothing twice. */
  runDue(tenantId: string, signal: AbortSignal): Promise<void>
  /** When the next of a tenant's pieces that waits is due, overdue ones included; undefined: none waits. */
  nextDueAt(tenantId: string): Promise<Date | undefined>
}

export interface TimedWorkOptions {
  readonly works: readonly TimedWork[]
  readonly log: Logger
  readonly everyMs?: number
}

export interface TimedWorkers {
  /** Looks for due work now. */
  wake(): void
  /** Ends when nothing is due any more. */
  drain(): Promise<void>
  close(): Promise<void>
}

const everyDefaultMs = 2_000

/** Does due work of all tenants now and every two seconds while the server runs. */
export function startTimedWork(options: TimedWorkOptions): TimedWorkers {
  const { works, log } = options
  const closing = new AbortController()
  const running = new Map<TimedWork, Promise<void>>()

  function run(work: TimedWork): Promise<void> {
    const known = running.get(work)
    if (known) return known
    const done = runForAll(work, closing.signal, log).finally(() => running.delete(work))
    running.set(work, done)
    return done
  }

  const wake = () => {
    for (const work of works) void run(work)
  }
  wake()
  const timer = setInterval(wake, options.everyMs ?? everyDefaultMs)
  timer.unref()
  return {
    wake,
    async drain() {
      await Promise.all(running.values())
      await Promise.all(works.map(run))
    },
    async close() {
      closing.abort()
      clearInterval(timer)
      await Promise.all(running.values())
    },
  }
}

/** One tenant's trouble does not keep the others' work waiting. */
async function runForAll(work: TimedWork, signal: AbortSignal, log: Logger): Promise<void> {
  try {
    for (const tenantId of await work.tenantsDue()) {
      if (signal.aborted) return
      await work.runDue(tenantId, signal).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error, work: work.name, tenantId }, 'work failed')
      })
    }
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error, work: work.name }, 'due work could not be found')
  }
}
