import { setImmediate } from 'node:timers/promises'
import type { Tx } from '../platform/db.ts'
import { advance, type Delayed, type Effect, firstState, type RunState } from './advance.ts'
import { seedOf } from './advance-runs.ts'
import { delayReasons, handsOver, type RunFacts } from './delays.ts'
import type { Facts } from './facts.ts'
import { type FoundVersion, versionOf } from './find-journeys.ts'
import { loadDelays } from './load-delays.ts'
import { loadActiveFacts, tenantOf } from './load-facts.ts'
import { refuse } from './refusals.ts'
import { claimsSimulatedMax, type Simulate, type Simulation } from './schema.ts'

const limitDefault = 100
const eventsMax = 50_000
// Journeys that go in circles for ever, a minute at a time, come to their end here.
const restsMax = 100_000
const claimsAtOnce = 20

type SimulatedEvent = Simulation['events'][number]

/**
 * What would happen from now on to active claims that began a journey now, as they are now: the very decisions of a run,
 * without its effects.
 */
export async function simulateJourney(
  tx: Tx,
  journeyId: string,
  input: Simulate,
): Promise<Simulation> {
  const limit = input.limit ?? (input.claimReferences ? claimsSimulatedMax : limitDefault)
  const found = await versionOf(tx, { journeyId, version: input.version })
  const { timeZone } = await tenantOf(tx)
  const wanted = { ...input, limit: limit + 1 }
  const claims = await loadActiveFacts(tx, wanted, timeZone)
  const looked = await delayable(tx, found, claims.slice(0, limit))
  const events: SimulatedEvent[] = []
  const budget = { rests: restsMax }
  const until = new Date(input.until)
  // A leap second has a name, but no place in the calendar of this machine.
  if (Number.isNaN(until.getTime())) throw refuse('until_unknown')
  if (until.getTime() <= tx.now.getTime())
    throw refuse('until_over', `it is ${tx.now.toISOString()} already`)
  const span = { from: tx.now, until }
  let finished = 0
  let seen = 0
  for (const facts of looked) {
    if (events.length >= eventsMax || budget.rests <= 0) break
    seen += 1
    if (live(found, facts, { ...span, events, budget })) finished += 1
    // Others are served meanwhile.
    if (seen % claimsAtOnce === 0) await setImmediate()
  }
  const byStep: Record<string, number> = {}
  for (const { step, type } of events)
    if (type !== delayedType) byStep[step] = (byStep[step] ?? 0) + 1
  return {
    journeyId,
    version: found.version,
    from: span.from.toISOString(),
    until: span.until.toISOString(),
    claims: seen,
    isPartial: seen < claims.length || budget.rests <= 0,
    finished,
    byStep,
    events: events.toSorted(
      (a, b) => compare(a.at, b.at) || compare(a.claimReference, b.claimReference),
    ),
  }
}

/** Claims with what keeps each from an agency, where the journey has one. */
async function delayable(
  tx: Tx,
  { document }: FoundVersion,
  claims: readonly Facts[],
): Promise<RunFacts[]> {
  const claimIds = handsOver(document) ? claims.map(({ claimId }) => claimId) : []
  const delays = await loadDelays(tx, claimIds)
  return claims.map((facts) => ({ ...facts, delays: delays.get(facts.claimId) ?? [] }))
}

const compare = (a: string, b: string) => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Lives one run until a time or its end, and answers whether it ended. */
function live(
  { document, journeyId }: FoundVersion,
  start: RunFacts,
  span: { from: Date; until: Date; events: SimulatedEvent[]; budget: { rests: number } },
): boolean {
  const seed = seedOf({ claimId: start.claimId, journeyId })
  let facts = start
  let state: RunState = firstState
  let now = span.from
  for (; span.budget.rests > 0; span.budget.rests -= 1) {
    const next = advance({ document, state, seed }, facts, now)
    for (const effect of next.effects) {
      span.events.push(eventOf(facts, effect, now))
      facts = after(facts, effect)
    }
    if (next.delayed) span.events.push(delayEvent(facts, next.delayed, now))
    if (next.isFinished) return true
    state = next.state
    if (state.rest?.because !== undefined && !endsWithin(facts, now, span.until)) return false
    now = next.nextAt ?? now
    if (now.getTime() > span.until.getTime()) return false
  }
  return false
}

/** Whether time alone ends something that keeps the claim from an agency; nothing else happens in a dry run. */
const endsWithin = ({ delays }: RunFacts, from: Date, until: Date): boolean =>
  delays.some(({ untilMs }) => {
    return untilMs !== null && untilMs > from.getTime() && untilMs <= until.getTime()
  })

const delayedType = 'delayed'

function delayEvent(facts: RunFacts, delayed: Delayed, at: Date): SimulatedEvent {
  const { step, partner, because } = delayed
  return {
    claimReference: facts.reference,
    at: at.toISOString(),
    step,
    type: delayedType,
    details: { partner, because, says: delayReasons[because] },
  }
}

function eventOf(facts: RunFacts, effect: Effect, at: Date): SimulatedEvent {
  const { type, details } = wordsOf(effect)
  return { claimReference: facts.reference, at: at.toISOString(), step: effect.step, type, details }
}

function wordsOf(effect: Effect): { type: string; details: Record<string, unknown> } {
  switch (effect.kind) {
    case 'message':
      return { type: effect.channel, details: { bundleId: effect.bundleId } }
    case 'meta':
      return { type: 'setMeta', details: { target: effect.target, meta: effect.meta } }
    case 'providers':
      return { type: 'paymentProviders', details: { providers: effect.providers } }
    case 'task':
      return { type: 'createTask', details: { kind: effect.task.kind, title: effect.task.title } }
    case 'outsource':
      return { type: 'outsource', details: { partner: effect.partner } }
    case 'recall':
      return { type: 'revertOutsource', details: {} }
    case 'webhook':
      return { type: 'webhook', details: { name: effect.name, data: effect.data } }
  }
}

/** Later conditions see the meta that earlier steps would have set. */
function after(facts: RunFacts, effect: Effect): RunFacts {
  if (effect.kind !== 'meta') return facts
  return effect.target === 'claim'
    ? { ...facts, meta: { ...facts.meta, ...effect.meta } }
    : { ...facts, accountMeta: { ...facts.accountMeta, ...effect.meta } }
}
