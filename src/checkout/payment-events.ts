import type { Json } from '../book/index.ts'
import type { LoadedPayment, PaymentClaim } from './load-payment.ts'
import type { Step } from './states.ts'

export interface PaymentEvent {
  readonly type: string
  readonly data: Json
}

type Told = Pick<
  LoadedPayment,
  'provider' | 'trackingId' | 'currency' | 'amountMinor' | 'locale' | 'claims' | 'paymentId'
>

/** Events and entries name a provider in capitals. */
export const providerNameOf = (payment: { provider: string }) => payment.provider.toUpperCase()

/** That a payment reached a state: one event for one claim, one for many (14.1.3, 14.3). */
export function stateEvents(payment: Told, state: Step): PaymentEvent[] {
  if (state === 'interrupted') return []
  const { claims, currency, amountMinor, trackingId, paymentId } = payment
  const common = {
    providerName: providerNameOf(payment),
    amount: amountMinor,
    currency,
    trackingId,
    paymentId,
  }
  const [first] = claims
  if (!first) return []
  if (claims.length === 1) {
    const { paymentReference } = first
    const data = {
      ...namesOf(first),
      ...common,
      ...(paymentReference === null ? {} : { paymentReference }),
    }
    return [{ type: `event.claimDebtPayment.${state}`, data }]
  }
  const parts = claims.map((claim) => ({
    claimRef: claim.claimReference,
    amount: claim.amountMinor,
  }))
  const data = { accountReference: first.accountReference, ...common, claims: parts }
  return [{ type: `event.multiClaimDebtPayment.${state}`, data }]
}

export type LandingEvent =
  | 'PaymentInit.succeeded'
  | 'PaymentInit.failed'
  | 'Payment.succeeded'
  | 'Payment.failed'
  | 'Payment.interrupted'

/** What the landing page saw of a payment, once for each claim with its share. */
export function landingEvents(payment: Told, event: LandingEvent): PaymentEvent[] {
  return payment.claims.map((claim) => ({
    type: `event.landingPage${event}`,
    data: {
      ...namesOf(claim),
      providerName: providerNameOf(payment),
      amount: claim.amountMinor,
      currency: payment.currency,
      paymentId: payment.paymentId,
      ...(payment.locale === null ? {} : { locale: payment.locale }),
    },
  }))
}

function namesOf(claim: PaymentClaim): Json {
  return {
    claimRef: claim.claimReference,
    receeveClaimRef: claim.receeveReference,
    accountReference: claim.accountReference,
    ...(claim.debtorReference === null ? {} : { externalDebtorRef: claim.debtorReference }),
  }
}
