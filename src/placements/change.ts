import type { Json } from '../book/index.ts'
import type { NewEvent } from '../platform/db.ts'

export interface StatusChange {
  readonly partner: string
  readonly externalStatus: string
  /** What it was before; null for a claim that is handed over now. */
  readonly previous: string | null
}

export const changedType = 'event.partnerClaimExternalStatus.changed'

/** The event that tells of a change at an agency (D-105). */
export function statusChanged(names: Json, change: StatusChange): NewEvent {
  const { partner, externalStatus, previous } = change
  return { type: changedType, data: { ...names, partner, externalStatus, previous } }
}
