import { boolean, type Entity, idField, type Row, longs, map, refersTo, shown } from '../entity.ts'
import { everythingId, type Group, groups, permissionIds } from '../groups.ts'
import { localized } from './reference-data.ts'

const germanOf: Record<Group, string> = {
  customers: 'Kunden',
  spaces: 'Spaces',
  accounts: 'Accounts',
  users: 'Benutzer',
  roles: 'Rollen',
  reference: 'Stammdaten',
  'debt-collection': 'Inkasso',
  dunning: 'Mahnwesen',
  invoices: 'Rechnungen',
  refunds: 'Rückzahlungen',
  webhooks: 'Webhooks',
  'manual-tasks': 'Aufgaben',
  'payment-links': 'Zahlungslinks',
  'charge-flows': 'Zahlungsabläufe',
  documents: 'Dokumente',
  'subscription-ledger': 'Buchungen von Abonnements',
}

/** The tree of permissions: everything, below it a node for each group, below that reading and writing. */
function allPermissions(): Row[] {
  const everything = node(everythingId, localized('Everything', 'Alles'), [])
  return [
    everything,
    ...groups.flatMap((group) => {
      const ids = permissionIds(group)
      const name = group.replaceAll('-', ' ')
      const german = germanOf[group]
      return [
        node(ids.node, localized(name, german), [everythingId]),
        leaf(ids.read, localized(`Read ${name}`, `${german} lesen`), [ids.node, everythingId]),
        leaf(ids.write, localized(`Change ${name}`, `${german} ändern`), [ids.node, everythingId]),
      ]
    }),
  ]
}

type Names = Record<string, string>

const one = (id: number, name: Names, way: readonly number[]) => ({
  id,
  name,
  title: name,
  description: name,
  pathToRoot: way,
  ...(way[0] === undefined ? {} : { parent: way[0] }),
  twoFactorRequired: false,
  webAppEnabled: false,
})
const node = (id: number, name: Names, way: readonly number[]): Row => ({
  ...one(id, name, way),
  group: true,
  leaf: false,
})
const leaf = (id: number, name: Names, way: readonly number[]): Row => ({
  ...one(id, name, way),
  group: false,
  leaf: true,
})

export const permission: Entity = {
  name: 'Permission',
  group: 'reference',
  scope: 'account',
  v1: { path: '/permission', verbs: ['all', 'read'] },
  v2: { path: '/permissions', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    description: shown(map),
    group: shown(boolean),
    leaf: shown(boolean),
    name: shown(map),
    parent: shown(refersTo('Permission', { v1: 'id', v2: 'id' })),
    pathToRoot: shown(longs),
    title: shown(map),
    twoFactorRequired: shown(boolean),
    webAppEnabled: shown(boolean),
  },
  store: { kind: 'list', rows: allPermissions },
}
