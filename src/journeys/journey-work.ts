import { sql } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction } from '../platform/db.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import type { JourneyActions } from './actions.ts'
import { advanceRuns, dueRuns } from './advance-runs.ts'
import { bookMeta, type BookMetaDeps } from './book-meta.ts'

export interface JourneyWorkDeps extends BookMetaDeps {
  readonly actions: JourneyActions
  readonly log: Logger
}

const runsAtOnce = 200
const hourMs = 3_600_000

/** Moves runs on when they are due. Any number of workers may do it: a run that one holds the others pass over. */
export function journeyWork(deps: JourneyWorkDeps): TimedWork {
  const { db, clock, nowOf } = deps
  return {
    name: 'journeys',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'journey_tenants_due'),
    async runDue(tenantId, signal) {
      for (;;) {
        if (signal.aborted) return
        const moved = await moveOn(deps, tenantId)
        const booked = await bookMeta(deps, tenantId)
        if (moved + booked === 0) return
      }
    },
    nextDueAt(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, async (tx) => {
        const { rows } = await sql<{ at: Date | null }>`
          select least(
            (select min(next_at) from journey_run where tenant_id = ${tenantId} and status = 'RUNNING'),
            (select min(paused_until) from journey_run where tenant_id = ${tenantId} and status = 'PAUSED')) as at`.execute(
          tx.db,
        )
        return rows[0]?.at ?? undefined
      })
    },
    isUnderWay(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, async (tx) => {
        const { rows } = await sql`
          select 1 from journey_booking where tenant_id = ${tenantId} limit 1`.execute(tx.db)
        return rows.length > 0
      })
    },
  }
}

/** When something in a batch fails, each run is tried by itself, so that none keeps the others waiting. */
async function moveOn(deps: JourneyWorkDeps, tenantId: string): Promise<number> {
  const { db, nowOf, actions, log } = deps
  const unit = { tenantId, now: nowOf(tenantId) }
  try {
    return await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, limit: runsAtOnce }))
  } catch (error) {
    log.warn({ err: error, tenantId }, 'journeys are moved on one by one')
  }
  const due = await inTransaction(db, unit, (tx) => dueRuns(tx, runsAtOnce))
  for (const runId of due) {
    await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, runId, limit: 1 })).catch(
      (error: unknown) => putOff(deps, { ...unit, runId }, error),
    )
  }
  return due.length
}

/** What cannot go on now, such as to an agency that is not known, is tried again in an hour. */
async function putOff(
  { db, log }: JourneyWorkDeps,
  of: { tenantId: string; now: Date; runId: string },
  error: unknown,
): Promise<void> {
  const { tenantId, now, runId } = of
  log.error({ err: error, tenantId, runId }, 'a journey could not go on')
  const later = new Date(now.getTime() + hourMs)
  await inTransaction(db, { tenantId, now }, (tx) =>
    sql`update journey_run set next_at = ${later},
        paused_until = case when status = 'PAUSED' then ${later}::timestamptz end
      where tenant_id = ${tenantId} and run_id = ${runId} and status in ('RUNNING', 'PAUSED')`.execute(
      tx.db,
    ),
  )
}
