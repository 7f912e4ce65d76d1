import { defineRefusals } from '../../platform/refusal.ts'

export const refuseMessage = defineRefusals({
  message_not_found: { kind: 'not_found', message: 'There is no such message' },
  message_not_composed: { kind: 'conflict', message: 'The message was not written yet' },
  message_not_sent: { kind: 'conflict', message: 'The message was not sent, so it cannot bounce' },
  bundle_not_found: { kind: 'not_found', message: 'There is no such bundle' },
  bundle_of_other_channel: { kind: 'invalid', message: 'The bundle is for another channel' },
  claim_not_active: { kind: 'conflict', message: 'The claim is not active' },
  invalid_due_at: { kind: 'invalid', message: 'dueAt is no instant of the calendar' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
  not_a_bounce: {
    kind: 'invalid',
    message: 'This is no delivery status notification about a message of ours',
  },
})
