import type { CheckoutState } from '../gateways/index.ts'

export const paymentStates = [
  'open',
  'processing',
  'settled',
  'declined',
  'canceled',
  'interrupted',
  'failed',
  'disputed',
] as const
/** `interrupted`: abandoned by the debtor. `failed`: the provider never took it up. */
export type PaymentState = (typeof paymentStates)[number]

/** What may be said of a payment: by its provider, or by us when nobody came back to it. */
export type ReportedState = CheckoutState | 'interrupted'

export type Step = Exclude<PaymentState, 'open' | 'failed'>

/**
 * The states that a payment goes through because of a report, in their order; none where it tells nothing new. Reports come
 * late, twice and in any order: one of an earlier state changes nothing, money that arrived counts whatever was said
 * before it, and money that was taken back had arrived.
 */
export function stepsFor(current: PaymentState, reported: ReportedState): readonly Step[] {
  switch (current) {
    case 'open':
      return reported === 'open' ? [] : withMoney(reported)
    case 'processing':
      // Somebody who left after paying interrupted nothing.
      if (reported === 'open' || reported === 'processing' || reported === 'interrupted') return []
      return withMoney(reported)
    case 'declined':
    case 'canceled':
    case 'interrupted':
    case 'failed':
      return reported === 'settled' || reported === 'disputed' ? withMoney(reported) : []
    case 'settled':
      return reported === 'disputed' ? ['disputed'] : []
    case 'disputed':
      return []
  }
}

const withMoney = (reported: Step): readonly Step[] =>
  reported === 'disputed' ? ['settled', 'disputed'] : [reported]
