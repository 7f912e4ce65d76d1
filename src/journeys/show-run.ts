import { sql } from 'kysely'
import { findClaimNamed, type FoundClaim, type JourneyRun } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { type RunState, stepAt } from './advance.ts'
import { type DelayReason, delayReasons } from './delays.ts'
import type { JourneyDocument } from './document.ts'
import type { ClaimJourney } from './schema.ts'

type RunStatus = JourneyRun['status']

interface Row {
  readonly runId: string
  readonly journeyId: string | null
  readonly name: string | null
  readonly version: number | null
  readonly status: RunStatus
  readonly state: RunState
  readonly nextAt: Date | null
  readonly startedAt: Date
  readonly pausedAt: Date | null
  readonly pausedUntil: Date | null
  readonly endedAt: Date | null
  readonly endReason: string | null
  readonly document: JourneyDocument | null
}

/** Where a claim stands on its journey, the newest that it had. */
export async function claimJourney(tx: Tx, reference: string): Promise<ClaimJourney> {
  return showRun(tx, await findClaimNamed(tx, reference))
}

/** The journey of a claim as it is shown. */
export async function showRun(
  tx: Tx,
  claim: Pick<FoundClaim, 'claimId' | 'reference'>,
): Promise<ClaimJourney> {
  const { rows } = await sql<Row>`
    select r.run_id as "runId", r.journey_id as "journeyId", r.journey_name as name, r.version, r.status, r.state,
      r.next_at as "nextAt", r.started_at as "startedAt", r.paused_at as "pausedAt", r.paused_until as "pausedUntil",
      r.ended_at as "endedAt", r.end_reason as "endReason", v.document
    from journey_run r left join journey_version v
      on v.tenant_id = r.tenant_id and v.journey_id = r.journey_id and v.version = r.version
    where r.tenant_id = ${tx.tenantId} and r.claim_id = ${claim.claimId}
    order by r.started_at desc, r.run_id desc limit 1`.execute(tx.db)
  const [row] = rows
  if (!row) return nothing(claim.reference)
  const { document, state, ...run } = row
  const place = document && run.endedAt === null ? state.stack.at(-1) : undefined
  const step = document && place && stepAt(document, state)
  const because = step?.type === 'outsource' ? state.rest?.because : undefined
  return {
    claimReference: claim.reference,
    ...run,
    path: place?.path ?? null,
    step: step?.id ?? null,
    nextAt: textOf(run.nextAt),
    delay: because === undefined ? null : delayOf(because),
    startedAt: textOf(run.startedAt),
    pausedAt: textOf(run.pausedAt),
    pausedUntil: textOf(run.pausedUntil),
    endedAt: textOf(run.endedAt),
  }
}

function nothing(claimReference: string): ClaimJourney {
  return {
    claimReference,
    runId: null,
    journeyId: null,
    name: null,
    version: null,
    status: null,
    path: null,
    step: null,
    nextAt: null,
    delay: null,
    startedAt: null,
    pausedAt: null,
    pausedUntil: null,
    endedAt: null,
    endReason: null,
  }
}

const delayOf = (because: DelayReason) => ({ because, says: delayReasons[because] })

const textOf = (at: Date | null) => at?.toISOString() ?? null
