import { defineRefusals } from '../platform/refusal.ts'

export const refuse = defineRefusals({
  contact_not_found: { kind: 'not_found', message: 'There is no such debtor' },
  suppression_not_found: { kind: 'not_found', message: 'This address is not suppressed' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
