import type { FastifyReply } from 'fastify'
import { type PaymentState, paymentsOf, refreshPayment } from '../../checkout/index.ts'
import type { Payment } from '../../checkout/schema.ts'
import { isUuid } from '../../kernel/id.ts'
import { factsOf } from './overview.tsx'
import { sendPage } from './send-page.ts'
import { inVisit, pageOf, refuse, type Visit } from './visit.ts'
import { PaymentPage, type ShownState } from './views/payment.tsx'

/** Where a visitor comes back to from a provider: what became of the payment, as the provider says now. */
export async function showPayment(visit: Visit): Promise<FastifyReply> {
  const { paymentId } = visit.request.params as { paymentId: string }
  const facts = await factsOf(visit)
  const known = await inVisit(visit, (tx) => paymentsOf(tx, [visit.claimId]))
  // A payment of another claim is not shown here, whoever made it.
  const before = known.find(({ id }) => isUuid(paymentId) && id === paymentId.toLowerCase())
  if (!before) throw refuse('page_not_found')
  const payment = await refreshed(visit, before)
  return sendPage(
    visit,
    <PaymentPage
      page={pageOf(visit, facts.claimReference)}
      state={shownAs[payment.state as PaymentState]}
      amount={visit.words.money(payment.amountMinor, payment.currency)}
      self={`${visit.base}/payment/${payment.id}`}
    />,
  )
}

/** The provider's word; where it cannot be had, what is known here. */
async function refreshed(visit: Visit, payment: Payment): Promise<Payment> {
  const { deps, tenant } = visit
  try {
    return await refreshPayment(deps.checkout, {
      tenantId: tenant.tenantId,
      paymentId: payment.id,
    })
  } catch (error) {
    deps.services.log.warn(
      { err: error, paymentId: payment.id },
      'a payment could not be asked for',
    )
    return payment
  }
}

const shownAs: Readonly<Record<PaymentState, ShownState>> = {
  open: 'open',
  processing: 'processing',
  settled: 'settled',
  declined: 'declined',
  canceled: 'canceled',
  interrupted: 'canceled',
  failed: 'canceled',
  disputed: 'disputed',
}
