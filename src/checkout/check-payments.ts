import { sql } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../platform/db.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { nextCheck } from './check-times.ts'
import type { CheckoutDeps } from './deps.ts'
import { recordState } from './record-state.ts'
import type { PaymentState } from './states.ts'

export interface CheckDeps extends CheckoutDeps {
  /** The machine's time. */
  readonly clock: () => Date
  readonly log: Logger
}

interface Due {
  readonly paymentId: string
  readonly provider: string
  readonly providerReference: string | null
  readonly state: PaymentState
  readonly checks: number
  readonly expiresAt: Date
}

const paymentsAtOnce = 32

/** Asks providers about payments that nobody told of, and ends those whose debtor left. */
export function paymentWork(deps: CheckDeps): TimedWork {
  return {
    name: 'payments',
    tenantsDue: () => tenantsDueBy(deps, 'payment_tenants_due'),
    runDue: (tenantId, signal) => checkDue(deps, tenantId, signal),
    async nextDueAt(tenantId) {
      const unit = { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }
      return inTransaction(deps.db, unit, nextDue)
    },
  }
}

async function nextDue(tx: Tx): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(next_check_at) as at from portal_payment
    where tenant_id = ${tx.tenantId} and next_check_at is not null`.execute(tx.db)
  return rows[0]?.at ?? undefined
}

async function checkDue(deps: CheckDeps, tenantId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const unit = { tenantId, now: deps.nowOf(tenantId) }
    const due = await inTransaction(deps.db, unit, takeDue)
    if (due.length === 0) return
    for (const payment of due) {
      if (signal.aborted) return
      // Its next question has its time already: a provider that is away now is asked again then.
      await check(deps, tenantId, payment).catch((error: unknown) =>
        deps.log.warn(
          { err: error, tenantId, paymentId: payment.paymentId },
          'payment not checked',
        ),
      )
    }
  }
}

/** Takes what is due out of the way of other servers by giving it its next time. */
async function takeDue(tx: Tx): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select payment_id as "paymentId", provider, provider_reference as "providerReference", state, checks,
      expires_at as "expiresAt"
    from portal_payment where tenant_id = ${tx.tenantId} and next_check_at <= ${tx.now}
    order by next_check_at, payment_id limit ${paymentsAtOnce} for no key update skip locked`.execute(
    tx.db,
  )
  for (const { paymentId, state, checks, expiresAt } of rows) {
    const next = { state, checks: checks + 1, now: tx.now, newsAt: undefined, expiresAt }
    await tx.db
      .updateTable('portal_payment')
      .set({ checks: checks + 1, next_check_at: nextCheck(next) ?? null })
      .where('tenant_id', '=', tx.tenantId)
      .where('payment_id', '=', paymentId)
      .execute()
  }
  return rows
}

async function check(deps: CheckDeps, tenantId: string, due: Due): Promise<void> {
  const { paymentId, providerReference } = due
  const at = { tenantId, paymentId }
  const isOver = due.state === 'open' && due.expiresAt <= deps.nowOf(tenantId)
  if (providerReference === null) {
    if (isOver) await recordState(deps, { ...at, state: 'interrupted', reason: 'abandoned' })
    return
  }
  const provider = await deps.gateways.provider(tenantId, due.provider)
  const report = isOver
    ? // Nobody may pay it any more once it counts as abandoned.
      await provider.closeCheckout(providerReference)
    : await provider.readCheckout(providerReference)
  const isAbandoned = isOver && (report.state === 'canceled' || report.state === 'open')
  if (isAbandoned) await recordState(deps, { ...at, state: 'interrupted', reason: 'abandoned' })
  else await recordState(deps, { ...at, ...report })
}
