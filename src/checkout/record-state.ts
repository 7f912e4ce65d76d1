import { claimsPaidBy, type Companion, type Outcome } from '../book/index.ts'
import type { CheckoutReport } from '../gateways/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { chargeBack } from './charge-back.ts'
import { checkAfterFailure, nextCheck } from './check-times.ts'
import type { CheckoutDeps, PaymentAt } from './deps.ts'
import { type Booking, type HistoryEntry, type LoadedPayment, loadPayment } from './load-payment.ts'
import { landingEvents, stateEvents } from './payment-events.ts'
import { refuse } from './refusals.ts'
import { type Settling, settleShares } from './settle.ts'
import { type ReportedState, type Step, stepsFor } from './states.ts'

export interface StateReport extends Omit<CheckoutReport, 'state'>, PaymentAt {
  readonly state: ReportedState
}

type Tracked = Settling['payment']

/**
 * Takes in what was said of a payment (D-97). Said again, late or out of order it changes nothing; a payment that settled
 * is booked once, whole, together with its change of state. One that cannot be booked stays what it was and is asked
 * about again.
 */
export async function recordState(deps: CheckoutDeps, report: StateReport): Promise<void> {
  const { tenantId, paymentId } = report
  const unit = { tenantId, now: deps.nowOf(tenantId) }
  const steps = await inTransaction(deps.db, unit, (tx) => takeIn(tx, report))
  for (const step of steps) {
    // Read anew: what one step booked is what the next takes back.
    const booking = await inTransaction(deps.db, { ...unit, isReadOnly: true }, async (tx) => {
      const payment = await loadPayment(tx, paymentId, { isLocked: false })
      return (
        payment && { payment: trackedAs(payment), paid: await claimsPaidBy(tx, payment.bookings) }
      )
    })
    if (booking) await bookStep(deps, { ...booking, step, report })
  }
}

/** Does all that needs no booking, and answers the steps that do. */
async function takeIn(tx: Tx, report: StateReport): Promise<readonly Step[]> {
  const payment = await loadPayment(tx, report.paymentId, { isLocked: true })
  if (!payment) throw refuse('payment_not_found')
  const steps = stepsFor(payment.state, report.state)
  const [first] = steps
  if (first === undefined) {
    if (report.newsAt) await checkAt(tx, payment, report.newsAt)
    return []
  }
  const isBooked = first === 'settled' || first === 'disputed'
  const trackingId = payment.trackingId ?? report.trackingId ?? null
  const moved = { ...payment, trackingId }
  await tellLanding(tx, moved, first)
  if (isBooked) {
    await keepTracking(tx, moved, trackingId ?? payment.providerReference ?? payment.paymentId)
    return steps
  }
  for (const event of stateEvents(moved, first)) await tx.emit(event)
  await move(tx, moved, { step: first, report })
  return []
}

/** The debtor's own way through a payment: it arrived somewhere, or it ended before. Told once. */
async function tellLanding(tx: Tx, payment: LoadedPayment, step: Step): Promise<void> {
  if (payment.isLanded) return
  const events = landingEvents(payment, landingOf(step))
  for (const event of events) await tx.emit(event)
}

function landingOf(step: Step) {
  switch (step) {
    case 'processing':
    case 'settled':
    case 'disputed':
      return 'Payment.succeeded'
    case 'declined':
      return 'Payment.failed'
    case 'canceled':
    case 'interrupted':
      return 'Payment.interrupted'
  }
}

/**
 * The name under which it will be booked, kept before it is: whoever reports it next books under the same. If nobody does,
 * because the server dies or the book refuses, it is asked about again, even if it counted as ended.
 */
