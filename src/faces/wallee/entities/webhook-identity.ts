import {
  creationStates,
  dateTime,
  type Entity,
  idField,
  oneOf,
  shown,
  text,
  versionField,
} from '../entity.ts'
import { linkedSpaceId } from './webhook-url.ts'

/** The name of a key pair that signs what listeners are told; a listener that names none gets that of its space. */
export const webhookIdentity: Entity = {
  name: 'WebhookIdentity',
  group: 'webhooks',
  scope: 'space',
  fields: {
    ...idField,
    ...versionField,
    linkedSpaceId,
    name: shown(text(50)),
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    state: shown(oneOf(...creationStates)),
  },
  store: { kind: 'table', table: 'wallee_webhook_identity' },
}
