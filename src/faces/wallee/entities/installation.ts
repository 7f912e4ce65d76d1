import {
  boolean,
  type Entity,
  idField,
  integer,
  oneOf,
  creationStates,
  shown,
  text,
} from '../entity.ts'

/** The one scope of an installation: what the doors' own provider calls a branded platform. */
export const scopeId = 1
/** The one database that spaces live in, by the number that callers may name. */
export const databaseId = 1

export const scope: Entity = {
  name: 'Scope',
  group: 'accounts',
  scope: 'account',
  fields: {
    ...idField,
    machineName: shown(text()),
    name: shown(text()),
    sslActive: shown(boolean),
    state: shown(oneOf(...creationStates)),
    version: shown(integer),
  },
  store: {
    kind: 'list',
    rows: () => [
      {
        id: scopeId,
        machineName: 'Quittance',
        name: 'Quittance',
        sslActive: true,
        state: 'ACTIVE',
        version: 1,
      },
    ],
  },
}

export const tenantDatabase: Entity = {
  name: 'TenantDatabase',
  group: 'spaces',
  scope: 'account',
  fields: { ...idField, name: shown(text()), version: shown(integer) },
  store: { kind: 'list', rows: () => [{ id: databaseId, name: 'Default', version: 1 }] },
}
