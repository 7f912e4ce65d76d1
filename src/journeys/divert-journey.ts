import { sql } from 'kysely'
import { findClaimNamed } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type Diversion, diverted } from './advance.ts'
import { versionOf } from './find-journeys.ts'
import { lockLive } from './move-journey.ts'
import { refuse } from './refusals.ts'

// A path that is put in again and again before it ends.
const pathsMax = 20

/**
 * Has the run of a claim go through a path of its version now: before it goes on where it stands, or in place of all that was
 * to come. A paused one does so when it goes on.
 */
export async function divertJourney(
  tx: Tx,
  reference: string,
  diversion: Diversion,
): Promise<void> {
  const claim = await findClaimNamed(tx, reference)
  const run = await lockLive(tx, claim.claimId)
  if (!run || run.journeyId === null || run.version === null) throw refuse('journey_not_live')
  const { journeyId, version } = run
  const { document } = await versionOf(tx, { journeyId, version })
  const path = 'switchPath' in diversion ? diversion.switchPath : diversion.insertPath
  if (!Object.hasOwn(document.paths, path)) throw refuse('journey_path_unknown', path)
  const state = diverted(run.state, diversion)
  if (state.stack.length > pathsMax) throw refuse('journey_too_deep')
  // A run that waits for its meta to be booked still does.
  await sql`
    update journey_run set state = ${JSON.stringify(state)}::jsonb,
      next_at = case when next_at is not null then ${tx.now}::timestamptz end
    where tenant_id = ${tx.tenantId} and run_id = ${run.runId}`.execute(tx.db)
}
