import { defineRefusals } from '../../platform/refusal.ts'

/** What these doors themselves refuse; modules bring their own. */
export const refuse = defineRefusals({
  unauthorized: { kind: 'unauthenticated', message: 'The request is not signed by a valid key' },
  forbidden: { kind: 'forbidden', message: 'The user lacks the permission for this' },
  space_missing: { kind: 'invalid', message: 'The request names no space' },
  account_missing: { kind: 'invalid', message: 'The request names no account' },
  not_found: { kind: 'not_found', message: 'There is no such object' },
  invalid_parameter: { kind: 'invalid', message: 'The request is not accepted' },
  unprocessable: { kind: 'mismatch', message: 'The request cannot be carried out' },
  invalid_state: { kind: 'mismatch', message: 'The state of the object does not allow this' },
  search_too_long: {
    kind: 'mismatch',
    message: 'The search takes too long; narrow it down',
  },
  version_conflict: { kind: 'conflict', message: 'The object was changed by somebody else' },
  too_many_entries: { kind: 'too_large', message: 'A bulk request has too many entries' },
  rate_limited: { kind: 'too_many', message: 'Too many requests' },
  in_use: { kind: 'mismatch', message: 'Other objects still refer to it' },
})
