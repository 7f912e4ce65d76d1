import { type RawBuilder, sql } from 'kysely'
import type { Json } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { advance, resumedAfter, type RunState } from './advance.ts'
import { doEffects, type RunEffects } from './do-effects.ts'
import type { JourneyActions } from './actions.ts'
import { chainIn } from './chain.ts'
import { type Delay, delayReasons, type RunFacts } from './delays.ts'
import type { JourneyDocument } from './document.ts'
import { emitAll } from './emit-all.ts'
import type { Facts } from './facts.ts'
import { loadDelays } from './load-delays.ts'
import { loadFacts, tenantOf } from './load-facts.ts'
import { strategyEvent } from './strategy-events.ts'

/** A run that is due, as its row says. */
interface DueRun {
  readonly runId: string
  readonly claimId: string
  readonly journeyId: string | null
  readonly journeyName: string | null
  readonly version: number | null
  readonly status: 'RUNNING' | 'PAUSED'
  readonly state: RunState
  readonly nextAt: Date | null
  readonly pausedAt: Date | null
  readonly pausedUntil: Date | null
}

/** What becomes of a run's row. */
interface Moved {
  readonly run_id: string
  readonly status: 'RUNNING' | 'STOPPED' | 'FINISHED'
  readonly state: RunState
  readonly next_at: string | null
  readonly ended_at: string | null
  readonly end_reason: string | null
}

interface Decided {
  readonly moved: Moved
  readonly effects?: RunEffects | undefined
  readonly events: { type: string; data: Json }[]
}

export interface AdvanceWork {
  readonly actions: JourneyActions
  /** Which runs: the next that are due, or one of them. */
  readonly runId?: string | undefined
  readonly limit: number
}

/**
 * Moves the next due runs of a tenant on, all in one transaction, and answers how many there were. Runs that another worker
 * holds are passed over. Everything that follows from a step commits with the step, or nothing does.
 */
export async function advanceRuns(tx: Tx, work: AdvanceWork): Promise<number> {
  const runs = await lockDue(tx, work)
  if (runs.length === 0) return 0
  const { timeZone } = await tenantOf(tx)
  const claimIds = runs.map(({ claimId }) => claimId)
  const facts = await loadFacts(tx, claimIds, timeZone)
  const documents = await documentsOf(tx, runs)
  const decided = await decideAll(tx, runs, { facts, documents })
  await saveMoved(
    tx,
    decided.map(({ moved }) => moved),
  )
  await emitAll(
    tx,
    decided.flatMap(({ events, moved }) =>
      events.map((event) => ({ ...event, metadata: chainIn({ ...moved.state }) })),
    ),
  )
  await doEffects(
    tx,
    work.actions,
    decided.flatMap(({ effects }) => effects ?? []),
  )
  return runs.length
}

/**
 * Those that run go before those whose pause is over: each by its own index, the longest due first, and of one time in the
 * order in which they began, so that the same runs are always moved on in the same order.
 */
async function lockDue(tx: Tx, { runId, limit }: AdvanceWork): Promise<DueRun[]> {
  const running = sql`r.status = 'RUNNING' and r.next_at <= ${tx.now}`
  const paused = sql`r.status = 'PAUSED' and r.paused_until <= ${tx.now}`
  const one = runId === undefined ? sql`true` : sql`r.run_id = ${runId}`
  const lock = async (condition: RawBuilder<unknown>, by: RawBuilder<unknown>, max: number) => {
    const { rows } = await sql<DueRun>`
      select r.run_id as "runId", r.claim_id as "claimId", r.journey_id as "journeyId",
        r.journey_name as "journeyName", r.version, r.status, r.state, r.next_at as "nextAt",
        r.paused_at as "pausedAt", r.paused_until as "pausedUntil"
      from journey_run r where r.tenant_id = ${tx.tenantId} and ${one} and ${condition}
      order by ${by} limit ${max} for no key update of r skip locked`.execute(tx.db)
    return rows
  }
  const first = await lock(running, sql`r.next_at, r.run_id`, limit)
  if (first.length >= limit) return first
  return [...first, ...(await lock(paused, sql`r.paused_until, r.run_id`, limit - first.length))]
}

/** The ids of runs that are due, for those who look at each by itself. */
export async function dueRuns(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await sql<{ runId: string }>`
    (select run_id as "runId" from journey_run where tenant_id = ${tx.tenantId} and status = 'RUNNING'
      and next_at <= ${tx.now} order by next_at, run_id limit ${limit})
    union all
    (select run_id from journey_run where tenant_id = ${tx.tenantId} and status = 'PAUSED'
      and paused_until <= ${tx.now} order by paused_until, run_id limit ${limit})`.execute(tx.db)
  return rows.map(({ runId }) => runId)
}

const keyOf = (run: Pick<DueRun, 'journeyId' | 'version'>) => `${run.journeyId} ${run.version}`

