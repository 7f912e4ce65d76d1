import type { StoredEvent } from '../events/index.ts'
import type { Action } from './actions.ts'
import type { Trigger } from './schema.ts'

export const customTrigger = 'event.customClaimTrigger.executed'

/** A reaction as it is followed. */
export interface ActiveReaction {
  readonly reactionId: string
  readonly name: string
  readonly version: number
  readonly trigger: Trigger
  readonly actions: readonly Action[]
  readonly activeSince: Date
}

/** A reaction and an event that it waits for. */
export interface Pair {
  readonly event: StoredEvent
  readonly reaction: ActiveReaction
}

/** A claim to which something may be done. */
export interface Target {
  readonly claimId: string
  readonly reference: string
  readonly accountReference: string
  readonly status: string
}

export interface Aimed extends Pair {
  /** The claim; undefined for an event that names none. */
  readonly target: Target | undefined
}

/** Whether a reaction waits for an event like this one; whose claim it is, is not asked here. */
export function waitsFor(reaction: ActiveReaction, event: StoredEvent): boolean {
  const { trigger, activeSince } = reaction
  if (trigger.event !== event.type || event.occurredAt < activeSince) return false
  const { triggerName, data = {} } = trigger
  if (triggerName !== undefined && event.data['triggerName'] !== triggerName) return false
  return Object.entries(data).every(
    ([field, value]) => Object.hasOwn(event.data, field) && event.data[field] === value,
  )
}

const accountTypes = /^(event\.(account|customer|webhook|command)|webhook\.)/

/** Whether events of this type are never about a claim. */
export const isOfAccount = (type: string) => accountTypes.test(type)

/** The claims that an event names: one, or a list of them. */
export function claimsNamed({ data }: StoredEvent): string[] {
  const { claimRef, claims } = data
  if (typeof claimRef === 'string') return [claimRef]
  if (!Array.isArray(claims)) return []
  const named = claims.flatMap((one: unknown) => {
    const name = typeof one === 'object' && one !== null && 'claimRef' in one ? one.claimRef : one
    return typeof name === 'string' ? [name] : []
  })
  return [...new Set(named)]
}

/** The account that an event names. */
export function accountNamed({ data }: StoredEvent): string | undefined {
  const { accountReference } = data
  return typeof accountReference === 'string' ? accountReference : undefined
}

/** What a custom trigger was called with. */
export function contextOf({ data }: StoredEvent): Record<string, unknown> {
  const { triggerContext } = data
  const isObject =
    typeof triggerContext === 'object' && triggerContext !== null && !Array.isArray(triggerContext)
  return isObject ? (triggerContext as Record<string, unknown>) : {}
}

export const chainMax = 5

/** The reactions that led to an event, the first of them first. */
export function chainOf({ metadata }: StoredEvent): string[] {
  const { chain } = metadata
  return Array.isArray(chain) ? chain.filter((id): id is string => typeof id === 'string') : []
}
