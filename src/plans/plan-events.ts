import type { Json } from '../book/index.ts'
import type { InstalmentStatus, PlanStatus } from './schema.ts'

export interface ToldInstalment {
  readonly number: number
  readonly dueOn: string
  readonly amountMinor: number
  readonly paidMinor: number
  readonly status: InstalmentStatus
}

export interface ToldPlan {
  readonly planId: string
  readonly status: PlanStatus
  readonly currency: string
  readonly amountMinor: number
  readonly paidMinor: number
  readonly endReason: string | null
  readonly instalments: readonly ToldInstalment[]
}

export interface PlanEvent {
  readonly type: string
  readonly data: Json
}

const instalmentEvents: Partial<Record<InstalmentStatus, string>> = {
  STARTED: 'event.instalment.started',
  EXPIRED: 'event.instalment.expired',
  RESOLVED: 'event.instalment.resolved',
  INVALIDATED: 'event.instalment.invalidated',
  CANCELLED: 'event.instalment.invalidated',
}

const endEvents: Record<PlanStatus, readonly string[]> = {
  ACTIVE: [],
  RESOLVED: ['event.instalmentPlan.resolved'],
  FAILED: ['event.instalmentPlan.failed', 'event.instalmentPlan.invalidated'],
  INVALIDATED: ['event.instalmentPlan.invalidated'],
  CANCELLED: ['event.instalmentPlan.cancelled'],
}

/** What is told of a plan that is accepted now. */
export function acceptedEvents(names: Json, plan: ToldPlan): PlanEvent[] {
  const started = plan.instalments.filter(({ status }) => status === 'STARTED')
  return [
    { type: 'event.instalmentPlan.created', data: planData(names, plan) },
    ...started.flatMap((instalment) => instalmentEvent(names, plan, instalment)),
  ]
}

/** What is told of a plan that stands otherwise than before: its instalments, its money, its end. */
export function changeEvents(names: Json, before: ToldPlan, after: ToldPlan): PlanEvent[] {
  const moved = after.instalments.filter(
    ({ status }, index) => status !== before.instalments[index]?.status,
  )
  const updated =
    before.paidMinor === after.paidMinor
      ? []
      : [{ type: 'event.instalmentPlan.updated', data: planData(names, after) }]
  const ended = before.status === after.status ? [] : endEvents[after.status]
  return [
    ...moved.flatMap((instalment) => instalmentEvent(names, after, instalment)),
    ...updated,
    ...ended.map((type) => ({ type, data: planData(names, after) })),
  ]
}

function instalmentEvent(names: Json, plan: ToldPlan, instalment: ToldInstalment): PlanEvent[] {
  const type = instalmentEvents[instalment.status]
  if (type === undefined) return []
  const { planId, currency } = plan
  return [{ type, data: { ...names, instalmentPlanId: planId, currency, ...shown(instalment) } }]
}

function planData(names: Json, plan: ToldPlan): Json {
  const { planId, status, currency, amountMinor, paidMinor, endReason, instalments } = plan
  return {
    ...names,
    instalmentPlanId: planId,
    status,
    currency,
    amount: amountMinor,
    paidAmount: paidMinor,
    ...(endReason === null ? {} : { reason: endReason }),
    instalments: instalments.map(shown),
  }
}

const shown = ({ number, dueOn, amountMinor, paidMinor, status }: ToldInstalment) => ({
  number,
  dueDate: dueOn,
  amount: amountMinor,
  paidAmount: paidMinor,
  status,
})
