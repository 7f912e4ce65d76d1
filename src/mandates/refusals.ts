import { defineRefusals } from '../platform/refusal.ts'

/** What mandates say no to, beside what the book does. */
export const refuseMandate = defineRefusals({
  mandate_exists: { kind: 'conflict', message: 'Mandate already exists in the account' },
  mandate_not_found: { kind: 'not_found', message: 'Mandate not found' },
})
