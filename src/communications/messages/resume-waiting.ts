import { sql } from 'kysely'
import type { Subscriber } from '../../events/index.ts'

/** Brings messages that wait for a paused journey back to the gate as soon as the journey goes on. */
export const resumeSubscriber: Subscriber = {
  name: 'messages-of-resumed-journeys',
  types: ['event.strategy.resumed'],
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
