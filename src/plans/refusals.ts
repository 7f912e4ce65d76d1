import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of plans; what the book refuses is the book's. */
export const refuse = defineRefusals({
  definition_not_found: { kind: 'not_found', message: 'There is no such plan definition' },
  invalid_terms: { kind: 'invalid', message: 'The terms of the plan do not fit together' },
  plan_not_found: { kind: 'not_found', message: 'There is no such plan' },
  plan_not_active: { kind: 'conflict', message: 'The plan has ended' },
  plan_exists: { kind: 'conflict', message: 'The claim has an active plan' },
  plan_not_offered: { kind: 'conflict', message: 'The claim is not offered this plan' },
  plan_amount_changed: {
    kind: 'conflict',
    message: 'The plan would be over another sum than was shown',
  },
  invalid_first_due: { kind: 'invalid', message: 'The first due date is not within the terms' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
