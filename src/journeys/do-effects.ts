import { sql } from 'kysely'
import type { Json } from '../book/index.ts'
import { addDaysIn } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import type { JourneyActions, RunCause } from './actions.ts'
import type { Effect } from './advance.ts'
import { emitAll } from './emit-all.ts'
import type { Facts } from './facts.ts'
import { setPaymentProviders } from './payment-providers.ts'
import { strategyNames } from './strategy-events.ts'

/** What the steps of one run want done. */
export interface RunEffects {
  readonly runId: string
  readonly facts: Facts
  /** How events name the claim. */
  readonly names: Json
  readonly run: { journeyId: string | null; journeyName: string | null; version: number | null }
  /** The reactions that led to the run. */
  readonly chain: Json
  readonly effects: readonly Effect[]
}

interface One<E extends Effect = Effect> {
  readonly of: RunEffects
  readonly effect: E
  /** The same for the same effect, whenever it is done. */
  readonly key: string
  readonly cause: RunCause
}

/** Has done what runs want done, kind by kind, each kind for all runs at once and in the order of the steps. */
export async function doEffects(
  tx: Tx,
  actions: JourneyActions,
  runs: readonly RunEffects[],
): Promise<void> {
  const all = runs.flatMap((of) => of.effects.map((effect) => oneOf(of, effect)))
  await setPaymentProviders(
    tx,
    all.filter(isKind('providers')).map(({ of, effect }) => {
      return { claimId: of.facts.claimId, providers: effect.providers }
    }),
  )
  await placeAndRecall(tx, actions, all)
  await actions.queueMessages(tx, all.filter(isKind('message')).map(messageOf))
  await actions.createTasks(tx, all.filter(isKind('task')).map(taskOf(tx.now)))
  await emitAll(tx, all.filter(isKind('webhook')).map(webhookEvent))
  await keepBookings(tx, all.filter(isKind('meta')))
}

function oneOf(of: RunEffects, effect: Effect): One {
  const key = `${of.runId}/${effect.number}`
  return { of, effect, key, cause: { kind: 'journey', id: of.runId, step: effect.step } }
}

type OfKind<K extends Effect['kind']> = One<Extract<Effect, { kind: K }>>

const isKind =
  <K extends Effect['kind']>(kind: K) =>
  (one: One): one is OfKind<K> =>
    one.effect.kind === kind

/** A claim may be handed over and taken back between two rests; its last word counts. */
async function placeAndRecall(tx: Tx, actions: JourneyActions, all: readonly One[]): Promise<void> {
  const last = new Map<string, One>()
  for (const one of all) {
    const { kind } = one.effect
    if (kind === 'outsource' || kind === 'recall') last.set(one.of.facts.claimId, one)
  }
  const words = [...last.values()]
  await actions.recallClaims(
    tx,
    words.filter(isKind('recall')).map(({ of, cause }) => ({ claimId: of.facts.claimId, cause })),
  )
  await actions.placeClaims(
    tx,
    words.filter(isKind('outsource')).map(({ of, effect, cause }) => {
      return { claimId: of.facts.claimId, partner: effect.partner, cause }
    }),
  )
}

function messageOf({ of, effect, key, cause }: OfKind<'message'>) {
  const { channel, bundleId, context } = effect
  const { claimId } = of.facts
  const ofRun = { ...cause, ...of.chain }
  return { key, claimId, channel, bundleId, cause: ofRun, ...(context ? { context } : {}) }
}

const taskOf =
  (now: Date) =>
  ({ of, effect, key, cause }: OfKind<'task'>) => {
    const { kind, title, details, actions, dueInDays } = effect.task
    const { claimId, timeZone } = of.facts
    const dueAt = dueInDays === undefined ? undefined : addDaysIn(now, dueInDays, timeZone)
    return { key, kind, title, details, actions, claimId, dueAt, cause }
  }

function webhookEvent({ of, effect, key }: OfKind<'webhook'>) {
  const { name, data, step } = effect
  const names = strategyNames(of.names, of.run)
  return {
    type: 'event.journeyWebhook.requested',
    data: { ...names, step, key, name, data },
    metadata: of.chain,
  }
}

/** Meta belongs to the book, which is not written here: it is booked right after, and until then the run does not go on. */
async function keepBookings(tx: Tx, all: readonly OfKind<'meta'>[]): Promise<void> {
  if (all.length === 0) return
  const rows = all.map(({ of, effect }) => ({
    run_id: of.runId,
    claim_reference: of.facts.reference,
    account_reference: of.facts.accountReference,
    target: effect.target,
    meta: effect.meta,
  }))
  await sql`
    insert into journey_booking (tenant_id, run_id, claim_reference, account_reference, target, meta, created_at)
    select ${tx.tenantId}::uuid, r.run_id, r.claim_reference, r.account_reference, r.target, r.meta,
      ${tx.now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(run_id uuid, claim_reference text,
      account_reference text, target text, meta jsonb)
    order by r.run_id`.execute(tx.db)
}
