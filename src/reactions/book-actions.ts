import { type Kysely, sql } from 'kysely'
import { updateAccountMeta } from '../accounts/index.ts'
import {
  type Bookkeeper,
  callContext,
  type CallContext,
  type Command,
  type Outcome as BookOutcome,
} from '../book/index.ts'
import { deleteClaim, resolveClaim, updateClaim } from '../claims/index.ts'
import { pauseJourney, resumeJourney, stopJourney, tenantOf } from '../journeys/index.ts'
import { addDaysIn } from '../kernel/dates.ts'
import { inTransaction } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Tables } from '../platform/tables.ts'
import { type ActionOf, type BookAction, isBookAction } from './actions.ts'
import { type Firing, firingColumns, isDue, type Outcome, settling } from './firings.ts'

export interface BookDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  /** The machine's time. */
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
}

export const attemptsMax = 5
const firingsAtOnce = 100
// Longer than a booking takes; whoever dies meanwhile is followed by another.
const leaseMs = 30_000

interface Leased {
  readonly tenantId: string
  readonly firings: readonly Firing[]
  readonly timeZone: string
  readonly settings: Record<string, unknown>
}

/** Has the bookkeeper do the next actions that are its own, and answers how many there were. */
export async function doBookActions(deps: BookDeps, tenantId: string): Promise<number> {
  const leased = await lease(deps, tenantId)
  // Together, so that the bookkeeper commits them together.
  const booked = await Promise.allSettled(
    leased.firings.map((firing) => bookOne(deps, leased, firing)),
  )
  const failed = booked.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return leased.firings.length
}

function lease({ db, clock, nowOf }: BookDeps, tenantId: string): Promise<Leased> {
  const now = clock()
  const until = new Date(now.getTime() + leaseMs)
  return inTransaction(db, { tenantId, now: nowOf(tenantId) }, async (tx) => {
    const { rows } = await sql<Firing>`
      with free as (
        select f.firing_id from reaction_firing f
        where ${isDue(tx)} and f.is_booking and (f.leased_until is null or f.leased_until <= ${now})
        order by f.due_at, f.firing_id limit ${firingsAtOnce} for no key update of f skip locked
      )
      update reaction_firing f set leased_until = ${until}, attempts = f.attempts + 1
      from free where f.tenant_id = ${tenantId} and f.firing_id = free.firing_id
      returning ${firingColumns}`.execute(tx.db)
    return { tenantId, firings: rows, ...(await tenantOf(tx)) }
  })
}

/** What the book refuses is noted like what it does, in one commit with that. */
async function bookOne(deps: BookDeps, leased: Leased, firing: Firing): Promise<void> {
  const { tenantId } = leased
  const now = deps.nowOf(tenantId)
  const settledAs = (outcome: Outcome) => [settling({ tenantId, now }, [{ firing, outcome }])]
  const isGivenUp = firing.attempts > attemptsMax
  const command = isGivenUp ? nothing(leased) : commandOf(leased, firing, now)
  await deps.bookkeeper.submitGroup([command], {
    companions: ([outcome]) =>
      settledAs(isGivenUp ? { outcome: 'failed', detail: 'given up' } : outcomeOf(outcome)),
  })
}

function outcomeOf(outcome: BookOutcome<void> | undefined): Outcome {
  if (!outcome || !('refusal' in outcome)) return { outcome: 'done' }
  const { code, message } = outcome.refusal
  return { outcome: 'refused', detail: `${code}: ${message}` }
}

const contextOf = ({ tenantId, timeZone, settings }: Leased, chain: readonly string[]) => {
  const call = callContext({ tenantId, timeZone, settings }, { originator: 'Reaction' })
  return { ...call, metadata: { ...call.metadata, chain } }
}

/** Books nothing, so that only what stands beside it is written. */
function nothing(leased: Leased): Command<void> {
  const { commandId: id, tenantId } = contextOf(leased, [])
  return { id, tenantId, needs: {}, decide: () => undefined }
}

function commandOf(leased: Leased, firing: Firing, now: Date): Command<void> {
  const action = firing.actions[firing.done]
  if (!isBookAction(action)) throw new Error('an action that is none of the book’s')
  const context = contextOf(leased, firing.chain)
  if (action.type === 'setMeta') return metaCommand(context, firing, action)
  const { claimReference: reference } = firing
  if (reference === null) throw new Error('an action on a claim without a claim')
  return claimCommand(context, reference, { action, now, timeZone: leased.timeZone })
}

function metaCommand(
  context: CallContext,
  firing: Firing,
  { target, meta }: ActionOf<'setMeta'>,
): Command<void> {
  const { claimReference: reference, accountReference } = firing
  if (target === 'claim' && reference !== null)
    return updateClaim(context, { reference, data: { meta } })
  if (target === 'account' && accountReference !== null)
    return updateAccountMeta(context, { accountReference, meta })
  return refused(context)
}

/** An event that names neither claim nor account has nobody whose metadata it could be. */
function refused({ commandId: id, tenantId }: CallContext): Command<void> {
  return {
    id,
    tenantId,
    needs: {},
    decide() {
      throw new Refusal('account_unknown', 'conflict', 'The event names no account')
    },
  }
}

function claimCommand(
  context: CallContext,
  reference: string,
  of: { action: Exclude<BookAction, ActionOf<'setMeta'>>; now: Date; timeZone: string },
): Command<void> {
  const { action, now, timeZone } = of
  switch (action.type) {
    case 'pauseJourney':
      return pauseJourney(context, { reference, until: untilOf(action, now, timeZone) })
    case 'resumeJourney':
      return resumeJourney(context, reference)
    case 'stopJourney':
      return stopJourney(context, { reference })
    case 'resolveClaim':
      return resolveClaim(context, { reference, reason: action.reason })
    case 'deleteClaim':
      return deleteClaim(context, reference)
  }
}

const hourMs = 3_600_000

function untilOf(
  { days, hours }: ActionOf<'pauseJourney'>,
  now: Date,
  timeZone: string,
): Date | undefined {
  if (days !== undefined) return addDaysIn(now, days, timeZone)
  return hours === undefined ? undefined : new Date(now.getTime() + hours * hourMs)
}
