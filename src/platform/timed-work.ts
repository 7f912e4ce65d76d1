import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Tables } from './tables.ts'

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
  /** Whether somebody holds pieces that were due, under a lease: they are done, or free again, before long. */
  isUnderWay?(tenantId: string): Promise<boolean>
}

/** The tenants for which the SQL function of this name, one for each kind of work, finds something due. */
export async function tenantsDueBy(
  { db, clock }: { readonly db: Kysely<Tables>; readonly clock: () => Date },
  name: `${string}_tenants_due`,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select ${sql.ref(name)}(${clock()}) as id`.execute(db)
  return rows.map(({ id }) => id)
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
  /** Leaves a tenant's work to `work` alone, as far as this process is concerned, and answers what it answers. */
  without<T>(tenantId: string, work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

const everyDefaultMs = 2_000

/** Does due work of all tenants now and every two seconds while the server runs. */
export function startTimedWork(options: TimedWorkOptions): TimedWorkers {
  const { works, log } = options
  const closing = new AbortController()
  const running = new Map<TimedWork, Promise<void>>()
  const leftOut = new Map<string, number>()

  function run(work: TimedWork): Promise<void> {
    const known = running.get(work)
    if (known) return known
    const isLeftOut = (tenantId: string) => leftOut.has(tenantId)
    const done = runForAll(work, { signal: closing.signal, log, isLeftOut }).finally(() =>
      running.delete(work),
    )
    running.set(work, done)
    return done
  }

  function leaveOut(tenantId: string, by: 1 | -1): void {
    const count = (leftOut.get(tenantId) ?? 0) + by
    if (count === 0) leftOut.delete(tenantId)
    else leftOut.set(tenantId, count)
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
    async without(tenantId, work) {
      leaveOut(tenantId, 1)
      try {
        // Whatever began before may be about this tenant.
        await Promise.all(running.values())
        return await work()
      } finally {
        leaveOut(tenantId, -1)
      }
    },
    async close() {
      closing.abort()
      clearInterval(timer)
      await Promise.all(running.values())
    },
  }
}

interface Running {
  readonly signal: AbortSignal
  readonly log: Logger
  readonly isLeftOut: (tenantId: string) => boolean
}

/** One tenant's trouble does not keep the others' work waiting. */
async function runForAll(work: TimedWork, { signal, log, isLeftOut }: Running): Promise<void> {
  try {
    for (const tenantId of await work.tenantsDue()) {
      if (signal.aborted) return
      if (isLeftOut(tenantId)) continue
      await work.runDue(tenantId, signal).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error, work: work.name, tenantId }, 'work failed')
      })
    }
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error, work: work.name }, 'due work could not be found')
  }
}
