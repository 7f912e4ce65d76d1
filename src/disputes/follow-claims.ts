import { sql } from 'kysely'
import { beginReading, type HandedEvent, type Subscriber, type Wanting } from '../events/index.ts'
import type { Tx } from '../platform/db.ts'
import { closeDispute } from './close-dispute.ts'

const subscriberName = 'disputes'

/** How the dispute of a deleted claim ends: there is nothing left that anybody could contest. */
export const withdrawn = {
  outcome: 'WITHDRAWN',
  note: 'The claim was deleted',
  by: 'SYSTEM',
} as const

/** Withdraws the dispute of a claim that was deleted: what begins anew under its reference is not contested (D-78). */
export function disputeSubscriber(): Subscriber {
  return {
    name: subscriberName,
    types: ['event.claim.deleted'],
    wanting: openDisputes,
    async handle(tx, events) {
      for (const disputeId of await overDisputes(tx, events))
        await closeDispute(tx, { disputeId, ...withdrawn })
    },
  }
}

const openDisputes: Wanting = (tenantId) =>
  sql`select from dispute where tenant_id = ${tenantId} and closed_at is null`

/** To be called before a dispute is opened: what was deleted earlier was not contested. */
export const beginFollowing = (tx: Tx) => beginReading(tx, subscriberName, openDisputes)

/** A claim that began anew meanwhile keeps what was contested since; of one that is deleted still, nothing can be. */
async function overDisputes(tx: Tx, events: readonly HandedEvent[]): Promise<string[]> {
  const deleted = events.map(({ data, occurredAt }) => ({
    reference: String(data['claimRef']),
    at: occurredAt.toISOString(),
  }))
  const references = deleted.map(({ reference }) => reference)
  // Held at once: what somebody closes in this moment is passed over.
  const { rows } = await sql<{ disputeId: string }>`
    select d.dispute_id as "disputeId" from claim c
    join dispute d on d.tenant_id = c.tenant_id and d.claim_id = c.claim_id and d.closed_at is null
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[])
      and (c.status = 'DELETED' or exists (
        select from json_to_recordset(${JSON.stringify(deleted)}::json) as r(reference text, at timestamptz)
        where r.reference = c.reference and r.at > d.opened_at))
    order by d.dispute_id for no key update of d`.execute(tx.db)
  return rows.map(({ disputeId }) => disputeId)
}
