import { sql } from 'kysely'
import { eventTypes, type Subscriber, type Wanting } from '../events/index.ts'
import { type Condition, type Facts, holds, loadFacts, tenantOf } from '../journeys/index.ts'
import type { Tx } from '../platform/db.ts'
import { needsClaim } from './actions.ts'
import { type Fired, keepFirings, recentFirings, type SkipReason } from './keep-firings.ts'
import { findTargets } from './find-targets.ts'
import { type ActiveReaction, type Aimed, chainMax, chainOf, type Pair, waitsFor } from './match.ts'

export const subscriberName = 'reactions'

/** Reactions that wait for anything. */
export const activeOnes: Wanting = (tenantId) =>
  sql`select from reaction where tenant_id = ${tenantId} and is_active and deleted_at is null`

/**
 * Looks which reactions of the tenant wait for an event and notes for each claim what they are to do, or why they do
 * nothing. What is to be done is done after the commit (`reactionWork`).
 */
export function reactionSubscriber(): Subscriber {
  return {
    name: subscriberName,
    types: [...eventTypes],
    wanting: activeOnes,
    async handle(tx, events) {
      const reactions = await activeReactions(tx)
      const pairs = events.flatMap((event) =>
        reactions
          .filter((reaction) => waitsFor(reaction, event))
          .map((reaction) => ({ event, reaction })),
      )
      if (pairs.length > 0) await fire(tx, pairs)
    },
  }
}

async function activeReactions({ tenantId, db }: Tx): Promise<readonly ActiveReaction[]> {
  const { rows } = await sql<ActiveReaction>`
    select reaction_id as "reactionId", name, version, trigger, actions, active_since as "activeSince"
    from reaction where tenant_id = ${tenantId} and is_active and deleted_at is null
    order by position, reaction_id`.execute(db)
  return rows
}

async function fire(tx: Tx, pairs: readonly Pair[]): Promise<void> {
  const targets = await findTargets(tx, pairs)
  const aimed = pairs.flatMap((pair): Aimed[] => {
    const found = targets(pair)
    return found.length > 0
      ? found.map((target) => ({ ...pair, target }))
      : [{ ...pair, target: undefined }]
  })
  const claimIds = [...new Set(aimed.flatMap(({ target }) => target?.claimId ?? []))]
  const isConditional = pairs.some(({ reaction }) => reaction.trigger.condition !== undefined)
  const { timeZone } = await tenantOf(tx)
  const facts = isConditional ? await loadFacts(tx, claimIds, timeZone) : new Map<string, Facts>()
  const recent = await recentFirings(tx, claimIds)
  const fired = aimed.map((one): Fired => {
    const reason = reasonToSkip(one, { facts, now: tx.now }) ?? recent(one.reaction, one.target)
    return { ...one, reason, chain: [...chainOf(one.event), one.reaction.reactionId] }
  })
  await keepFirings(tx, fired)
}

/**
 * What a reaction raised does not make it fire again, whatever the claim (D-90): what it does to an account would come back
 * through each of its other claims.
 */
function reasonToSkip(
  { event, reaction, target }: Aimed,
  { facts, now }: { facts: ReadonlyMap<string, Facts>; now: Date },
): SkipReason | undefined {
  const chain = chainOf(event)
  if (chain.includes(reaction.reactionId)) return 'LOOP'
  if (chain.length >= chainMax) return 'CHAIN_TOO_LONG'
  const { condition, claimStatus } = reaction.trigger
  if (!target) return isAboutClaim(reaction) ? 'NO_CLAIM' : undefined
  if (!(claimStatus ?? usualStatuses).some((status) => status === target.status))
    return 'CLAIM_STATUS'
  if (condition === undefined) return undefined
  const known = facts.get(target.claimId)
  return known && holds(condition as unknown as Condition, known, now) ? undefined : 'CONDITION'
}

const usualStatuses: readonly string[] = ['ACTIVE', 'RESOLVED']

function isAboutClaim({ trigger, actions }: ActiveReaction): boolean {
  const { condition, claimStatus, perClaim } = trigger
  const asks = condition !== undefined || claimStatus !== undefined || perClaim === true
  return asks || actions.some(needsClaim)
}
