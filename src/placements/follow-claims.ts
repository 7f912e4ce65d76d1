import { sql } from 'kysely'
import { beginReading, type Subscriber, type Wanting } from '../events/index.ts'
import type { Tx } from '../platform/db.ts'
import { changedType } from './change.ts'
import { closePlacements } from './end-placements.ts'

const subscriberName = 'placements'

/**
 * Closes the placement of a claim that asks for nothing any more, so that the agency stops. A hand-over is looked at too:
 * it may have met a claim that was resolved in the same moment.
 */
export function placementSubscriber(): Subscriber {
  return {
    name: subscriberName,
    types: ['event.claim.resolved', 'event.claim.deleted', changedType],
    wanting: placedClaims,
    async handle(tx, events) {
      const references = events.map(({ data }) => data['claimRef']).filter(isText)
      await closePlacements(tx, await endedClaims(tx, [...new Set(references)]))
    },
  }
}

const placedClaims: Wanting = (tenantId) =>
  sql`select from placement where tenant_id = ${tenantId} and status = 'PLACED'`

/** To be called before a claim is placed: what happened earlier is not the agency's business. */
export const beginFollowing = (tx: Tx) => beginReading(tx, subscriberName, placedClaims)

const isText = (value: unknown): value is string => typeof value === 'string'

async function endedClaims(tx: Tx, references: readonly string[]) {
  const { rows } = await sql<{ claimId: string; status: string; reason: string | null }>`
    select c.claim_id as "claimId", c.status, c.resolution_reason as reason
    from claim c join placement p on p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'PLACED'
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[]) and c.status <> 'ACTIVE'`.execute(
    tx.db,
  )
  return rows.map(({ claimId, status, reason }) => ({
    claimId,
    cause: { kind: 'CLAIM', status, reason },
  }))
}
