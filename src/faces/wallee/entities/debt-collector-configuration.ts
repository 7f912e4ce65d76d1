import {
  boolean,
  dateTime,
  type Entity,
  idField,
  integer,
  long,
  longs,
  refersTo,
  shown,
  switchable,
  text,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { inCall } from '../call.ts'
import { type At, insertRow, updateRow } from '../table-store.ts'
import { wordedViolation } from '../violations.ts'

const store = {
  kind: 'table',
  table: 'debt_collector_configuration',
  // One that cases were worked by cannot go; it is made inactive.
  deletes: 'row',
} as const

/** Which collector works which cases; the lowest priority is tried first. */
export const debtCollectorConfiguration: Entity = {
  name: 'DebtCollectorConfiguration',
  group: 'debt-collection',
  scope: 'space',
  v1: { path: '/debt-collector-configuration', verbs: ['read', 'search', 'count'] },
  v2: {
    path: '/debt-collection/configurations',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
  },
  fields: {
    ...idField,
    ...versionField,
    collector: { type: refersTo('DebtCollector', { v1: 'id', v2: 'object' }), create: 'required' },
    conditions: writable({
      kind: 'reference',
      entity: 'DebtCollectorCondition',
      v1: 'id',
      v2: 'object',
      isList: true,
      writes: 'object',
    }),
    enabledSpaceViews: writable(longs),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    name: writable(text(100)),
    plannedPurgeDate: shown(dateTime, { column: 'null::timestamptz' }),
    priority: writable(integer),
    skipReviewEnabled: writable(boolean),
    state: writable(switchable()),
  },
  store,
  create: (call, values) =>
    inCall(call, (tx) => insertRow(tx, at(call), withDefaults(values))).catch(wordedViolation),
  update: (call, change) =>
    inCall(call, (tx) =>
      updateRow(tx, at(call), { ...change, values: withDefaults(change.values) }),
    ).catch(wordedViolation),
}

const at = (call: At['call']): At => ({ entity: debtCollectorConfiguration, store, call })

const defaults: Values = {
  conditions: [],
  enabledSpaceViews: [],
  priority: 0,
  skipReviewEnabled: false,
  state: 'ACTIVE',
}

/** Null is what a field is without being given. */
function withDefaults(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value ?? defaults[name] ?? null]),
  )
}
