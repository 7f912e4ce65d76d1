import { sql } from 'kysely'
import { namesOfClaim } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { isOpen } from './judge.ts'
import { judgePlans } from './judge-plans.ts'
import { loadPlans } from './load-plans.ts'
import { changeEvents } from './plan-events.ts'
import { refuse } from './refusals.ts'
import { findPlan } from './show-plans.ts'

/** Ends an active plan because somebody decides so. What was paid stays paid, and its fee stays booked. */
export async function cancelPlan(
  tx: Tx,
  {
    planId,
    reason = 'CANCELLED',
  }: { readonly planId: string; readonly reason?: string | undefined },
): Promise<void> {
  await findPlan(tx, planId)
  // What came before counts, be it not judged yet.
  await judgePlans(tx, [planId])
  const [plan] = await loadPlans(tx, [planId])
  if (!plan) throw refuse('plan_not_active')
  await sql`update plan set status = 'CANCELLED', next_at = null, ended_at = ${tx.now}, end_reason = ${reason}
    where tenant_id = ${tx.tenantId} and plan_id = ${planId}`.execute(tx.db)
  await sql`update plan_instalment set status = 'CANCELLED'
    where tenant_id = ${tx.tenantId} and plan_id = ${planId} and status in ('CREATED', 'STARTED')`.execute(
    tx.db,
  )
  const after = {
    ...plan,
    status: 'CANCELLED' as const,
    endReason: reason,
    instalments: plan.instalments.map((instalment) =>
      isOpen(instalment.status) ? { ...instalment, status: 'CANCELLED' as const } : instalment,
    ),
  }
  for (const event of changeEvents(namesOfClaim(plan.claim), plan, after)) await tx.emit(event)
}
