import { sql } from 'kysely'
import { findClaimNamed } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import type { Place, RunState } from './advance.ts'
import { type JourneyDocument, stepsOf } from './document.ts'
import { versionOf } from './find-journeys.ts'
import { refuse } from './refusals.ts'
import type { ClaimJourney, MoveBody } from './schema.ts'
import { showRun } from './show-run.ts'

export interface LiveRun {
  readonly runId: string
  readonly journeyId: string | null
  readonly version: number | null
  readonly state: RunState
}

/**
 * Moves a claim on its way to another version or journey, the newest version of its own where none is named. It goes on at
 * the step of the same id with what is left of its rest, or anew at the step that is named; a paused one stays paused.
 */
export async function moveJourney(
  tx: Tx,
  reference: string,
  input: MoveBody,
): Promise<ClaimJourney> {
  const claim = await findClaimNamed(tx, reference)
  const run = await lockLive(tx, claim.claimId)
  if (!run || run.journeyId === null || run.version === null) throw refuse('journey_not_live')
  const journeyId = input.journeyId?.toLowerCase() ?? run.journeyId
  const from = await versionOf(tx, { journeyId: run.journeyId, version: run.version })
  const to = await versionOf(tx, { journeyId, version: input.version })
  const stack = input.step === undefined ? sameStack(run, from, to) : named(to, input.step)
  if (!stack) throw refuse('journey_step_unknown')
  const { rest, ...state } = run.state
  const isAnew = input.step !== undefined || rest === undefined
  const moved: RunState = { ...state, stack, ...(isAnew ? {} : { rest }) }
  // A run that waits for its meta to be booked still does.
  await sql`
    update journey_run set journey_id = ${to.journeyId}, journey_name = ${to.name}, version = ${to.version},
      state = ${JSON.stringify(moved)}::jsonb,
      next_at = case when ${isAnew} and next_at is not null then ${tx.now}::timestamptz else next_at end
    where tenant_id = ${tx.tenantId} and run_id = ${run.runId}`.execute(tx.db)
  return showRun(tx, claim)
}

/** The run that a claim is on, held until the end of the transaction. */
export async function lockLive(
  { tenantId, db }: Tx,
  claimId: string,
): Promise<LiveRun | undefined> {
  const { rows } = await sql<LiveRun>`
    select run_id as "runId", journey_id as "journeyId", version, state from journey_run
    where tenant_id = ${tenantId} and claim_id = ${claimId} and status in ('RUNNING', 'PAUSED')
    for no key update`.execute(db)
  return rows[0]
}

/** The same places in another version, found by the ids of their steps; past the last step of a path stays past it. */
function sameStack(
  { state }: LiveRun,
  from: { document: JourneyDocument },
  to: { document: JourneyDocument },
): Place[] | undefined {
  const places = state.stack.map(({ path, index, rest }): Place | undefined => {
    const step = stepsOf(from.document, path)[index]
    const place = step && placeOf(to.document, step.id)
    if (step) return place && { ...place, ...(rest ? { rest } : {}) }
    const isThere = Object.hasOwn(to.document.paths, path)
    return isThere ? { path, index: stepsOf(to.document, path).length } : undefined
  })
  const found = places.filter((place) => place !== undefined)
  return found.length === places.length ? found : undefined
}

function named({ document }: { document: JourneyDocument }, step: string): Place[] | undefined {
  const place = placeOf(document, step)
  return place && [place]
}

function placeOf({ paths }: JourneyDocument, id: string): Place | undefined {
  for (const [path, steps] of Object.entries(paths)) {
    const index = steps.findIndex((step) => step.id === id)
    if (index !== -1) return { path, index }
  }
  return undefined
}
