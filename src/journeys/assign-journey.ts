import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { announceJourney } from './announce-journey.ts'
import { findJourney } from './find-journeys.ts'
import { refuse } from './refusals.ts'
import type { AssignmentQuery, Journey, NewAssignment } from './schema.ts'

/** Has claims of a portfolio, or all that have no assignment of their own, begin with this journey from now on. */
export async function assignJourney(
  tx: Tx,
  journeyId: string,
  input: NewAssignment,
): Promise<Journey> {
  const portfolio = 'default' in input ? '' : input.portfolioReference
  const held = await sql`select 1 from journey
    where tenant_id = ${tx.tenantId} and journey_id = ${journeyId} for share`.execute(tx.db)
  if (held.rows.length === 0) throw refuse('journey_not_found')
  const before = await tx.db
    .selectFrom('journey_assignment')
    .select('journey_id as journeyId')
    .where('tenant_id', '=', tx.tenantId)
    .where('portfolio_reference', '=', portfolio)
    .executeTakeFirst()
  await sql`
    insert into journey_assignment (tenant_id, portfolio_reference, journey_id, created_at)
    values (${tx.tenantId}, ${portfolio}, ${journeyId}, ${tx.now})
    on conflict (tenant_id, portfolio_reference)
      do update set journey_id = excluded.journey_id, created_at = excluded.created_at`.execute(
    tx.db,
  )
  if (before?.journeyId !== journeyId) {
    if (before) await announceJourney(tx, 'updated', before.journeyId)
    await announceJourney(tx, 'updated', journeyId)
  }
  return findJourney(tx, journeyId)
}

/** Ends an assignment of this journey, if it is there: that of a portfolio, or the default. */
export async function unassignJourney(
  tx: Tx,
  journeyId: string,
  { portfolioReference = '' }: AssignmentQuery,
): Promise<void> {
  await findJourney(tx, journeyId)
  const { rows } = await sql`
    delete from journey_assignment where tenant_id = ${tx.tenantId} and journey_id = ${journeyId}
      and portfolio_reference = ${portfolioReference} returning 1`.execute(tx.db)
  if (rows.length > 0) await announceJourney(tx, 'updated', journeyId)
}
