import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

export interface AssignedJourney {
  readonly journeyId: string
  readonly journeyName: string
  readonly version: number
}

/** The journey that a claim begins with: that of its portfolio, or else the default. */
export async function assignedJourney(
  { tenantId, db }: Tx,
  claimId: string,
): Promise<AssignedJourney | undefined> {
  const { rows } = await sql<AssignedJourney>`
    select j.journey_id as "journeyId", j.name as "journeyName", j.version
    from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    join journey_assignment s on s.tenant_id = c.tenant_id
      and s.portfolio_reference in (coalesce(c.portfolio_reference, a.portfolio_reference, ''), '')
    join journey j on j.tenant_id = s.tenant_id and j.journey_id = s.journey_id
    where c.tenant_id = ${tenantId} and c.claim_id = ${claimId}
    order by s.portfolio_reference desc limit 1`.execute(db)
  return rows[0]
}
