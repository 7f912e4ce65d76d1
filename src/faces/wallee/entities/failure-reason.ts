import { failures } from '../../../cases/index.ts'
import { type Entity, idField, map, oneOf, shown } from '../entity.ts'
import { localized } from './reference-data.ts'

const words = {
  COLLECTOR_GONE: {
    category: 'CONFIGURATION',
    name: localized('The collector is gone', 'Den Inkassopartner gibt es nicht mehr'),
    description: localized(
      'The configuration names a collector that was removed',
      'Die Konfiguration nennt einen Inkassopartner, der entfernt wurde',
    ),
  },
  COLLECTOR_BUSY: {
    category: 'TEMPORARY_ISSUE',
    name: localized(
      'The collector did not take the case',
      'Der Inkassopartner nahm den Fall nicht an',
    ),
    description: localized(
      'The collector takes no cases, or another one has the claim; it was tried for days',
      'Der Inkassopartner nimmt keine Fälle an oder ein anderer hat die Forderung; es wurde tagelang versucht',
    ),
  },
} as const

const rows = failures.map(({ id, code }) => ({ id, ...words[code] }))

/** Why something failed; seen inside what failed only. */
export const failureReason: Entity = {
  name: 'FailureReason',
  group: 'reference',
  scope: 'account',
  fields: {
    ...idField,
    category: shown(oneOf('TEMPORARY_ISSUE', 'INTERNAL', 'END_USER', 'CONFIGURATION', 'DEVELOPER')),
    description: shown(map),
    name: shown(map),
  },
  store: { kind: 'list', rows: () => rows },
}
