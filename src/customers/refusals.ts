import { defineRefusals } from '../platform/refusal.ts'

export const refuse = defineRefusals({
  customer_not_found: { kind: 'not_found', message: 'There is no such customer' },
  customer_changed: { kind: 'conflict', message: 'The customer was changed by somebody else' },
  customer_has_accounts: {
    kind: 'mismatch',
    message: 'A customer with accounts cannot be deleted',
  },
  customer_is_itself: { kind: 'mismatch', message: 'A customer cannot be merged with itself' },
  address_not_found: { kind: 'not_found', message: 'There is no such address' },
})
