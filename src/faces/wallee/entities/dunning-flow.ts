import {
  creationStates,
  type Entity,
  integer,
  long,
  longs,
  map,
  oneOf,
  refersTo,
  shown,
  text,
} from '../entity.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import {
  channelId,
  flowFields,
  flowTypeId,
  levelNumber,
  levels,
  period,
} from './journey-columns.ts'

const creationState = oneOf(...creationStates)

/** A flow is a journey: made and assigned through our own door, seen through this one. */
export const dunningFlow: Entity = {
  name: 'DunningFlow',
  group: 'dunning',
  scope: 'space',
  v1: { path: '/dunning-flow', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/dunning-flows', verbs: ['list', 'get', 'search'] },
  fields: {
    ...flowFields,
    // What a flow is for says its assignment to portfolios; conditions of its own it has inside.
    conditions: shown(longs, { column: "'[]'::jsonb" }),
    linkedSpaceId: spaceOfRow,
    plannedPurgeDate: neverPurged,
    state: shown(creationState, { column: "'ACTIVE'" }),
    type: shown(refersTo('DunningFlowType'), { column: `${flowTypeId}::bigint` }),
  },
  store: { kind: 'table', table: 'journey', id: 't.number' },
}

const languages = (what: string) => `(select jsonb_strip_nulls(jsonb_object_agg(y.key, ${what}))
  from bundle_version v cross join lateral jsonb_each(v.languages) y
  where v.tenant_id = b.tenant_id and v.bundle_id = b.bundle_id and v.version = b.latest_version)`

const blocks = `(select string_agg(k ->> 'text', E'\\n\\n') from jsonb_array_elements(y.value -> 'blocks') k)`

/** A step of a journey that writes to the debtor, and how long is waited after it. */
export const dunningFlowLevel: Entity = {
  name: 'DunningFlowLevel',
  group: 'dunning',
  scope: 'space',
  v1: { path: '/dunning-flow-level', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/dunning-flows/levels', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: levelNumber('t') }),
    version: shown(integer),
    documentText: shown(map, { column: languages(`coalesce(y.value ->> 'text', ${blocks})`) }),
    flow: shown(refersTo('DunningFlow'), { column: 't.flow' }),
    linkedSpaceId: spaceOfRow,
    name: shown(text(100), { column: 't.step_id' }),
    period: shown(text(), { column: period('t') }),
    plannedPurgeDate: neverPurged,
    priority: shown(integer, { column: 't.position' }),
    processor: shown(long, { column: channelId('t.channel') }),
    reminderTemplate: shown(refersTo('DocumentTemplate'), { column: 'b.number' }),
    // Those of older versions still lead the claims that began with them.
    state: shown(creationState, {
      column: "(case when t.is_newest then 'ACTIVE' else 'INACTIVE' end)",
    }),
    title: shown(map, { column: languages(`coalesce(y.value ->> 'subject', b.name)`) }),
  },
  store: {
    kind: 'table',
    table: 'journey_version',
    from: `${levels} t left join bundle b on b.tenant_id = t.tenant_id and b.bundle_id = t.bundle_id`,
    id: levelNumber('t'),
  },
}
