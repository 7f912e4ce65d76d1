import { findClaimNamed, namesOfClaim, refuse as refuseOfBook } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type AssignedJourney, assignedJourney } from './assigned-journey.ts'
import { versionOf } from './find-journeys.ts'
import { refuse } from './refusals.ts'
import type { ClaimJourney, StartBody } from './schema.ts'
import { showRun } from './show-run.ts'
import { startRuns, stopRuns } from './start-runs.ts'

/** Begins a journey of an active claim anew: the named one, or that which is assigned. What it was on ends. */
export async function startJourney(
  tx: Tx,
  reference: string,
  input: StartBody,
): Promise<ClaimJourney> {
  const claim = await findClaimNamed(tx, reference)
  if (claim.status !== 'ACTIVE') throw refuseOfBook('claim_not_active')
  const journey = await chosen(tx, claim.claimId, input)
  const { claimId } = claim
  const names = namesOfClaim(claim)
  await stopRuns(tx, [{ claimId, names, reason: 'JOURNEY_REPLACED', before: tx.now }])
  const started = await startRuns(tx, [{ claimId, names, ...journey }])
  // A run that began at this moment, or is of a clock ahead of this one.
  if (started.size === 0) throw refuse('journey_busy')
  return showRun(tx, claim)
}

async function chosen(
  tx: Tx,
  claimId: string,
  { journeyId, version }: StartBody,
): Promise<AssignedJourney> {
  const id = journeyId?.toLowerCase()
  const assigned = id === undefined ? await assignedJourney(tx, claimId) : undefined
  const wanted = id ?? assigned?.journeyId
  if (wanted === undefined) throw refuse('journey_not_assigned')
  const found = await versionOf(tx, { journeyId: wanted, version })
  return { journeyId: found.journeyId, journeyName: found.name, version: found.version }
}
