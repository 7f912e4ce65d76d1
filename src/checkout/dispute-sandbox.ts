import { disputeInSandbox } from '../gateways/index.ts'
import { inTransaction } from '../platform/db.ts'
import type { CheckoutDeps, PaymentAt } from './deps.ts'
import { placeOf, refreshPayment } from './refresh-payment.ts'
import { refuse } from './refusals.ts'
import type { Payment } from './schema.ts'

/** Lets the debtor's bank take a sandbox payment back, so that what follows can be seen. */
export async function disputePayment(deps: CheckoutDeps, at: PaymentAt): Promise<Payment> {
  const unit = { tenantId: at.tenantId, now: deps.nowOf(at.tenantId) }
  await inTransaction(deps.db, unit, async (tx) => {
    const { provider, providerReference } = await placeOf(tx, at.paymentId)
    if (provider !== 'sandbox' || providerReference === null) throw refuse('not_sandbox')
    await disputeInSandbox(tx, providerReference)
  })
  return refreshPayment(deps, at)
}
