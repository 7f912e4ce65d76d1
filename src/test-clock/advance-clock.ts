import { setTimeout as wait } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import { inTransaction } from '../platform/db.ts'
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
  await settle(deps, turn)
  for (let step = 0; step < stepsMax; step += 1) {
    const next = await nextDue(deps, tenantId)
    if (next === undefined || next.getTime() > to.getTime()) break
    // What waits although it is overdue waits for something else than time.
    const now = deps.clocks.nowOf(tenantId).getTime()
    if (next.getTime() > now) await moveTo(deps, tenantId, next)
    await settle(deps, turn)
  }
  await moveTo(deps, tenantId, to)
  await settle(deps, turn)
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

/** When the next thing is due that is not overdue already. */
async function nextDue(deps: AdvanceDeps, tenantId: string): Promise<Date | undefined> {
  const nowMs = deps.clocks.nowOf(tenantId).getTime()
  const times = await Promise.all(deps.works.map((work) => work.nextDueAt(tenantId)))
  const waiting = times.filter((at) => at !== undefined && at.getTime() > nowMs)
  return waiting.reduce((first, at) => (first && at && first <= at ? first : at), undefined)
}

/**
 * Does all that is due and tells all that happened, until there is no more of either. What a server held that died is due
 * until its lease has run out and somebody else has done it, at the same time of the tenant.
 */
async function settle(deps: AdvanceDeps, turn: Turn): Promise<void> {
  const { tenantId } = turn
  const { signal } = new AbortController()
  for (let round = 0; round < roundsMax; round += 1) {
    for (const work of deps.works) await work.runDue(tenantId, signal)
    if (await deps.tell(tenantId)) continue
    if (turn.patienceMs <= 0 || !(await isUnderWay(deps, tenantId))) return
    await wait(underWayPollMs)
    turn.patienceMs -= underWayPollMs
  }
}

async function isUnderWay({ works }: AdvanceDeps, tenantId: string): Promise<boolean> {
  const held = await Promise.all(works.map(async (work) => await work.isUnderWay?.(tenantId)))
  return held.includes(true)
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
