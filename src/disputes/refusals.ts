import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of disputes; what the book refuses is the book's. */
export const refuse = defineRefusals({
  dispute_not_found: { kind: 'not_found', message: 'There is no such dispute' },
  dispute_open: { kind: 'conflict', message: 'The claim is disputed already' },
  dispute_closed: { kind: 'conflict', message: 'The dispute is closed' },
  file_not_found: { kind: 'not_found', message: 'There is no such file of the account' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
