import type { Desk } from './desk.ts'
import type { Json, JourneyRun } from './model.ts'
import { msOf, over, overLists, type Statement } from './statement.ts'

/** How the runs of journeys are kept. Batches in which nobody asks for them send none of these statements. */

// The newest run of a claim says where it stands: a run that begins ends the one before it. A worker that moves a run on
// holds its row for a moment and never waits for an account, so waiting for it here ends.
export const loadRuns = overLists(
  { claims: 't uuid, r text' },
  ({ claims }) => `
select r.tenant_id as "tenantId", r.run_id as "runId", r.claim_id as "claimId", r.journey_id as "journeyId",
  r.journey_name as "journeyName", r.version, r.status, r.state, ${msOf('r.next_at')} as "nextAtMs",
  ${msOf('r.started_at')} as "startedAtMs", ${msOf('r.paused_at')} as "pausedAtMs",
  ${msOf('r.paused_until')} as "pausedUntilMs", ${msOf('r.ended_at')} as "endedAtMs", r.end_reason as "endReason"
from ${claims} join claim c on c.tenant_id = w.t and c.reference = w.r
join journey_run r on r.tenant_id = c.tenant_id and r.claim_id = c.claim_id
where not exists (select from journey_run n where n.tenant_id = r.tenant_id and n.claim_id = r.claim_id
  and (n.started_at, n.run_id) > (r.started_at, r.run_id))
order by r.tenant_id, r.run_id for no key update of r`,
)

const saveRuns = over(
  `tenant_id uuid, run_id uuid, claim_id uuid, journey_id uuid, journey_name text, version integer,
    status text, state jsonb, next_at timestamptz, started_at timestamptz, paused_at timestamptz,
    paused_until timestamptz, ended_at timestamptz, end_reason text`,
  (rows) => `
insert into journey_run (tenant_id, run_id, claim_id, journey_id, journey_name, version, status, state, next_at,
  started_at, paused_at, paused_until, ended_at, end_reason)
select r.* from ${rows}
order by r.tenant_id, r.run_id
on conflict (tenant_id, run_id) do update set status = excluded.status, state = excluded.state,
  next_at = excluded.next_at, paused_at = excluded.paused_at, paused_until = excluded.paused_until,
  ended_at = excluded.ended_at, end_reason = excluded.end_reason`,
)

/** The write of the runs that the commands of all tenants changed or began. */
export function runWrites(
  desks: Iterable<Desk>,
): { name: string; statement: Statement; rows: Json[] }[] {
  const rows: Json[] = []
  for (const desk of desks) for (const run of desk.changedRuns) rows.push(runRow(desk, run))
  return [{ name: 'write_runs', statement: saveRuns, rows }]
}

function runRow(desk: Desk, run: JourneyRun): Json {
  return {
    tenant_id: desk.tenantId,
    run_id: run.runId,
    claim_id: run.claimId,
    journey_id: run.journeyId,
    journey_name: run.journeyName,
    version: run.version,
    status: run.status,
    state: run.state,
    next_at: dateOf(run.nextAtMs),
    started_at: dateOf(run.startedAtMs),
    paused_at: dateOf(run.pausedAtMs),
    paused_until: dateOf(run.pausedUntilMs),
    ended_at: dateOf(run.endedAtMs),
    end_reason: run.endReason,
  }
}

const dateOf = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString())
