import { type Kysely, sql } from 'kysely'
import { namesOfClaim } from '../book/index.ts'
import type { Subscriber } from '../events/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { judge, type Standing } from './judge.ts'
import { type LoadedPlan, loadPlans } from './load-plans.ts'
import { changeEvents, type ToldPlan } from './plan-events.ts'
import type { InstalmentStatus } from './schema.ts'

/** Brings active plans to where they stand now and tells what changed. Judged again they change nothing. */
export async function judgePlans(tx: Tx, planIds: readonly string[]): Promise<void> {
  if (planIds.length === 0) return
  const plans = await loadPlans(tx, planIds)
  const changed = plans
    .map((plan) => ({ plan, standing: standingOf(plan, tx.now) }))
    .filter(({ plan, standing }) => isChanged(plan, standing))
  if (changed.length === 0) return
  await writeStandings(tx, changed)
  for (const { plan, standing } of changed) {
    for (const event of changeEvents(namesOfClaim(plan.claim), plan, planAfter(plan, standing)))
      await tx.emit(event)
  }
}

function standingOf(plan: LoadedPlan, now: Date): Standing {
  const agreed = {
    amountMinor: plan.amountMinor,
    brokenAfter: plan.brokenAfter,
    instalments: plan.instalments.map(({ number, startsAt, expiresAt, amountMinor }) => ({
      number,
      startsAtMs: startsAt.getTime(),
      expiresAtMs: expiresAt.getTime(),
      amountMinor,
    })),
  }
  const { movements, end } = plan
  return judge(agreed, { movements, end, nowMs: now.getTime() })
}

function isChanged(plan: LoadedPlan, standing: Standing): boolean {
  return (
    plan.isMoved ||
    plan.status !== standing.status ||
    plan.paidMinor !== standing.paidMinor ||
    (plan.nextAt?.getTime() ?? null) !== standing.nextAtMs ||
    standing.instalments.some(({ status }, index) => status !== plan.instalments[index]?.status)
  )
}

function planAfter(plan: LoadedPlan, standing: Standing): ToldPlan {
  return {
    ...plan,
    status: standing.status,
    paidMinor: standing.paidMinor,
    endReason: standing.endReason,
    instalments: plan.instalments.map((instalment, index) => ({
      ...instalment,
      ...standing.instalments[index],
    })),
  }
}

interface Changed {
  readonly plan: LoadedPlan
  readonly standing: Standing
}

interface WrittenInstalment {
  readonly plan_id: string
  readonly number: number
  readonly paid_minor: number
  readonly status: InstalmentStatus
}

async function writeStandings(tx: Tx, changed: readonly Changed[]): Promise<void> {
  const plans = changed.map(({ plan, standing }) => ({
    plan_id: plan.planId,
    status: standing.status,
    paid_minor: standing.paidMinor,
    places: plan.places,
    next_at: isoOf(standing.nextAtMs),
    ended_at: isoOf(standing.endedAtMs),
    end_reason: standing.endReason,
  }))
  const instalments = changed.flatMap(({ plan, standing }) =>
    standing.instalments.map(({ paidMinor, status }, index): WrittenInstalment => ({
      plan_id: plan.planId,
      number: index + 1,
      paid_minor: paidMinor,
      status,
    })),
  )
  await sql`
    update plan p set status = r.status, paid_minor = r.paid_minor, places = r.places, next_at = r.next_at,
      ended_at = r.ended_at, end_reason = r.end_reason
    from jsonb_to_recordset(${JSON.stringify(plans)}::jsonb) as r(plan_id uuid, status text, paid_minor bigint,
      places jsonb, next_at timestamptz, ended_at timestamptz, end_reason text)
    where p.tenant_id = ${tx.tenantId} and p.plan_id = r.plan_id`.execute(tx.db)
  await sql`
    update plan_instalment i set paid_minor = r.paid_minor, status = r.status
    from jsonb_to_recordset(${JSON.stringify(instalments)}::jsonb)
      as r(plan_id uuid, number integer, paid_minor bigint, status text)
    where i.tenant_id = ${tx.tenantId} and i.plan_id = r.plan_id and i.number = r.number
      and (i.paid_minor, i.status) is distinct from (r.paid_minor, r.status)`.execute(tx.db)
}

const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/**
 * Judges the plans of claims on which money moved or that ended. Where a plan stands depends on what is booked and not on
 * which event says so, so it may begin anywhere and see an event twice.
 */
export function planSubscriber(): Subscriber {
  return {
    name: 'plans',
    types: ['event.claimTotalAmount.updated', 'event.claim.resolved', 'event.claim.deleted'],
    wanting: (tenantId) =>
      sql`select from plan where tenant_id = ${tenantId} and status = 'ACTIVE'`,
    async handle(tx, events) {
      const references = events.map(({ data }) => data['claimRef'])
      const { rows } = await sql<{ planId: string }>`
        select p.plan_id as "planId" from claim c
        join plan p on p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'ACTIVE'
        where c.tenant_id = ${tx.tenantId} and c.reference = any(${[...new Set(references)]}::text[])`.execute(
        tx.db,
      )
      await judgePlans(
        tx,
        rows.map(({ planId }) => planId),
      )
    },
  }
}

export interface PlanWorkDeps {
  readonly db: Kysely<Tables>
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
}

const plansAtOnce = 100

/** Judges plans when an instalment begins or is over. */
export function planWork({ db, clock, nowOf }: PlanWorkDeps): TimedWork {
  return {
    name: 'plans',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'plan_tenants_due'),
    async runDue(tenantId, signal) {
      // A plan that was judged is due later than now, or never.
      while (!signal.aborted) {
        const count = await inTransaction(db, { tenantId, now: nowOf(tenantId) }, judgeDue)
        if (count < plansAtOnce) return
      }
    },
    nextDueAt(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, async (tx) => {
        const { rows } = await sql<{ at: Date | null }>`
          select min(next_at) as at from plan where tenant_id = ${tenantId} and next_at is not null`.execute(
          tx.db,
        )
        return rows[0]?.at ?? undefined
      })
    },
  }
}

async function judgeDue(tx: Tx): Promise<number> {
  const { rows } = await sql<{ planId: string }>`
    select plan_id as "planId" from plan where tenant_id = ${tx.tenantId} and next_at <= ${tx.now}
    order by next_at, plan_id limit ${plansAtOnce}`.execute(tx.db)
  await judgePlans(
    tx,
    rows.map(({ planId }) => planId),
  )
  return rows.length
}
