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

// Rows of transactions that may still be overtaken by an earlier one are left for the next call: pages do not shift.
const ofDay = `from event where tenant_id = $1 and type = $2
  and occurred_at >= $3::date::timestamp at time zone 'UTC'
  and occurred_at < ($3::date + 1)::timestamp at time zone 'UTC'
  and xid < pg_snapshot_xmin(pg_current_snapshot())`

/** One page of the events of a type on one day, oldest first, and how many there are on that day. */
export async function listEvents(
  reader: Reader,
  tenantId: string,
  wanted: EventPage,
): Promise<{ events: StoredEvent[]; total: number }> {
  const { type, date, limit, page } = wanted
  const [rows, counted] = await Promise.all([
    reader.read<StoredEvent>(tenantId, {
      name: 'events_of_day',
      text: `select message_id as "messageId", type, data, metadata, occurred_at as "occurredAt" ${ofDay}
        order by occurred_at, xid, seq limit $4 offset $5`,
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
