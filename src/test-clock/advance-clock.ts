import { setTimeout as wait } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import { inTransaction } from '../platform/db.ts'
import { inBackground } from '../platform/keyed-work.ts'
import type { Tables } from '../platform/tables.ts'
import type { TenantClocks } from '../platform/tenant-clocks.ts'
import type { TimedWork } from '../platform/timed-work.ts'
import { clockBusy, clockGoesForward, clockTooFar, notSandbox } from './refusals.ts'
import type { AdvanceInput } from './schema.ts'

export interface AdvanceDeps {
  readonly db: Kysely<Tables>
  /** The machine's time. */
  readonly clock: () => Date
  readonly clocks: TenantClocks
  readonly works: readonly TimedWork[]
  /** Those of them that may have more in hand than they say is due, such as what is on its way to somebody. */
  readonly always: readonly TimedWork[]
  /** Hands new events of a tenant to those who wait for them, and answers whether there were any. */
  tell(tenantId: string): Promise<boolean>
}

const dayMs = 86_400_000
const spanMaxMs = 400 * dayMs
const roundsMax = 1_000
const stepsMax = 100_000
const underWayPollMs = 100
const underWayWaitMs = 60_000

/**
 * Moves a sandbox tenant's time forward, jumping from one due time to the next, and answers where it stands. Everything
 * that becomes due on the way is done at its time.
 */
export async function advanceClock(
  deps: AdvanceDeps,
  tenantId: string,
  input: AdvanceInput,
): Promise<Date> {
  await deps.clocks.refresh()
  const from = deps.clocks.nowOf(tenantId)
  const to = targetOf(from, input)
  if (!(to.getTime() >= from.getTime())) throw clockGoesForward()
  if (to.getTime() - from.getTime() > spanMaxMs) throw clockTooFar()
  const turn: Turn = { tenantId, patienceMs: underWayWaitMs }
  await moveTo(deps, tenantId, from)
  // What becomes due is no doing of the request: only the moves of the clock are noted under its Idempotency-Key.
  const settled = (known?: Seen) => inBackground(() => settle(deps, turn, known))
  let seen = await settled()
  for (let step = 0; step < stepsMax; step += 1) {
    const next = nextDue(seen)
    if (next === undefined || next.getTime() > to.getTime()) break
    // What waits although it is overdue waits for something else than time.
    const now = deps.clocks.nowOf(tenantId).getTime()
    if (next.getTime() > now) await moveTo(deps, tenantId, next)
    seen = await settled(seen)
  }
  await moveTo(deps, tenantId, to)
  await settled(seen)
  return deps.clocks.nowOf(tenantId)
}

/** One advance. */
interface Turn {
  readonly tenantId: string
  /** How long it still waits for what others hold. */
  patienceMs: number
}

function targetOf(from: Date, input: AdvanceInput): Date {
  if ('to' in input) return new Date(input.to)
  const { days = 0, hours = 0, minutes = 0 } = input
  return new Date(from.getTime() + days * dayMs + hours * 3_600_000 + minutes * 60_000)
}

/** What works say of themselves: most of them have nothing to do at most times, and to let them try costs more than to ask. */
interface Seen {
  /** When the works were last given their turn: what became due since then had none. */
  readonly triedAt: Date
  readonly dueAt: ReadonlyMap<TimedWork, Date>
  readonly underWay: ReadonlySet<TimedWork>
}

async function look(
  works: readonly TimedWork[],
  tenantId: string,
  before: Partial<Seen> & Pick<Seen, 'triedAt'>,
): Promise<Seen> {
  const dueAt = new Map(before.dueAt)
  const underWay = new Set(before.underWay)
  const ask = async (work: TimedWork) => {
    const at = await work.nextDueAt(tenantId)
    if (at) dueAt.set(work, at)
    else dueAt.delete(work)
    if ((await work.isUnderWay?.(tenantId)) === true) underWay.add(work)
    else underWay.delete(work)
  }
  await Promise.all(works.map(ask))
  return { triedAt: before.triedAt, dueAt, underWay }
}

/** When the next thing is due that has not had its turn; it may be due by now, for the clock runs. */
function nextDue({ triedAt, dueAt }: Seen): Date | undefined {
  const waiting = [...dueAt.values()].filter((at) => at > triedAt)
  return waiting.reduce<Date | undefined>(
    (first, at) => (first && first <= at ? first : at),
    undefined,
  )
}

/**
 * Does all that is due and tells all that happened, until there is no more of either. What a server held that died is due
 * until its lease has run out and somebody else has done it, at the same time of the tenant. `known` is what was seen last,
 * undefined lets every work try; answers what is seen then.
 */
async function settle(deps: AdvanceDeps, turn: Turn, known?: Seen): Promise<Seen> {
  const { tenantId } = turn
  let seen = known
  for (let round = 0; round < roundsMax; round += 1) {
    const triedAt = deps.clocks.nowOf(tenantId)
    const hasRun = await runRound(deps, { tenantId, now: triedAt }, seen)
    const isNews = await deps.tell(tenantId)
    const isAnyChanged = hasRun || isNews || seen === undefined
    seen = await look(isAnyChanged ? deps.works : deps.always, tenantId, { ...seen, triedAt })
    if (isNews) continue
    if (turn.patienceMs <= 0 || seen.underWay.size === 0) return seen
    await wait(underWayPollMs)
    turn.patienceMs -= underWayPollMs
  }
  return seen ?? look(deps.works, tenantId, { triedAt: deps.clocks.nowOf(tenantId) })
}

/**
 * Lets the works have their turn, from the first that has something to do: what it did may be for those behind it. Answers
 * whether there was one.
 */
async function runRound(
  { works, always }: AdvanceDeps,
  { tenantId, now }: { tenantId: string; now: Date },
  seen: Seen | undefined,
): Promise<boolean> {
  const { signal } = new AbortController()
  const isDue = (work: TimedWork) => {
    const at = seen?.dueAt.get(work)
    return seen === undefined || (at !== undefined && at <= now) || seen.underWay.has(work)
  }
  let hasRun = false
  for (const work of works) {
    hasRun ||= isDue(work)
    if (hasRun || always.includes(work)) await work.runDue(tenantId, signal)
  }
  return hasRun
}

/** Another server may advance the same clock; only one of them goes on. */
async function moveTo(deps: AdvanceDeps, tenantId: string, to: Date): Promise<void> {
  const { db, clock, clocks } = deps
  // Not by the difference of two looks at clocks that run: a millisecond between them would look like another server.
  const before = clocks.offsetMsOf(tenantId)
  const offset = Math.max(before, to.getTime() - clock().getTime())
  const moved = await inTransaction(db, { tenantId, now: to }, async (tx) => {
    const { rows } = await sql<{ isSandbox: boolean; isMoved: boolean }>`
      with moved as (update tenant set clock_offset_ms = ${offset}
        where tenant_id = ${tenantId} and is_sandbox and clock_offset_ms = ${before} returning 1)
      select is_sandbox as "isSandbox", exists (select from moved) as "isMoved" from tenant
      where tenant_id = ${tenantId}`.execute(tx.db)
    return rows[0]
  })
  if (!moved?.isSandbox) throw notSandbox()
  if (!moved.isMoved) throw clockBusy()
  await clocks.refresh()
}
