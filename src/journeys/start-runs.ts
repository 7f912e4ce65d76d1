import { sql } from 'kysely'
import type { Json } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { firstState } from './advance.ts'
import { chainIn } from './chain.ts'
import { emitAll } from './emit-all.ts'
import { strategyEvent } from './strategy-events.ts'

export interface Start {
  readonly claimId: string
  /** How events name the claim. */
  readonly names: Json
  readonly journeyId: string
  readonly journeyName: string
  readonly version: number
}

/** Lets runs begin and answers the claims for which one did: a claim that is on a journey stays on it. */
export async function startRuns(tx: Tx, starts: readonly Start[]): Promise<ReadonlySet<string>> {
  if (starts.length === 0) return new Set()
  const runs = starts
    .map((start) => ({
      run_id: newId(),
      claim_id: start.claimId,
      journey_id: start.journeyId,
      journey_name: start.journeyName,
      version: start.version,
    }))
    .toSorted((a, b) => (a.claim_id < b.claim_id ? -1 : 1))
  const { rows } = await sql<{ claimId: string }>`
    insert into journey_run (tenant_id, run_id, claim_id, journey_id, journey_name, version, status, state, next_at,
      started_at)
    select ${tx.tenantId}::uuid, r.run_id, r.claim_id, r.journey_id, r.journey_name, r.version, 'RUNNING',
      ${JSON.stringify({ ...firstState, ...chainIn(tx.metadata) })}::jsonb, ${tx.now}::timestamptz, ${tx.now}::timestamptz
    from json_to_recordset(${JSON.stringify(runs)}::json) as r(run_id uuid, claim_id uuid, journey_id uuid,
      journey_name text, version integer)
    order by r.claim_id
    on conflict (tenant_id, claim_id) where status in ('RUNNING', 'PAUSED') do nothing
    returning claim_id as "claimId"`.execute(tx.db)
  const started = new Set(rows.map(({ claimId }) => claimId))
  const events = starts
    .filter(({ claimId }) => started.has(claimId))
    .map((start) => strategyEvent('assigned', start.names, start))
  await emitAll(tx, events)
  return started
}

export interface Stop {
  readonly claimId: string
  readonly names: Json
  readonly reason: string
  /** Runs that began later stay. */
  readonly before: Date
}

/** Ends the live runs of claims and says why. */
export async function stopRuns(tx: Tx, stops: readonly Stop[]): Promise<void> {
  if (stops.length === 0) return
  const byClaim = new Map(stops.map((stop) => [stop.claimId, stop]))
  const rows = [...byClaim.values()].map(({ claimId, reason, before }) => ({
    claim_id: claimId,
    reason,
    before: before.toISOString(),
  }))
  const ended = await sql<{
    claimId: string
    journeyId: string | null
    journeyName: string | null
    version: number | null
  }>`
    with held as (
      select r.run_id, s.reason from json_to_recordset(${JSON.stringify(rows)}::json)
        as s(claim_id uuid, reason text, before timestamptz)
      join journey_run r on r.tenant_id = ${tx.tenantId} and r.claim_id = s.claim_id
      where r.status in ('RUNNING', 'PAUSED') and r.started_at <= s.before
      order by r.run_id for no key update of r
    )
    update journey_run r set status = 'STOPPED', next_at = null, paused_at = null, paused_until = null,
      ended_at = ${tx.now}, end_reason = h.reason
    from held h where r.tenant_id = ${tx.tenantId} and r.run_id = h.run_id
    returning r.claim_id as "claimId", r.journey_id as "journeyId", r.journey_name as "journeyName", r.version`.execute(
    tx.db,
  )
  await emitAll(
    tx,
    ended.rows.flatMap((run) => {
      const stop = byClaim.get(run.claimId)
      if (!stop) return []
      return [strategyEvent('stopped', stop.names, { ...run, more: { reason: stop.reason } })]
    }),
  )
}
