import type { Reader } from '../platform/reader.ts'

export interface EventPage {
  readonly type: string
  /** A calendar day of UTC. */
  readonly date: string
  readonly limit: number
  readonly page: number
}

export interface StoredEvent {
  readonly messageId: string
  readonly type: string
  readonly data: Record<string, unknown>
  readonly metadata: Record<string, unknown>
  readonly occurredAt: Date
}

// Rows of transactions that may still be overtaken by an earlier one are left for the next call.
const ofDay = `from event e where e.tenant_id = $1 and e.type = $2
  and e.occurred_at >= $3::date::timestamp at time zone 'UTC'
  and e.occurred_at < ($3::date + 1)::timestamp at time zone 'UTC'
  and e.xid < pg_snapshot_xmin(pg_current_snapshot())`

// In the order of the numbers of their transactions, all that becomes readable comes behind all that was: pages do not
// shift. An instant may be older than one that was read already, for an event is committed after it. The places of the day
// are gathered from the index that they are counted in, and sorted without what the events say; only a page is fetched.
// Materialized, or events of all days are gone through in their order until a page is full.
const pageOfDay = `with place as materialized (select e.xid, e.seq ${ofDay}),
  wanted as (select p.xid, p.seq from place p order by p.xid, p.seq limit $4 offset $5)
  select o.message_id as "messageId", o.type, o.data, o.metadata, o.occurred_at as "occurredAt"
  from wanted w join event o on o.tenant_id = $1 and o.xid = w.xid and o.seq = w.seq
  order by w.xid, w.seq`

/** One page of the events of a type on one day, as they were committed, and how many there are on that day. */
export async function listEvents(
  reader: Reader,
  tenantId: string,
  wanted: EventPage,
): Promise<{ events: StoredEvent[]; total: number }> {
  const { type, date, limit, page } = wanted
  const [rows, counted] = await Promise.all([
    reader.read<StoredEvent>(tenantId, {
      name: 'events_of_day',
      text: pageOfDay,
      values: [tenantId, type, date, limit, (page - 1) * limit],
    }),
    reader.read<{ total: number }>(tenantId, {
      name: 'events_of_day_count',
      text: `select count(*) as total ${ofDay}`,
      values: [tenantId, type, date],
    }),
  ])
  return { events: rows, total: counted[0]?.total ?? 0 }
}
