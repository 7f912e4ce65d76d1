import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import type { CaseState } from './schema.ts'

export const caseChanged = 'event.debtCollectionCase.changed'

export interface Told {
  readonly id: number
  readonly reference: string
  readonly state: CaseState
  readonly previous: CaseState | null
}

/** Tells that a case entered a state; null before it: it is new. */
export async function announceCase(tx: Tx, told: Told): Promise<void> {
  await tx.emit({ type: caseChanged, data: dataOf(told) })
}

/** The same as a statement that commits with the book; its parameters begin behind those that are there. */
export function announcement(tenantId: string, told: Told, now: Date) {
  return {
    text: `insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
      values ($1, $2, $3, $4::jsonb, '{}', $5)`,
    values: [tenantId, newId(), caseChanged, JSON.stringify(dataOf(told)), now],
  }
}

function dataOf({ id, reference, state, previous }: Told) {
  return { caseId: id, caseReference: reference, state, previousState: previous }
}
