import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { caseEnd, caseState, droppedReasons } from '../entities/journey-columns.ts'
import { textOf } from './happening.ts'
import { endEvents, runsOf } from './runs-of.ts'

/** A message that a run sent, as it stands at this moment. */
export interface Level {
  readonly messageId: string
  /** The id that the doors know it by. */
  readonly number: number
  readonly channel: 'email' | 'sms' | 'letter'
  readonly status: 'QUEUED' | 'SENDING' | 'SENT' | 'WITHHELD' | 'FAILED' | 'BOUNCED'
  /** It stayed here, so it was sent as soon as it was written. */
  readonly isInOutbox: boolean
  /** It was written once: an event told of it. */
  readonly isWritten: boolean
  /** The end of its case kept it back. */
  readonly isDropped: boolean
  /** Its claim has a page to pay at. */
  readonly hasLink: boolean
  readonly createdAt: Date
  readonly sentAt: Date | null
  readonly bouncedAt: Date | null
}

/** A case with its levels, the oldest first. */
export interface Run {
  readonly runId: string
  readonly state: string
  readonly endedAt: Date | null
  readonly levels: readonly Level[]
}

/** What an event is about. */
export interface Told {
  readonly event: StoredEvent
  readonly run: Run
  /** The level whose message it is; undefined: the case as a whole. */
  readonly own: Level | undefined
}

/** Events with the cases and levels that they are about; those of messages that no case sent are left out. */
export async function levelsOf(tx: Tx, events: readonly StoredEvent[]): Promise<Told[]> {
  const ended = await runsOf(
    tx,
    events.filter(({ type }) => endEvents.includes(type)),
  )
  const messages = await messagesOf(
    tx,
    events.filter(({ type }) => !endEvents.includes(type)),
  )
  const runIds = [...ended.values(), ...messages.values()].map(({ runId }) => runId)
  const runs = await loadRuns(tx, [...new Set(runIds)])
  return events.flatMap((event) => {
    const { messageId } = messages.get(event.messageId) ?? {}
    const found = ended.get(event.messageId) ?? messages.get(event.messageId)
    const run = found && runs.get(found.runId)
    if (!run) return []
    const own = run.levels.find((level) => level.messageId === messageId)
    return messageId !== undefined && !own ? [] : [{ event, run, own }]
  })
}

interface FoundMessage {
  readonly messageId: string
  readonly runId: string
}

const urlPattern = /\/Message\/([0-9a-f-]{36})\.eml$/
const channels = { debtorEmail: 'email', debtorSMS: 'sms', debtorLetter: 'letter' } as const

function channelOf(type: string): string | null {
  const found = Object.entries(channels).find(([family]) => type.startsWith(`event.${family}`))
  return found?.[1] ?? null
}

/**
 * The message of each event, by the event's id. One that was never written has no address yet: it is the newest of its claim
 * and template that failed so. Each is looked up by itself: joined at once, all that journeys ever sent would be read.
 */
async function messagesOf(
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<string, FoundMessage>> {
  if (events.length === 0) return new Map()
  const asked = events.map((event) => ({
    event_id: event.messageId,
    named: urlPattern.exec(textOf(event, 'messageURL'))?.[1] ?? null,
    reference: textOf(event, 'claimRef'),
    bundle: textOf(event, 'bundleId'),
    channel: channelOf(event.type),
    occurred_at: event.occurredAt,
  }))
  const { rows } = await sql<FoundMessage & { eventId: string }>`
    with asked as (
      select e.* from json_to_recordset(${JSON.stringify(asked)}::json)
        as e (event_id uuid, named uuid, reference text, bundle text, channel text, occurred_at timestamptz))
    select e.event_id as "eventId", m.message_id as "messageId", m.cause ->> 'id' as "runId"
    from asked e
    cross join lateral (
      select o.message_id, o.cause from message o
      where o.tenant_id = ${tx.tenantId} and o.message_id = e.named offset 0) m
    where m.cause ->> 'kind' = 'journey'
    union all
    select e.event_id, m.message_id, m.cause ->> 'id'
    from asked e
    cross join lateral (
      select t.claim_id from claim t
      where t.tenant_id = ${tx.tenantId} and t.reference = e.reference offset 0) c
    cross join lateral (
      select o.message_id, o.cause from message o
      where o.tenant_id = ${tx.tenantId} and o.claim_id = c.claim_id and o.status = 'FAILED'
        and o.message_url is null and o.bundle_id::text = e.bundle and o.channel = e.channel
        and o.created_at <= e.occurred_at
      order by o.number desc limit 1) m
    where e.named is null and m.cause ->> 'kind' = 'journey'`.execute(tx.db)
  return new Map(rows.map((row) => [row.eventId, row]))
}

async function loadRuns(tx: Tx, runIds: readonly string[]): Promise<ReadonlyMap<string, Run>> {
  if (runIds.length === 0) return new Map()
  const runs = await sql<Omit<Run, 'levels'>>`
    select r.run_id as "runId", ${sql.raw(caseState('r', 'c'))} as state, ${sql.raw(caseEnd('r', 'c'))} as "endedAt"
    from journey_run r left join claim c on c.tenant_id = r.tenant_id and c.claim_id = r.claim_id
    where r.tenant_id = ${tx.tenantId} and r.run_id = any(${runIds}::uuid[]) and r.journey_id is not null`.execute(
    tx.db,
  )
  // By way of the claim: behind row-level security no index on what is inside a document is used.
  const { rows } = await sql<Level & { runId: string }>`
    select r.run_id as "runId", m.message_id as "messageId", m.number, m.channel, m.status,
      m.transport is not distinct from 'outbox' as "isInOutbox", m.message_url is not null as "isWritten",
      coalesce(m.status = 'WITHHELD' and m.decision ->> 'because' = any(${[...droppedReasons]}::text[]), false)
        as "isDropped",
      exists (select from link k where k.tenant_id = m.tenant_id and k.claim_id = m.claim_id) as "hasLink",
      m.created_at as "createdAt", m.sent_at as "sentAt",
      case when m.status = 'BOUNCED' then (m.bounce ->> 'at')::timestamptz end as "bouncedAt"
    from journey_run r
    join message m on m.tenant_id = r.tenant_id and m.claim_id = r.claim_id
      and m.cause ->> 'kind' = 'journey' and m.cause ->> 'id' = r.run_id::text
    where r.tenant_id = ${tx.tenantId} and r.run_id = any(${runIds}::uuid[])
    order by m.number`.execute(tx.db)
  const levels = new Map<string, Level[]>(runs.rows.map(({ runId }) => [runId, []]))
  for (const { runId, ...level } of rows) levels.get(runId)?.push(level)
  return new Map(
    runs.rows.map((run) => [run.runId, { ...run, levels: levels.get(run.runId) ?? [] }]),
  )
}
