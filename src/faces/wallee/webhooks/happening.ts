import type { StoredEvent } from '../../../events/index.ts'

/** An object in a state, because of an event. */
export interface Happening {
  /** The event, or what stands for it where the clock alone brought the change. */
  readonly causeId: string
  readonly entityId: number
  readonly state: string
  /** It came into this state now; otherwise something else about it changed. */
  readonly isNewState: boolean
  readonly occurredAt: Date
}

export const textOf = (event: StoredEvent, name: string): string => {
  const value = event.data[name]
  return typeof value === 'string' ? value : ''
}

/** What an event says of an object, in a state of that kind of object. */
export function happeningOf(
  event: StoredEvent,
  of: { entityId: number; state: string; isNewState: boolean },
): Happening {
  return { causeId: event.messageId, occurredAt: event.occurredAt, ...of }
}
