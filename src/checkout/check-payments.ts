import { sql } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { awayForMs, nextCheck } from './check-times.ts'
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

const paymentsAtOnce = 16
// What is left after so much goes on in the next round, so that one tenant's provider does not keep the others waiting.
const batchesMax = 16
const roundMs = 20_000

/** Asks providers about payments that nobody told of, and ends those whose debtor left. */
export function paymentWork(deps: CheckDeps): TimedWork {
  const nextDueAt = (tenantId: string) => {
    const unit = { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }
    return inTransaction(deps.db, unit, nextDue)
  }
  return {
    name: 'payments',
    tenantsDue: () => tenantsDueBy(deps, 'payment_tenants_due'),
    runDue: (tenantId, signal) => checkDue(deps, tenantId, signal),
    nextDueAt,
    async isUnderWay(tenantId) {
      const at = await nextDueAt(tenantId)
      return at !== undefined && at <= deps.nowOf(tenantId)
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
  const endsAtMs = deps.clock().getTime() + roundMs
  for (let batch = 0; batch < batchesMax; batch += 1) {
    if (signal.aborted || deps.clock().getTime() > endsAtMs) return
    const unit = { tenantId, now: deps.nowOf(tenantId) }
    const due = await inTransaction(deps.db, unit, takeDue)
    if (due.length === 0) return
    for (const payment of due) {
      if (signal.aborted) return
      await check(deps, tenantId, payment).catch(async (error: unknown) => {
        const { paymentId } = payment
        deps.log.warn({ err: error, tenantId, paymentId }, 'payment not checked')
        if (isAway(error)) await inTransaction(deps.db, unit, (tx) => lookSooner(tx, paymentId))
      })
    }
  }
}

const isAway = (error: unknown) => error instanceof Refusal && error.kind === 'unavailable'

/**
 * The next question to a provider that is away has its time already. After a settled payment that is weeks later or
 * never, so this look counts as none.
 */
async function lookSooner(tx: Tx, paymentId: string): Promise<void> {
  const at = new Date(tx.now.getTime() + awayForMs)
  await sql`
    update portal_payment set checks = checks - 1, next_check_at = ${at}
    where tenant_id = ${tx.tenantId} and payment_id = ${paymentId} and state = 'settled' and checks > 0
      and (next_check_at is null or next_check_at > ${at})`.execute(tx.db)
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
