import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { caseState } from '../entities/journey-columns.ts'
import { textOf } from './happening.ts'

export interface FoundRun {
  readonly runId: string
  /** The id of the dunning case. */
  readonly number: number
  /** How the case stands at this moment. */
  readonly state: string
}

/** The events that say that the way of a claim through a journey is over. */
export const endEvents: readonly string[] = ['event.strategy.stopped', 'event.strategy.finished']

/**
 * The run of a journey that each event is about, by the event's id: of one that ends, the run that ended then; otherwise the
 * newest of the claim that had begun.
 */
export async function runsOf(
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<string, FoundRun>> {
  if (events.length === 0) return new Map()
  const asked = events.map((event) => ({
    event_id: event.messageId,
    reference: textOf(event, 'claimRef'),
    occurred_at: event.occurredAt,
    is_end: endEvents.includes(event.type),
  }))
  // Where one run takes the place of another at once, both begin and end at the same instant.
  const { rows } = await sql<FoundRun & { eventId: string }>`
    select e.event_id as "eventId", run.run_id as "runId", run.number, run.state
    from json_to_recordset(${JSON.stringify(asked)}::json)
      as e (event_id uuid, reference text, occurred_at timestamptz, is_end boolean)
    cross join lateral (
      select t.claim_id, t.status, t.resolution_reason from claim t
      where t.tenant_id = ${tx.tenantId} and t.reference = e.reference offset 0) c
    cross join lateral (
      select r.run_id, r.number, ${sql.raw(caseState('r', 'c'))} as state from journey_run r
      where r.tenant_id = ${tx.tenantId} and r.claim_id = c.claim_id and r.journey_id is not null
        and r.started_at <= e.occurred_at
      order by coalesce(e.is_end and r.ended_at = e.occurred_at, false) desc, r.started_at desc, r.number desc
      limit 1) run`.execute(tx.db)
  return new Map(rows.map((row) => [row.eventId, row]))
}