async function keepTracking(tx: Tx, payment: LoadedPayment, trackingId: string): Promise<void> {
  await tx.db
    .updateTable('portal_payment')
    .set({
      tracking_id: trackingId,
      is_landed: true,
      next_check_at: checkAfterFailure(payment.checks, tx.now),
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', payment.paymentId)
    .execute()
}

async function move(
  tx: Tx,
  payment: LoadedPayment,
  { step, report }: { step: Step; report: StateReport },
): Promise<void> {
  const { state, history, nextAt } = movedTo(payment, { step, report, now: tx.now })
  await tx.db
    .updateTable('portal_payment')
    .set({
      state,
      tracking_id: payment.trackingId,
      is_landed: payment.isLanded || step === 'processing',
      history: JSON.stringify([...payment.history, history]),
      checks: 0,
      next_check_at: nextAt ?? null,
      updated_at: tx.now,
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', payment.paymentId)
    .execute()
}

function movedTo(
  payment: LoadedPayment,
  { step, report, now }: { step: Step; report: StateReport; now: Date },
): { state: Step; history: HistoryEntry; nextAt: Date | undefined } {
  // A reason belongs to the state that was reported, not to one that it implies.
  const reason = report.state === step ? report.reason : undefined
  const history = { state: step, at: now.toISOString(), ...(reason ? { reason } : {}) }
  const { newsAt } = report
  const nextAt = nextCheck({ state: step, checks: 0, now, newsAt, expiresAt: payment.expiresAt })
  return { state: step, history, nextAt }
}

async function checkAt(tx: Tx, payment: LoadedPayment, newsAt: Date): Promise<void> {
  await tx.db
    .updateTable('portal_payment')
    .set({ next_check_at: newsAt })
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', payment.paymentId)
    .execute()
}

function trackedAs(payment: LoadedPayment): Tracked {
  const { trackingId, paymentId } = payment
  return { ...payment, trackingId: trackingId ?? paymentId }
}

/** One command for each account, all of them with the change of state in one transaction, or none. */
async function bookStep(
  deps: CheckoutDeps,
  at: { payment: Tracked; paid: readonly string[]; step: Step; report: StateReport },
): Promise<void> {
  const { payment, paid: claimReferences, step } = at
  const homes =
    step === 'settled'
      ? payment.claims.map((claim) => claim.homeReference)
      : payment.bookings.map((booking) => booking.accountReference)
  const commands = [...new Set(homes)].map((homeReference, index) => {
    const settling = { payment, homeReference, isTeller: index === 0 }
    return step === 'settled'
      ? settleShares(settling)
      : chargeBack({ ...settling, claimReferences })
  })
  const now = deps.nowOf(payment.tenantId)
  const outcomes = await deps.bookkeeper.submitGroup(commands, {
    isWhole: true,
    companions: (decided) => moveWith(decided, { ...at, now }),
  })
  for (const outcome of outcomes) if ('refusal' in outcome) throw outcome.refusal
}

/** Moves the row unless somebody was faster; what was refused leaves it for the next report. */
function moveWith(
  outcomes: readonly Outcome<Booking[]>[],
  at: { payment: Tracked; step: Step; report: StateReport; now: Date },
): Companion[] {
  const { payment, step, now } = at
  if (outcomes.some((outcome) => 'refusal' in outcome)) return []
  const bookings = outcomes.flatMap((outcome) => ('result' in outcome ? outcome.result : []))
  const { history, nextAt } = movedTo(payment, at)
  const set = `state = $3, history = history || $4::jsonb, next_check_at = $5, checks = 0, updated_at = $6`
  const values = [
    payment.tenantId,
    payment.paymentId,
    step,
    JSON.stringify([history]),
    nextAt ?? null,
    now,
  ]
  if (step !== 'settled') {
    const text = `update portal_payment set ${set}
      where tenant_id = $1 and payment_id = $2 and state = 'settled'`
    return [{ text, values }]
  }
  const text = `update portal_payment set ${set}, bookings = $7::jsonb
    where tenant_id = $1 and payment_id = $2 and state not in ('settled', 'disputed')`
  return [{ text, values: [...values, JSON.stringify(bookings)] }]
}
