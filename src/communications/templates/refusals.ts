import { defineRefusals } from '../../platform/refusal.ts'

/** Every expected no of templates and letters. */
export const refuse = defineRefusals({
  bundle_not_found: { kind: 'not_found', message: 'There is no such bundle' },
  bundle_version_not_found: { kind: 'not_found', message: 'This bundle has no such version' },
  bundle_name_taken: { kind: 'conflict', message: 'Another bundle has this name' },
  bundle_in_use: { kind: 'conflict', message: 'Messages name this bundle, so it stays' },
  too_many_bundles: {
    kind: 'conflict',
    message: 'There are as many bundles as a tenant may have',
  },
  bundle_content_invalid: { kind: 'invalid', message: 'The content does not fit the channel' },
  template_invalid: { kind: 'invalid', message: 'This template cannot be used' },
  template_too_slow: { kind: 'invalid', message: 'This template takes too long to render' },
  template_too_big: { kind: 'invalid', message: 'This template needs too much memory' },
  renderer_unavailable: { kind: 'unavailable', message: 'Nothing can be rendered now' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
  claim_not_found: { kind: 'not_found', message: 'There is no such claim' },
  not_a_letter: { kind: 'invalid', message: 'Only a letter can be had as PDF' },
  letter_payment_invalid: {
    kind: 'invalid',
    message: 'The payment part of this letter cannot be made',
  },
  letter_too_long: { kind: 'invalid', message: 'A letter has no more pages than this' },
})
