import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of payment providers. */
export const refuse = defineRefusals({
  provider_not_found: {
    kind: 'not_found',
    message: 'This tenant takes no payments with this provider',
  },
  provider_settings: { kind: 'invalid', message: 'This provider cannot be set up like this' },
  provider_unavailable: { kind: 'unavailable', message: 'The payment provider cannot be reached' },
  provider_refused: { kind: 'conflict', message: 'The payment provider refused' },
  checkout_not_found: { kind: 'not_found', message: 'There is no such checkout' },
  checkout_closed: { kind: 'conflict', message: 'This checkout is not open any more' },
  checkout_not_settled: { kind: 'conflict', message: 'This payment has not settled' },
  card_unknown: { kind: 'invalid', message: 'The sandbox does not know this card number' },
  amount_not_payable: { kind: 'invalid', message: 'The provider cannot take this amount' },
  key_reused: { kind: 'mismatch', message: 'This idempotency key was used for another charge' },
  notice_not_signed: { kind: 'invalid', message: 'The signature of this notice is not valid' },
  notice_unreadable: { kind: 'invalid', message: 'This notice cannot be read' },
})
