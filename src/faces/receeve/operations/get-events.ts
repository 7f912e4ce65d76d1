import type { Json } from '../../../book/index.ts'
import { knownEventType, listEvents } from '../../../events/index.ts'
import { Refusal } from '../../../platform/refusal.ts'
import type { Reader } from '../../../platform/reader.ts'

export interface EventsWanted {
  readonly eventType: string
  readonly date: string
  readonly limit: number
  readonly page: number
}

/** One page of the events of one type on one day, in the order in which they were committed (14.1, D-100). */
export async function getEvents(
  reader: Reader,
  tenantId: string,
  wanted: EventsWanted,
): Promise<Json> {
  const type = knownEventType(wanted.eventType)
  if (type === undefined)
    throw new Refusal('unknown_event_type', 'invalid', 'eventType is not known')
  const { date, limit, page } = wanted
  const { events, total } = await listEvents(reader, tenantId, { type, date, limit, page })
  return {
    events: events.map((event) => ({
      messageId: event.messageId,
      timestamp: event.occurredAt.toISOString(),
      // D-102: payloads carry the version, subscriptions do not.
      details: { messageType: `${event.type}.v1`, ...event.data },
      metadata: event.metadata,
    })),
    limit,
    page,
    numberOfPages: Math.max(1, Math.ceil(total / limit)),
  }
}
