import { sql } from 'kysely'
import { skipToNow, type Subscriber } from '../events/index.ts'
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
    isWanted: isAnyPlaced,
    async handle(tx, events) {
      const references = events.map(({ data }) => data['claimRef']).filter(isText)
      await closePlacements(tx, await endedClaims(tx, [...new Set(references)]))
    },
  }
}

async function isAnyPlaced({ tenantId, db }: Tx): Promise<boolean> {
  const { rows } = await sql`
    select 1 from placement where tenant_id = ${tenantId} and status = 'PLACED' limit 1`.execute(db)
  return rows.length > 0
}

/** While no claim was with an agency no event was read: the first that is begins here. */
export async function beginFollowing(tx: Tx): Promise<void> {
  if (!(await isAnyPlaced(tx))) await skipToNow(tx, subscriberName)
}

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
