import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of webhooks. */
export const refuse = defineRefusals({
  webhook_not_found: { kind: 'not_found', message: 'There is no such webhook' },
  delivery_not_found: {
    kind: 'not_found',
    message: 'This webhook was sent no such message, or too long ago',
  },
  unknown_event_type: { kind: 'invalid', message: 'This event type is not known' },
  webhook_url_refused: { kind: 'invalid', message: 'This URL is not accepted' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
  too_many_webhooks: {
    kind: 'conflict',
    message: 'There are as many webhooks as a tenant may have',
  },
  webhook_of_listener: {
    kind: 'conflict',
    message: 'This webhook belongs to a listener of the wallee doors; change it there',
  },
  webhook_inactive: { kind: 'conflict', message: 'This webhook is not active; activate it first' },
  delivery_running: { kind: 'conflict', message: 'This message is being sent at this moment' },
})
