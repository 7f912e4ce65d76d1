import type { Companion } from '../book/index.ts'
import type { ToldInstalment, ToldPlan } from './plan-events.ts'
import type { Plan } from './schema.ts'

/** Where money that counts is booked: entries of a claim's items in an account, after the one of this sequence. */
export interface Place {
  readonly accountId: string
  readonly itemSeq: number
  readonly afterSeq: number
}

export interface InstalmentRow extends ToldInstalment {
  readonly startsAt: Date
  readonly expiresAt: Date
}

export interface NewPlanRow extends ToldPlan {
  readonly claimId: string
  readonly claimReference: string
  readonly definitionId: string
  readonly version: number
  readonly feeMinor: number
  readonly brokenAfter: number
  readonly places: readonly Place[]
  readonly acceptedBy: string
  readonly acceptedAt: Date
  readonly instalments: readonly InstalmentRow[]
}

const insertPlan = `
insert into plan (tenant_id, plan_id, claim_id, definition_id, version, status, amount_minor, fee_minor, currency,
  broken_after, places, next_at, accepted_by, accepted_at)
values ($1, $2, $3, $4, $5, 'ACTIVE', $6, $7, $8, $9, $10, $11, $12, $13)`

const insertInstalments = `
insert into plan_instalment (tenant_id, plan_id, number, due_on, starts_at, expires_at, amount_minor, status)
select $1, $2, r.* from jsonb_to_recordset($3::jsonb) as r(number integer, due_on date, starts_at timestamptz,
  expires_at timestamptz, amount_minor bigint, status text)`

/** The statements that write a plan in the transaction that books it. */
export function insertStatements(tenantId: string, plan: NewPlanRow): Companion[] {
  const nowMs = plan.acceptedAt.getTime()
  const times = plan.instalments.flatMap(({ startsAt, expiresAt }) => [
    startsAt.getTime(),
    expiresAt.getTime(),
  ])
  const nextAtMs = Math.min(...times.filter((atMs) => atMs > nowMs))
  const rows = plan.instalments.map((instalment) => ({
    number: instalment.number,
    due_on: instalment.dueOn,
    starts_at: instalment.startsAt,
    expires_at: instalment.expiresAt,
    amount_minor: instalment.amountMinor,
    status: instalment.status,
  }))
  return [
    {
      text: insertPlan,
      values: [
        tenantId,
        plan.planId,
        plan.claimId,
        plan.definitionId,
        plan.version,
        plan.amountMinor,
        plan.feeMinor,
        plan.currency,
        plan.brokenAfter,
        JSON.stringify(plan.places),
        new Date(nextAtMs),
        plan.acceptedBy,
        plan.acceptedAt,
      ],
    },
    { text: insertInstalments, values: [tenantId, plan.planId, JSON.stringify(rows)] },
  ]
}

/** A plan as it is shown when it was just accepted. */
export function planAnswer(plan: NewPlanRow): Plan {
  return planView({ ...plan, endedAt: null, nowMs: plan.acceptedAt.getTime() })
}

export interface PlanShown extends Omit<NewPlanRow, 'places' | 'brokenAfter' | 'claimId'> {
  readonly endedAt: Date | null
  readonly nowMs: number
}

/** A plan as it is shown. */
export function planView(plan: PlanShown): Plan {
  return {
    id: plan.planId,
    claimReference: plan.claimReference,
    definitionId: plan.definitionId,
    version: plan.version,
    status: plan.status,
    currency: plan.currency,
    amount: plan.amountMinor,
    fee: plan.feeMinor,
    paidAmount: plan.paidMinor,
    isBehind: plan.status === 'ACTIVE' && plan.instalments.some((one) => isMissed(one, plan.nowMs)),
    acceptedBy: plan.acceptedBy,
    acceptedAt: plan.acceptedAt.toISOString(),
    endedAt: plan.endedAt?.toISOString() ?? null,
    endReason: plan.endReason,
    instalments: plan.instalments.map(({ number, dueOn, amountMinor, paidMinor, status }) => ({
      number,
      dueOn,
      amount: amountMinor,
      paidAmount: paidMinor,
      status,
    })),
  }
}

/** Also before anybody judged it: its last day is over and it is not paid. */
function isMissed({ status, expiresAt }: InstalmentRow, nowMs: number): boolean {
  if (status === 'EXPIRED') return true
  return (status === 'CREATED' || status === 'STARTED') && expiresAt.getTime() <= nowMs
}
