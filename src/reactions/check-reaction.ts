import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { latestVersions } from '../communications/index.ts'
import { knownEventType } from '../events/index.ts'
import { knownJourneys, problemsOfCondition } from '../journeys/index.ts'
import { knownAgencies } from '../placements/index.ts'
import type { Tx } from '../platform/db.ts'
import { type Action, actionSchemas, type ActionType, needsClaim } from './actions.ts'
import { customTrigger, isOfAccount } from './match.ts'
import { refuse } from './refusals.ts'
import type { Trigger } from './schema.ts'

const problemsMax = 20
const charsMax = 65_536
const metaKeysMax = 50

export interface Checked {
  readonly trigger: Trigger
  readonly actions: readonly Action[]
}

/** A reaction as it may be kept, or a refusal that says all that is wrong with it and names the action. */
export async function checkReaction(
  tx: Tx,
  input: { when: Trigger; actions: readonly unknown[] },
): Promise<Checked> {
  const trigger = bareTrigger(input.when)
  const shapes = [
    ...problemsOfSize(input),
    ...problemsOfTrigger(trigger),
    ...input.actions.flatMap(problemsOfAction),
  ]
  insist(shapes)
  const actions = input.actions as readonly Action[]
  insist([...problemsOfTarget(trigger, actions), ...(await problemsOfNames(tx, actions))])
  return { trigger, actions }
}

function insist(problems: readonly string[]): void {
  if (problems.length > 0)
    throw refuse('reaction_invalid', problems.slice(0, problemsMax).join('; '))
}

/** The event by its bare name; a trigger name alone means custom triggers. */
function bareTrigger(when: Trigger): Trigger {
  const { event, triggerName } = when
  if (event === undefined)
    return triggerName === undefined ? when : { ...when, event: customTrigger }
  return { ...when, event: knownEventType(event) ?? event }
}

function problemsOfSize(input: object): string[] {
  const isTooLong = JSON.stringify(input).length > charsMax
  return isTooLong ? [`a reaction has at most ${charsMax} characters`] : []
}

function problemsOfTrigger({ event, triggerName, condition }: Trigger): string[] {
  if (event === undefined) return ['"when" needs an event or a triggerName']
  const problems = condition === undefined ? [] : problemsOfCondition(condition)
  const named = problems.map((problem) => `condition: ${problem}`)
  if (knownEventType(event) === undefined)
    return [`there is no event "${event.slice(0, 64)}"`, ...named]
  if (triggerName !== undefined && event !== customTrigger)
    return [`only ${customTrigger} has a triggerName`, ...named]
  return named
}

function problemsOfAction(one: unknown, at: number): string[] {
  const type = isObject(one) ? one['type'] : undefined
  if (typeof type !== 'string' || !Object.hasOwn(actionSchemas, type))
    return [`action ${at + 1}: "type" is one of ${Object.keys(actionSchemas).join(', ')}`]
  const schema: TSchema = actionSchemas[type as ActionType]
  const shape = problemsOfShape(schema, one)
  const problems = shape.length > 0 ? shape : problemsOfSense(one as Action)
  return problems.map((problem) => `${nameOf(type, at)}: ${problem}`)
}

const nameOf = (type: string, at: number) => `action ${at + 1} (${type})`

function problemsOfShape(schema: TSchema, value: unknown): string[] {
  if (Value.Check(schema, value)) return []
  const found = Value.Errors(schema, value).map(({ instancePath, message, keyword, params }) => {
    const place = instancePath === '' ? '' : `${instancePath.slice(1, 129)} `
    const isExtra = keyword === 'additionalProperties'
    const extra = isExtra ? ` (${String(Object.values(params).flat()[0]).slice(0, 64)})` : ''
    return `${place}${message}${extra}`
  })
  return found.slice(0, 3)
}

/** What a shape cannot say. */
function problemsOfSense(one: Action): string[] {
  if (one.type === 'pauseJourney') {
    const isBoth = one.days !== undefined && one.hours !== undefined
    return isBoth ? ['has days or hours'] : []
  }
  if (one.type !== 'setMeta') return []
  const count = Object.keys(one.meta).length
  return count >= 1 && count <= metaKeysMax ? [] : [`sets 1 to ${metaKeysMax} keys of meta`]
}

/** An event of an account has no claim to look at or to work on, unless the reaction asks for each. */
function problemsOfTarget(trigger: Trigger, actions: readonly Action[]): string[] {
  if (trigger.perClaim || !isOfAccount(trigger.event ?? '')) return []
  const problems = actions.flatMap((one, at) =>
    needsClaim(one)
      ? [`${nameOf(one.type, at)}: needs "perClaim", for the event has no claim`]
      : [],
  )
  const isConditional = trigger.condition !== undefined || trigger.claimStatus !== undefined
  return isConditional
    ? ['a condition needs "perClaim", for the event has no claim', ...problems]
    : problems
}

/** Actions that name a bundle, an agency or a journey which is not there, or a bundle of another channel. */
async function problemsOfNames(tx: Tx, actions: readonly Action[]): Promise<string[]> {
  const bundles = await latestVersions(tx, [...new Set(actions.flatMap(bundleOf))])
  const agencies = await knownAgencies(tx, [...new Set(actions.flatMap(agencyOf))])
  const journeys = await knownJourneys(tx, [...new Set(actions.flatMap(journeyOf))])
  return actions.flatMap((one, at) => {
    const name = nameOf(one.type, at)
    const [bundleId] = bundleOf(one)
    const bundle = bundleId === undefined ? undefined : bundles.get(bundleId)
    if (bundleId !== undefined && !bundle) return [`${name}: there is no bundle ${bundleId}`]
    if (bundle && bundle.channel !== one.type)
      return [`${name}: bundle ${bundle.bundleId} is for ${bundle.channel}`]
    const [agency] = agencyOf(one)
    if (agency !== undefined && !agencies.has(agency))
      return [`${name}: there is no active agency "${agency}"`]
    const [journey] = journeyOf(one)
    if (journey === undefined || journeys.has(journey)) return []
    return [`${name}: there is no journey ${journey}`]
  })
}

const bundleOf = (one: Action) => ('bundleId' in one ? [one.bundleId.toLowerCase()] : [])
const agencyOf = (one: Action) => (one.type === 'outsource' ? [one.partner] : [])
const journeyOf = (one: Action) =>
  one.type === 'startJourney' && one.journeyId !== undefined ? [one.journeyId.toLowerCase()] : []

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
