import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { caseState } from '../entities/journey-columns.ts'
import { type Happening, happeningOf, textOf } from './happening.ts'

/** The states that an event names by itself; how a case ended is read from it. */
const states: Readonly<Record<string, string | undefined>> = {
  'event.strategy.assigned': 'RUNNING',
  'event.strategy.paused': 'SUSPENDED',
  'event.strategy.resumed': 'RUNNING',
  'event.strategy.stopped': undefined,
  'event.strategy.finished': undefined,
}
export const dunningEvents = Object.keys(states)

/** A dunning case is the run of a journey on a claim: the newest that had begun when it happened. */
export async function tellDunning(tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> {
  const asked = events.map((event) => ({
    message_id: event.messageId,
    reference: textOf(event, 'claimRef'),
    occurred_at: event.occurredAt,
  }))
  const { rows } = await sql<{ messageId: string; number: number; state: string }>`
    select e.message_id as "messageId", run.number, run.state
    from json_to_recordset(${JSON.stringify(asked)}::json) as e (message_id uuid, reference text, occurred_at timestamptz)
    join claim c on c.tenant_id = ${tx.tenantId} and c.reference = e.reference
    cross join lateral (
      select r.number, ${sql.raw(caseState('r', 'c'))} as state from journey_run r
      where r.tenant_id = ${tx.tenantId} and r.claim_id = c.claim_id and r.journey_id is not null
        and r.started_at <= e.occurred_at
      order by r.started_at desc, r.number desc limit 1) run`.execute(tx.db)
  const runs = new Map(rows.map((row) => [row.messageId, row]))
  return events.flatMap((event) => {
    const run = runs.get(event.messageId)
    if (!run) return []
    const state = states[event.type] ?? run.state
    return [happeningOf(event, { entityId: run.number, state, isNewState: true })]
  })
}
