import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of portal payments. */
export const refuse = defineRefusals({
  payment_not_found: { kind: 'not_found', message: 'There is no such payment' },
  claim_not_found: { kind: 'not_found', message: 'Claim not found' },
  claim_not_payable: { kind: 'conflict', message: 'This claim asks for no money any more' },
  claims_twice: { kind: 'invalid', message: 'A claim is paid once by one payment' },
  currencies_differ: { kind: 'invalid', message: 'One payment pays claims of one currency' },
  amount_exceeds_owed: {
    kind: 'conflict',
    message: 'This is more than the claim asks for, less what is being paid already',
  },
  amount_out_of_range: { kind: 'invalid', message: 'The amounts add up to more than can be paid' },
  return_url_refused: {
    kind: 'invalid',
    message: 'A return URL begins with https://, http:// or, on this server, with a slash',
  },
  provider_not_offered: { kind: 'invalid', message: 'This tenant does not offer this provider' },
  not_sandbox: { kind: 'conflict', message: 'Only sandbox payments can be disputed by hand' },
})
