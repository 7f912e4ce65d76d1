import { sql } from 'kysely'
import { beginReading, type Subscriber, type Wanting } from '../../events/index.ts'
import type { Tx } from '../../platform/db.ts'

const name = 'messages-of-resumed-journeys'

const heldMessages: Wanting = (tenantId) => sql`
  select from message where tenant_id = ${tenantId} and status = 'QUEUED'
    and decision ->> 'because' = 'journey_paused'`

/** Brings messages that wait for a paused journey back to the gate as soon as the journey goes on. */
export const resumeSubscriber: Subscriber = {
  name,
  types: ['event.strategy.resumed'],
  wanting: heldMessages,
  async handle(tx, events) {
    const references = events
      .map(({ data }) => data['claimRef'])
      .filter((each) => typeof each === 'string')
    await sql`
      update message m set due_at = ${tx.now}
      from claim c
      where m.tenant_id = ${tx.tenantId} and m.status = 'QUEUED' and m.due_at > ${tx.now}
        and m.decision ->> 'because' = 'journey_paused'
        and c.tenant_id = m.tenant_id and c.claim_id = m.claim_id and c.reference = any(${references}::text[])`.execute(
      tx.db,
    )
  },
}

/**
 * Lets the subscriber begin here if nothing waited for a journey until now. Asked before the journeys are looked at: what
 * is resumed after that look is told. Two senders may pass over each other's; the gate asks every day anyway.
 */
export async function watchResuming(tx: Tx): Promise<void> {
  await beginReading(tx, name, heldMessages)
}
