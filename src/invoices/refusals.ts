import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of invoices, refunds and payment links; what the book refuses is the book's. */
export const refuse = defineRefusals({
  invoice_not_found: { kind: 'not_found', message: 'There is no such invoice' },
  refund_not_found: { kind: 'not_found', message: 'There is no such refund' },
  account_not_found: { kind: 'not_found', message: 'There is no such account' },
  invalid_state: { kind: 'mismatch', message: 'The state of the object does not allow this' },
  invalid_items: { kind: 'mismatch', message: 'The line items cannot be asked for' },
  invalid_amount: { kind: 'mismatch', message: 'This amount cannot be booked' },
  invalid_reduction: { kind: 'mismatch', message: 'The line items cannot be reduced like this' },
  exceeds_received: { kind: 'mismatch', message: 'More would go back than was received' },
  changed_meanwhile: { kind: 'conflict', message: 'Somebody else changed this at the same moment' },
  link_closed: { kind: 'mismatch', message: 'This payment link cannot be used' },
})
