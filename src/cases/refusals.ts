import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of debt collection cases; what the book refuses is the book's. */
export const refuse = defineRefusals({
  case_not_found: { kind: 'not_found', message: 'There is no such case' },
  invalid_state: { kind: 'mismatch', message: 'The state of the case does not allow this' },
  version_conflict: { kind: 'conflict', message: 'The case was changed by somebody else' },
  case_incomplete: { kind: 'mismatch', message: 'The case cannot be collected, it lacks' },
  reference_taken: {
    kind: 'mismatch',
    message: 'A claim that asks for nothing any more has this reference',
  },
  claim_in_case: { kind: 'mismatch', message: 'The claim is in another case that is still open' },
  currency_mismatch: { kind: 'mismatch', message: 'The claim is in another currency' },
  items_mismatch: {
    kind: 'mismatch',
    message: 'The line items do not add up to what the claim asks for',
  },
  invalid_items: { kind: 'mismatch', message: 'The line items cannot be claimed' },
  invalid_amount: { kind: 'mismatch', message: 'This amount cannot be collected' },
  due_in_future: { kind: 'mismatch', message: 'What is collected fell due in the past' },
  configuration_unusable: { kind: 'mismatch', message: 'The configuration cannot work this case' },
  no_configuration: { kind: 'mismatch', message: 'No collector configuration fits the case' },
  invalid_content: { kind: 'invalid', message: 'The content is not in base64' },
})
