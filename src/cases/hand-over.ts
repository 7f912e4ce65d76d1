import { sql } from 'kysely'
import { addDaysIn } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { createAgency, placeClaims } from '../placements/index.ts'
import { type Failure, manualAgency, manualCollectorId } from './catalogues.ts'
import { configurationOf } from './choose-configuration.ts'
import { endCase } from './close-case.ts'
import type { Actor } from './context.ts'
import { type CaseRow } from './find-case.ts'
import { moveTo } from './move-case.ts'

const hourMs = 3_600_000
/** Each attempt waits twice as long as the one before: the last one comes after ten days and a half. */
const attemptsMax = 8
const timeoutDaysDefault = 365
const timeoutDaysMax = 3_650

/**
 * Places the claim of a case with its collector, whose messages replace the creditor's own from then on. A collector that
 * takes no claims at the moment, or a claim that another one has, is tried again later and at last fails the case.
 */
export async function handOver(tx: Tx, actor: Actor, row: CaseRow): Promise<void> {
  const { claimId } = row
  if (claimId === null) throw new Error('a case without a claim waits for its collector')
  const partner = await partnerOf(tx, row)
  const started = {
    processing_started_at: tx.now,
    processing_timeout_at: addDaysIn(tx.now, timeoutDaysOf(actor), actor.tenant.timeZone),
  }
  const first = row.state === 'PENDING' ? started : {}
  const result = partner === undefined ? 'GONE' : await place(tx, { row, claimId, partner })
  if (result === 'PLACED')
    return moveTo(tx, row, 'PROCESSING', { ...first, next_attempt_at: null, attempts: 0 })
  if (result === 'OVER') return endCase(tx, row, { by: null })
  const failure: Failure = result === 'GONE' ? 'COLLECTOR_GONE' : 'COLLECTOR_BUSY'
  if (result === 'GONE' || row.attempts + 1 >= attemptsMax)
    return endCase(tx, row, { by: null, failure })
  const nextAt = new Date(tx.now.getTime() + hourMs * 2 ** row.attempts)
  const again = { next_attempt_at: nextAt, attempts: row.attempts + 1 }
  return moveTo(tx, row, 'PROCESSING', { ...first, ...again })
}

/** The name of the agency behind the configuration of a case; undefined where it is gone. */
async function partnerOf(tx: Tx, row: CaseRow): Promise<string | undefined> {
  const configuration =
    row.configurationId === null ? undefined : await configurationOf(tx, row.configurationId)
  if (!configuration) return undefined
  if (configuration.collector === manualCollectorId) {
    await ensureManualAgency(tx)
    return manualAgency
  }
  const { rows } = await sql<{ name: string }>`
    select name from agency where tenant_id = ${tx.tenantId} and number = ${configuration.collector}`.execute(
    tx.db,
  )
  return rows[0]?.name
}

async function ensureManualAgency(tx: Tx): Promise<void> {
  try {
    await createAgency(tx, { name: manualAgency })
  } catch (error) {
    const isThere = error instanceof Refusal && error.code === 'agency_exists'
    if (!isThere) throw error
  }
}

type Placed = 'PLACED' | 'BUSY' | 'GONE' | 'OVER'

async function place(
  tx: Tx,
  { row, claimId, partner }: { row: CaseRow; claimId: string; partner: string },
): Promise<Placed> {
  const cause = { kind: 'DEBT_COLLECTION_CASE', caseId: row.id }
  try {
    const outcome = (await placeClaims(tx, [{ claimId, partner, cause }])).get(claimId)
    if (outcome === 'PLACED' || outcome === 'ALREADY_PLACED') return 'PLACED'
    return outcome === 'PLACED_ELSEWHERE' ? 'BUSY' : 'OVER'
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.code === 'agency_not_found' ? 'GONE' : 'BUSY'
  }
}

/** A year, unless the tenant sets `debtCollectionTimeoutDays`. */
function timeoutDaysOf({ tenant }: Actor): number {
  const given = tenant.settings['debtCollectionTimeoutDays']
  const isUsable =
    typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= timeoutDaysMax
  return isUsable ? given : timeoutDaysDefault
}
