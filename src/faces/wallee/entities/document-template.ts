import { boolean, type Entity, integer, long, oneOf, refersTo, shown, text } from '../entity.ts'
import { creationStates } from '../entity.ts'
import { documentTypeIds } from './document-types.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'

const { EMAIL, LETTER, SMS } = documentTypeIds

/** A template is a bundle (src/communications): the words of a message, in its newest version. */
export const documentTemplate: Entity = {
  name: 'DocumentTemplate',
  group: 'documents',
  scope: 'space',
  v1: { path: '/document-template', verbs: ['read', 'search', 'count'] },
  v2: { path: '/document-templates', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(integer, { column: 't.latest_version' }),
    defaultTemplate: shown(boolean, { column: 'false' }),
    deliveryEnabled: shown(boolean, { column: 'true' }),
    linkedSpaceId: spaceOfRow,
    name: shown(text(100)),
    plannedPurgeDate: neverPurged,
    spaceId: spaceOfRow,
    state: shown(oneOf(...creationStates), { column: "'ACTIVE'" }),
    templateResource: shown(text(), { column: "('bundles/' || t.bundle_id)", only: 2 }),
    type: shown(refersTo('DocumentTemplateType', { v1: 'id', v2: 'object' }), {
      column: `(case t.channel when 'email' then ${EMAIL} when 'sms' then ${SMS} else ${LETTER} end)`,
    }),
  },
  store: { kind: 'table', table: 'bundle', id: 't.number' },
}
