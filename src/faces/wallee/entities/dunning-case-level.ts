import {
  boolean,
  dateTime,
  type Entity,
  integer,
  long,
  oneOf,
  refersTo,
  shown,
  text,
} from '../entity.ts'
import { environmentColumn, languageOf, neverPurged, spaceOfRow } from './invoice-columns.ts'
import {
  caseEnd,
  caseState,
  definition,
  isDropped,
  isNewest,
  isSentLevel,
  levelNumber,
  nextBegan,
  sentLevels,
  wasSent,
} from './journey-columns.ts'

/**
 * How a level stands: it is what a case came to, until the next one begins or the case ends. What a flow wrote last is sent
 * although the flow is at its end. Listeners are told the same (webhooks/tell-dunning-levels.ts).
 */
const state = `(case
  when t.status in ('QUEUED', 'SENDING') then
    case when ${caseState('r', 'c')} in ('RUNNING', 'SUSPENDED', 'FAILED') then 'INITIALIZING' else 'CANCELED' end
  when ${isDropped} then 'CANCELED'
  when not ${wasSent} or not ${isNewest} then 'FAILED'
  else case ${caseState('r', 'c')} when 'RUNNING' then 'PENDING' when 'SUSPENDED' then 'PENDING'
    when 'SUCCEEDED' then 'SUCCEEDED' when 'CANCELED' then 'CANCELED' else 'FAILED' end end)`

const when = (name: string, instant: string) =>
  `(case when ${state} = '${name}' then ${instant} end)`
const end = caseEnd('r', 'c')

/** A message that a dunning case sent. Only version 1 tells of them. */
export const dunningCaseLevel: Entity = {
  name: 'DunningCaseLevel',
  group: 'dunning',
  scope: 'space',
  v1: { path: '/dunning-case-level', verbs: ['read', 'search', 'count'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(integer, { column: '(1 + t.attempts)' }),
    canceledOn: shown(dateTime, { column: when('CANCELED', end) }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    dunningCase: shown(refersTo('DunningCase'), { column: 'r.number' }),
    environment: shown(oneOf('LIVE', 'PREVIEW'), { column: environmentColumn }),
    failedOn: shown(dateTime, {
      column: when('FAILED', `coalesce(${nextBegan}, ${end}, t.decided_at)`),
    }),
    flowLevel: shown(long, { column: definition(levelNumber('l')) }),
    invoice: shown(long, { column: 'c.number' }),
    language: shown(text(), { column: languageOf('c') }),
    linkedSpaceId: spaceOfRow,
    linkedTransaction: shown(long, { column: 'c.number' }),
    mostRecentLevel: shown(boolean, { column: isNewest }),
    plannedPurgeDate: neverPurged,
    state: shown(oneOf('INITIALIZING', 'PENDING', 'FAILED', 'CANCELED', 'SUCCEEDED'), {
      column: state,
    }),
    succeededOn: shown(dateTime, { column: when('SUCCEEDED', end) }),
    timeoutOn: shown(dateTime, {
      column: `(case when ${isNewest} and r.status = 'RUNNING' then r.next_at end)`,
    }),
  },
  store: { kind: 'table', table: 'message', from: sentLevels, id: 't.number', where: isSentLevel },
}
