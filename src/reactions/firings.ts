import { type RawBuilder, sql } from 'kysely'
import type { Companion } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type Action, isBookAction } from './actions.ts'
import type { ActionResult } from './schema.ts'

/** A firing with something left to do. */
export interface Firing {
  readonly firingId: string
  readonly reactionId: string
  readonly reactionName: string
  readonly eventType: string
  readonly claimId: string | null
  readonly claimReference: string | null
  readonly accountReference: string | null
  readonly context: Record<string, unknown>
  readonly chain: readonly string[]
  readonly actions: readonly Action[]
  /** How many of them are over. */
  readonly done: number
  readonly attempts: number
}

export const firingColumns = sql`f.firing_id as "firingId", f.reaction_id as "reactionId", f.reaction_name as "reactionName",
  f.event_type as "eventType", f.claim_id as "claimId", f.claim_reference as "claimReference",
  f.account_reference as "accountReference", f.context, f.chain, f.actions, f.done, f.attempts`

/** What may be done now: what is due, on each claim in the order in which it fired. */
export function isDue(tx: Tx): RawBuilder<unknown> {
  return sql`f.tenant_id = ${tx.tenantId} and f.status = 'WAITING' and f.due_at <= ${tx.now}
    and not exists (select from reaction_firing e where e.tenant_id = f.tenant_id and e.claim_id = f.claim_id
      and e.status = 'WAITING' and e.firing_id < f.firing_id)`
}

export type Outcome = Pick<ActionResult, 'outcome' | 'detail'>

/** What stands in a firing's row after its next action. */
function afterNext(firing: Firing, { outcome, detail }: Outcome, now: Date) {
  const { firingId, actions, done } = firing
  const isOver = done + 1 >= actions.length
  const result: ActionResult = {
    action: done + 1,
    type: actions[done]?.type ?? '',
    outcome,
    ...(detail === undefined ? {} : { detail: detail.slice(0, 500) }),
    at: now.toISOString(),
  }
  return {
    firing_id: firingId,
    done: done + 1,
    is_booking: isBookAction(actions[done + 1]),
    result,
    outcome,
    ended_at: isOver ? now.toISOString() : null,
  }
}

// Who comes too late, because another did the same action, changes nothing. What a trigger was called with may be personal;
// it goes with the last action.
const saveText = `
update reaction_firing f set done = r.done, is_booking = r.is_booking, results = f.results || r.result, attempts = 0,
  leased_until = null, ended_at = r.ended_at, context = case when r.ended_at is null then f.context else '{}' end,
  status = case when r.ended_at is null then 'WAITING'
    when (f.results || r.result) @> '[{"outcome": "failed"}]' then 'FAILED' else 'DONE' end
from jsonb_to_recordset($2::jsonb) as r(firing_id uuid, done integer, is_booking boolean, result jsonb,
  ended_at timestamptz)
where f.tenant_id = $1 and f.firing_id = r.firing_id and f.done = r.done - 1 and f.status = 'WAITING'`

export interface Settled {
  readonly firing: Firing
  readonly outcome: Outcome
}

/** The statement that notes what became of the next action of firings, for the transaction that did it. */
export function settling(
  { tenantId, now }: { tenantId: string; now: Date },
  settled: readonly Settled[],
): Companion {
  const rows = settled.map(({ firing, outcome }) => afterNext(firing, outcome, now))
  return { text: saveText, values: [tenantId, JSON.stringify(rows)] }
}
