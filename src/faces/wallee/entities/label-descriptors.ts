import {
  type Entity,
  idField,
  integer,
  long,
  longs,
  map,
  oneOf,
  refersTo,
  shown,
} from '../entity.ts'
import { localized } from './reference-data.ts'

const firstGroup = 1_400_000_200_000
export const firstDescriptor = 1_400_000_200_100
const textType = 1_400_000_200_900

const groups = [
  {
    id: firstGroup + 1,
    name: localized('Debt collection', 'Inkasso'),
    description: localized(
      'What a collector reports of a case',
      'Was ein Inkassobüro zum Fall meldet',
    ),
    weight: 1,
  },
  {
    id: firstGroup + 2,
    name: localized('Documents', 'Dokumente'),
    description: localized('What is known of a document', 'Was zu einem Dokument bekannt ist'),
    weight: 2,
  },
]

/** The labels that cases and documents may carry; their places make their ids. */
const descriptors = [
  { group: 1, name: localized('File number of the collector', 'Aktenzeichen des Inkassobüros') },
  { group: 1, name: localized('Name of the collector', 'Name des Inkassobüros') },
  { group: 1, name: localized('Status at the collector', 'Status beim Inkassobüro') },
  { group: 1, name: localized('Repeated receipt', 'Wiederholter Zahlungseingang') },
  { group: 2, name: localized('Hash of the content', 'Prüfsumme des Inhalts') },
].map(({ group, name }, index) => ({
  id: firstDescriptor + index,
  name,
  description: name,
  group: firstGroup + group,
  category: 'APPLICATION',
  features: [],
  type: textType,
  weight: index + 1,
}))

export const labelDescriptorGroup: Entity = {
  name: 'LabelDescriptorGroup',
  group: 'reference',
  scope: 'account',
  v1: { path: '/label-description-group-service', verbs: ['all', 'read'] },
  v2: { path: '/label-descriptors/groups', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    description: shown(map),
    name: shown(map),
    weight: shown(integer),
  },
  store: { kind: 'list', rows: () => groups },
}

export const labelDescriptor: Entity = {
  name: 'LabelDescriptor',
  group: 'reference',
  scope: 'account',
  v1: { path: '/label-description-service', verbs: ['all', 'read'] },
  v2: { path: '/label-descriptors', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    category: shown(oneOf('HUMAN', 'APPLICATION')),
    description: shown(map),
    features: shown(longs),
    group: shown(refersTo('LabelDescriptorGroup', { v1: 'id', v2: 'object' })),
    name: shown(map),
    type: shown(long),
    weight: shown(integer),
  },
  store: { kind: 'list', rows: () => descriptors },
}
