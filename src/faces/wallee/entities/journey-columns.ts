import { type Entity, type Fields, integer, map, shown, text } from '../entity.ts'
import { localized } from './reference-data.ts'

/** Journeys (src/journeys) as these doors see them: flows, their levels and the cases that run through them, as SQL. */

/** Steps that say something to a debtor: what a flow has of levels. */
const messages = ['email', 'sms', 'letter'] as const

/** The kind of a level: who sends it and how. Callers keep the ids. */
export const channelIds = {
  email: 1_400_000_430_001,
  sms: 1_400_000_430_002,
  letter: 1_400_000_430_003,
}

export const channelId = (channel: string) =>
  `(case ${channel} ${messages.map((name) => `when '${name}' then ${channelIds[name]}`).join(' ')} end)`

const versionsPerFlow = 1_000_000
const levelsPerVersion = 1_000

/** A version of a flow never changes, so its levels are numbered by it and by their place in it. */
export const levelNumber = (level: string) =>
  `((${level}.flow * ${versionsPerFlow} + ${level}.version) * ${levelsPerVersion} + ${level}.position)`

/** All levels of all versions of the journeys of all tenants that are asked for; `tenant` says which. */
export const levels = `(
  select v.tenant_id, v.journey_id, v.version, j.number as flow, v.version = j.version as is_newest, s.step,
    s.step ->> 'id' as step_id, s.step ->> 'type' as channel, (s.step ->> 'bundleId')::uuid as bundle_id, w.wait,
    row_number() over (partition by v.tenant_id, v.journey_id, v.version
      order by p.path <> 'main', p.path, s.place) as position
  from journey j
  join journey_version v on v.tenant_id = j.tenant_id and v.journey_id = j.journey_id
  cross join lateral jsonb_each(v.document -> 'paths') p(path, steps)
  cross join lateral jsonb_array_elements(p.steps) with ordinality s(step, place)
  left join lateral (
    select o.step as wait from jsonb_array_elements(p.steps) with ordinality o(step, place)
    where o.place > s.place and o.step ->> 'type' = 'wait' order by o.place limit 1) w on true
  where s.step ->> 'type' in (${messages.map((name) => `'${name}'`).join(', ')}))`

/** How long a flow waits after a level, in ISO 8601. */
export const period = (level: string) => `(case when ${level}.wait is not null then
  concat('P', coalesce(${level}.wait ->> 'days', '0'), 'DT', coalesce(${level}.wait ->> 'hours', '0'), 'H',
    coalesce(${level}.wait ->> 'minutes', '0'), 'M') end)`

/** Why a run ended: what its claim says while the run does not know yet. */
const reasonOf = (run: string, claim: string) => `(case
  when ${run}.status = 'STOPPED' and ${run}.end_reason is distinct from 'CLAIM_RESOLVED' then ${run}.end_reason
  when ${claim}.status = 'DELETED' then 'CLAIM_DELETED'
  else ${claim}.resolution_reason end)`

/** How a run stands as a dunning case. One that came to its end unpaid failed, whoever pays later. */
export const caseState = (run: string, claim: string) => `(case
  when ${run}.status = 'FINISHED' then 'FAILED'
  when ${run}.status = 'RUNNING' and ${claim}.status = 'ACTIVE' then 'RUNNING'
  when ${run}.status = 'PAUSED' and ${claim}.status = 'ACTIVE' then 'SUSPENDED'
  when ${reasonOf(run, claim)} = 'CLAIM_PAID' then 'SUCCEEDED'
  when ${reasonOf(run, claim)} in ('CLAIM_DISCHARGED', 'CLAIM_SOLD', 'FRAUDULENT') then 'DERECOGNIZED'
  else 'CANCELED' end)`

export const caseEnd = (run: string, claim: string) =>
  `coalesce(${run}.ended_at, ${claim}.resolved_at, ${claim}.deleted_at)`

/** The instant of a case's end, if it ended in a state. */
export const endedAs = (state: string) =>
  `(case when ${caseState('t', 'c')} = '${state}' then ${caseEnd('t', 'c')} end)`

/** The messages that runs sent, with their run and their claim. */
export const sentLevels = `message t
  join journey_run r on r.tenant_id = t.tenant_id
    and r.run_id = (case when t.cause ->> 'kind' = 'journey' then (t.cause ->> 'id')::uuid end)
  left join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id`
export const isSentLevel = "t.cause ->> 'kind' = 'journey' and r.journey_id is not null"

/** Why the gate keeps a message back of which the case is over. */
export const droppedReasons = ['claim_deleted', 'claim_not_active', 'journey_stopped'] as const

/** The end of its case kept the message back. */
export const isDropped = `(t.status = 'WITHHELD' and t.decision ->> 'because' in (${droppedReasons
  .map((reason) => `'${reason}'`)
  .join(', ')}))`

/** The message was sent, and had not come back when its case ended. */
export const wasSent = `(t.status = 'SENT'
  or t.status = 'BOUNCED' and (t.bounce ->> 'at')::timestamptz > coalesce(r.ended_at, 'infinity'))`

const later = `from message m where m.tenant_id = t.tenant_id and m.cause ->> 'kind' = 'journey'
  and m.cause ->> 'id' = t.cause ->> 'id' and m.number > t.number`
export const isNewest = `(not exists (select ${later}))`
/** When the next level began. */
export const nextBegan = `(select min(m.created_at) ${later})`

/** The definition of a level that was sent; `what` is a column of `levels l`. */
export const definition = (what: string) => `(select ${what} from ${levels} l
  where l.tenant_id = t.tenant_id and l.journey_id = r.journey_id and l.version = r.version
    and l.step_id = t.cause ->> 'step' limit 1)`

const flowType = {
  id: 1_400_000_440_001,
  name: localized('General', 'Allgemein'),
  description: localized(
    'For debtors of any country; fees are what the flow books',
    'Für Schuldner jedes Landes; Gebühren sind, was der Ablauf bucht',
  ),
}

/** How flows are, all alike: for debtors of any country. */
export const dunningFlowType: Entity = {
  name: 'DunningFlowType',
  group: 'dunning',
  scope: 'account',
  fields: {
    id: shown({ kind: 'long' }),
    description: shown(map),
    name: shown(map),
    specificCountry: shown(text()),
  },
  store: { kind: 'list', rows: () => [flowType] },
}
export const flowTypeId = flowType.id

/** Which flow a claim takes first: that of its portfolio, then the one for all; a flow of neither is begun by hand. */
export const flowPriority = `(select coalesce(min(case when a.portfolio_reference = '' then 1 else 0 end), 2)
  from journey_assignment a where a.tenant_id = t.tenant_id and a.journey_id = t.journey_id)`

export const flowFields: Fields = {
  id: shown({ kind: 'long' }, { column: 't.number' }),
  version: shown(integer),
  name: shown(text()),
  priority: shown(integer, { column: flowPriority }),
}