async function documentsOf(
  tx: Tx,
  runs: readonly DueRun[],
): Promise<ReadonlyMap<string, JourneyDocument>> {
  const ids = [...new Set(runs.flatMap(({ journeyId }) => journeyId ?? []))]
  const versions = [...new Set(runs.flatMap(({ version }) => version ?? []))]
  const { rows } = await sql<{ journeyId: string; version: number; document: JourneyDocument }>`
    select journey_id as "journeyId", version, document from journey_version
    where tenant_id = ${tx.tenantId} and journey_id = any(${ids}::uuid[])
      and version = any(${versions}::integer[])`.execute(tx.db)
  return new Map(rows.map((row) => [keyOf(row), row.document]))
}

interface Known {
  readonly facts: ReadonlyMap<string, Facts>
  readonly documents: ReadonlyMap<string, JourneyDocument>
}

/**
 * What becomes of each run. What keeps a claim from an agency is asked only where a run would hand one over, and then at this
 * moment.
 */
async function decideAll(tx: Tx, runs: readonly DueRun[], known: Known): Promise<Decided[]> {
  const { facts, documents } = known
  const decideBy = (delays: ReadonlyMap<string, readonly Delay[]>) =>
    runs.map((run) => {
      const of = facts.get(run.claimId)
      const document = documents.get(keyOf(run))
      const runFacts = of && { ...of, delays: delays.get(run.claimId) ?? [] }
      return decide(tx.now, run, { facts: runFacts, document })
    })
  const free = decideBy(new Map())
  const handed = free.flatMap(({ effects }) =>
    effects?.effects.some(({ kind }) => kind === 'outsource') ? [effects.facts.claimId] : [],
  )
  return handed.length === 0 ? free : decideBy(await loadDelays(tx, handed))
}

function decide(
  now: Date,
  run: DueRun,
  known: { facts: RunFacts | undefined; document: JourneyDocument | undefined },
): Decided {
  const { facts, document } = known
  if (!facts) throw new Error(`the claim of run ${run.runId} is not there`)
  const names = namesOf(facts)
  const ended = (status: 'STOPPED' | 'FINISHED', reason: string | null) => ({
    run_id: run.runId,
    status,
    state: run.state,
    next_at: null,
    ended_at: now.toISOString(),
    end_reason: reason,
  })
  if (facts.status !== 'ACTIVE') {
    const reason = facts.status === 'RESOLVED' ? 'CLAIM_RESOLVED' : 'CLAIM_DELETED'
    const events = [strategyEvent('stopped', names, { ...run, more: { reason } })]
    return { moved: ended('STOPPED', reason), events }
  }
  const events = run.status === 'PAUSED' ? [strategyEvent('resumed', names, run)] : []
  const state = resumedState(run)
  // A pause is over, but what the run wants booked is not booked yet, or no journey was ever assigned.
  if (run.nextAt === null || !document) return { moved: running(run, state), events }
  const next = advance({ document, state, seed: seedOf(run) }, facts, now)
  if (next.delayed) {
    const { step, partner, because } = next.delayed
    const more = { step, partner, because, says: delayReasons[because] }
    events.push(strategyEvent('delayed', names, { ...run, more }))
  }
  if (next.isFinished) events.push(strategyEvent('finished', names, run))
  const moved = next.isFinished
    ? { ...ended('FINISHED', null), state: next.state }
    : running(run, next.state, next.nextAt)
  const chain = chainIn({ ...run.state })
  const effects = { runId: run.runId, facts, names, run, chain, effects: next.effects }
  return { moved, effects, events }
}

function running({ runId }: DueRun, state: RunState, nextAt?: Date): Moved {
  return {
    run_id: runId,
    status: 'RUNNING',
    state,
    next_at: nextAt?.toISOString() ?? null,
    ended_at: null,
    end_reason: null,
  }
}

/** Decides the weighted segments of a claim: a run that begins anew, and a dry run before it, fall as this one does. */
export const seedOf = (run: { claimId: string; journeyId: string | null }) =>
  `${run.claimId}/${run.journeyId}`

/** How events name the claim. */
export function namesOf(facts: Facts): Json {
  const { reference, receeveReference, accountReference, debtorReference } = facts
  return {
    claimRef: reference,
    receeveClaimRef: receeveReference,
    accountReference,
    ...(debtorReference === null ? {} : { externalDebtorRef: debtorReference }),
  }
}

/** A pause that is over ends when it was to end, however late that is noticed. */
function resumedState({ state, pausedAt, pausedUntil }: DueRun): RunState {
  if (!pausedAt || !pausedUntil) return state
  return resumedAfter(state, pausedUntil.getTime() - pausedAt.getTime())
}

async function saveMoved(tx: Tx, moved: readonly Moved[]): Promise<void> {
  await sql`
    update journey_run r set status = m.status, state = m.state, next_at = m.next_at, paused_at = null,
      paused_until = null, ended_at = m.ended_at, end_reason = m.end_reason
    from json_to_recordset(${JSON.stringify(moved)}::json) as m(run_id uuid, status text, state jsonb,
      next_at timestamptz, ended_at timestamptz, end_reason text)
    where r.tenant_id = ${tx.tenantId} and r.run_id = m.run_id`.execute(tx.db)
}
