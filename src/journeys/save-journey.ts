import { sql } from 'kysely'
import { beginReading } from '../events/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { announceJourney } from './announce-journey.ts'
import { problemsOfNames } from './check-names.ts'
import type { JourneyDocument } from './document.ts'
import { findJourney } from './find-journeys.ts'
import { anyJourney, subscriberName } from './follow-claims.ts'
import { refuse } from './refusals.ts'
import type { Journey, NewJourney, NewVersion } from './schema.ts'
import { checkDocument } from './validate.ts'

const journeysMax = 1_000

/** Keeps a new journey as its version 1. What is wrong with it is said step by step. */
export async function createJourney(tx: Tx, input: NewJourney): Promise<Journey> {
  const document = await checkedDocument(tx, input.document)
  const count = await sql<{ count: number }>`
    select count(*)::integer as count from journey where tenant_id = ${tx.tenantId}`.execute(tx.db)
  if ((count.rows[0]?.count ?? 0) >= journeysMax) throw refuse('journeys_too_many')
  // Claims that were there before there were journeys are not on one.
  await beginReading(tx, subscriberName, anyJourney)
  const journeyId = newId()
  const made = await sql`
    insert into journey (tenant_id, journey_id, name, version, created_at, updated_at)
    values (${tx.tenantId}, ${journeyId}, ${input.name}, 1, ${tx.now}, ${tx.now})
    on conflict (tenant_id, name) do nothing returning 1`.execute(tx.db)
  if (made.rows.length === 0) throw refuse('journey_name_taken')
  await insertVersion(tx, { journeyId, version: 1, document })
  await announceJourney(tx, 'created', journeyId)
  return findJourney(tx, journeyId)
}

/** Keeps a new version of a journey. Claims that are assigned from now on run on it; those on their way stay where they are. */
export async function addVersion(tx: Tx, journeyId: string, input: NewVersion): Promise<Journey> {
  const document = await checkedDocument(tx, input.document)
  const { rows } = await sql<{ version: number }>`
    update journey set version = version + 1, updated_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and journey_id = ${journeyId} returning version`.execute(tx.db)
  if (!rows[0]) throw refuse('journey_not_found')
  await insertVersion(tx, { journeyId, version: rows[0].version, document })
  await announceJourney(tx, 'updated', journeyId)
  return findJourney(tx, journeyId)
}

async function checkedDocument(tx: Tx, input: unknown): Promise<JourneyDocument> {
  const checked = checkDocument(input)
  if ('problems' in checked) throw refuse('journey_invalid', checked.problems.join('; '))
  const problems = await problemsOfNames(tx, checked.document)
  if (problems.length > 0) throw refuse('journey_invalid', problems.slice(0, 20).join('; '))
  return checked.document
}

async function insertVersion(
  tx: Tx,
  of: { journeyId: string; version: number; document: JourneyDocument },
): Promise<void> {
  await sql`
    insert into journey_version (tenant_id, journey_id, version, document, created_at)
    values (${tx.tenantId}, ${of.journeyId}, ${of.version}, ${JSON.stringify(of.document)}::jsonb, ${tx.now})`.execute(
    tx.db,
  )
}

/** Deletes a journey that no claim is on, with its versions and assignments. What ran on it keeps its name. */
export async function deleteJourney(tx: Tx, journeyId: string): Promise<void> {
  const { tenantId, db } = tx
  // Held, so that no claim is assigned meanwhile.
  const held = await sql`select 1 from journey
    where tenant_id = ${tenantId} and journey_id = ${journeyId} for update`.execute(db)
  if (held.rows.length === 0) throw refuse('journey_not_found')
  await sql`select 1 from journey_version
    where tenant_id = ${tenantId} and journey_id = ${journeyId} order by version for update`.execute(
    db,
  )
  const live = await sql`select 1 from journey_run
    where tenant_id = ${tenantId} and journey_id = ${journeyId} and status in ('RUNNING', 'PAUSED') limit 1`.execute(
    db,
  )
  if (live.rows.length > 0) throw refuse('journey_in_use')
  await announceJourney(tx, 'deleted', journeyId)
  await sql`update journey_run set journey_id = null, version = null
    where tenant_id = ${tenantId} and journey_id = ${journeyId}`.execute(db)
  await sql`delete from journey_assignment
    where tenant_id = ${tenantId} and journey_id = ${journeyId}`.execute(db)
  await sql`delete from journey_version
    where tenant_id = ${tenantId} and journey_id = ${journeyId}`.execute(db)
  await sql`delete from journey where tenant_id = ${tenantId} and journey_id = ${journeyId}`.execute(
    db,
  )
}
