import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

/** Tells that a journey was made, has a new version or other assignments, or goes; of one that is not there nothing. */
export async function announceJourney(
  tx: Tx,
  change: 'created' | 'updated' | 'deleted',
  journeyId: string,
): Promise<void> {
  const { rows } = await sql<{
    journeyId: string
    journeyName: string
    version: number
    number: number
  }>`
    select journey_id as "journeyId", name as "journeyName", version, number from journey
    where tenant_id = ${tx.tenantId} and journey_id = ${journeyId}`.execute(tx.db)
  const [data] = rows
  if (data) await tx.emit({ type: `event.journey.${change}`, data })
}
