import { sql } from 'kysely'
import { findClaimNamed } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type InstalmentRow, type PlanShown, planView } from './plan-rows.ts'
import { refuse } from './refusals.ts'
import type { Plan } from './schema.ts'

/** How an active plan stands, for those who ask whether to chase. */
export interface PlanState {
  readonly planId: string
  /** Whether an instalment is missed and not made up for. While none is, nobody chases. */
  readonly isBehind: boolean
  /** When the plan falls behind, or fell, if nothing more is paid; null where all is paid. */
  readonly behindAt: Date | null
  /** The due date of the first instalment that is not paid. */
  readonly nextDueOn: string | null
}

/** The active plan of each claim, by claim; claims without one are left out. */
export async function planStateOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, PlanState>> {
  if (claimIds.length === 0) return new Map()
  const { rows } = await sql<PlanState & { claimId: string }>`
    select p.claim_id as "claimId", p.plan_id as "planId",
      coalesce(bool_or(i.status <> 'RESOLVED' and i.expires_at <= ${tx.now}), false) as "isBehind",
      min(i.expires_at) filter (where i.status <> 'RESOLVED') as "behindAt",
      min(i.due_on) filter (where i.status <> 'RESOLVED') as "nextDueOn"
    from plan p join plan_instalment i on i.tenant_id = p.tenant_id and i.plan_id = p.plan_id
    where p.tenant_id = ${tx.tenantId} and p.claim_id = any(${claimIds}::uuid[]) and p.status = 'ACTIVE'
    group by p.claim_id, p.plan_id`.execute(tx.db)
  return new Map(rows.map(({ claimId, ...state }) => [claimId, state]))
}

type PlanRow = Omit<PlanShown, 'instalments' | 'nowMs'>

const selectPlans = sql`
  select p.plan_id as "planId", c.reference as "claimReference", p.definition_id as "definitionId", p.version, p.status,
    p.currency, p.amount_minor as "amountMinor", p.fee_minor as "feeMinor", p.paid_minor as "paidMinor",
    p.accepted_by as "acceptedBy", p.accepted_at as "acceptedAt", p.ended_at as "endedAt", p.end_reason as "endReason"
  from plan p join claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id`

/** One plan. */
export async function findPlan(tx: Tx, planId: string): Promise<Plan> {
  const { rows } = await sql<PlanRow>`${selectPlans}
    where p.tenant_id = ${tx.tenantId} and p.plan_id = ${planId}`.execute(tx.db)
  const [plan] = await withInstalments(tx, rows)
  if (!plan) throw refuse('plan_not_found')
  return plan
}

const plansShownMax = 100

/** The plans of a claim, the newest first. */
export async function plansOf(tx: Tx, claimReference: string): Promise<Plan[]> {
  const { claimId } = await findClaimNamed(tx, claimReference)
  const { rows } = await sql<PlanRow>`${selectPlans}
    where p.tenant_id = ${tx.tenantId} and p.claim_id = ${claimId}
    order by p.plan_id desc limit ${plansShownMax}`.execute(tx.db)
  return withInstalments(tx, rows)
}

/** The plan that a claim has, or else had last; undefined where it never had one. */
export async function planOf(tx: Tx, claimReference: string): Promise<Plan | undefined> {
  const plans = await plansOf(tx, claimReference)
  return plans.find(({ status }) => status === 'ACTIVE') ?? plans[0]
}

async function withInstalments(tx: Tx, rows: readonly PlanRow[]): Promise<Plan[]> {
  if (rows.length === 0) return []
  const found = await sql<InstalmentRow & { planId: string }>`
    select plan_id as "planId", number, due_on as "dueOn", starts_at as "startsAt", expires_at as "expiresAt",
      amount_minor as "amountMinor", paid_minor as "paidMinor", status
    from plan_instalment
    where tenant_id = ${tx.tenantId} and plan_id = any(${rows.map(({ planId }) => planId)}::uuid[])
    order by plan_id, number`.execute(tx.db)
  return rows.map((row) => {
    const instalments = found.rows.filter(({ planId }) => planId === row.planId)
    return planView({ ...row, instalments, nowMs: tx.now.getTime() })
  })
}
