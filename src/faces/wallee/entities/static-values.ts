import { type Entity, idField, longs, map, shown } from '../entity.ts'
import { localized } from './reference-data.ts'

const firstId = 1_400_000_300_000

/** Values that labels and documents refer to by id; their places make their ids, a new one goes at the end. */
const values = [
  localized('Paid in full', 'Vollständig bezahlt'),
  localized('Paid in part', 'Teilweise bezahlt'),
  localized('Debtor not found', 'Schuldner nicht auffindbar'),
  localized('Debtor insolvent', 'Schuldner zahlungsunfähig'),
  localized('Disputed', 'Bestritten'),
  localized('Withdrawn by the creditor', 'Vom Gläubiger zurückgezogen'),
].map((name, index) => ({ id: firstId + index, name, description: name, features: [] }))

export const staticValue: Entity = {
  name: 'StaticValue',
  group: 'reference',
  scope: 'account',
  v1: { path: '/static-value-service', verbs: ['all', 'read'] },
  v2: { path: '/static-values', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    description: shown(map),
    features: shown(longs),
    name: shown(map),
  },
  store: { kind: 'list', rows: () => values },
}
