import { inTransaction, type Tx } from '../platform/db.ts'
import type { CheckoutDeps, PaymentAt } from './deps.ts'
import { findPayment } from './list-payments.ts'
import { recordState } from './record-state.ts'
import { refuse } from './refusals.ts'
import type { Payment } from './schema.ts'

interface Place {
  readonly provider: string
  readonly providerReference: string | null
}

/** Asks the provider how a payment stands, takes that in, and answers the payment: for a debtor who comes back. */
export async function refreshPayment(deps: CheckoutDeps, at: PaymentAt): Promise<Payment> {
  const unit = { tenantId: at.tenantId, now: deps.nowOf(at.tenantId), isReadOnly: true }
  const place = await inTransaction(deps.db, unit, (tx) => placeOf(tx, at.paymentId))
  // One that never came to its provider has nobody to ask.
  if (place.providerReference !== null) {
    const provider = await deps.gateways.provider(at.tenantId, place.provider)
    const report = await provider.readCheckout(place.providerReference)
    await recordState(deps, { ...at, ...report })
  }
  return inTransaction(deps.db, unit, (tx) => findPayment(tx, at.paymentId))
}

/** Where a payment is asked for. */
export async function placeOf(tx: Tx, paymentId: string): Promise<Place> {
  const row = await tx.db
    .selectFrom('portal_payment')
    .select(['provider', 'provider_reference as providerReference'])
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', paymentId)
    .executeTakeFirst()
  if (!row) throw refuse('payment_not_found')
  return row
}
