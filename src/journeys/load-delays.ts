import { openDisputesOf } from '../disputes/index.ts'
import { placementOf } from '../placements/index.ts'
import type { Tx } from '../platform/db.ts'
import { planStateOf } from '../plans/index.ts'
import { activePromisesOf } from '../promises/index.ts'
import type { Delay } from './delays.ts'

/**
 * What keeps each claim from an agency, the first reason first. A claim that is with one is kept from none. Nothing is locked:
 * what a debtor agrees to while a claim is being handed over was agreed to after that.
 */
export async function loadDelays(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Delay[]>> {
  if (claimIds.length === 0) return new Map()
  const placements = await placementOf(tx, claimIds)
  const disputes = await openDisputesOf(tx, claimIds)
  const plans = await planStateOf(tx, claimIds)
  const promises = await activePromisesOf(tx, claimIds)
  return new Map(claimIds.map((claimId) => [claimId, delaysOf(claimId)]))

  function delaysOf(claimId: string): Delay[] {
    if (placements.get(claimId)?.status === 'PLACED') return []
    const plan = plans.get(claimId)
    const promise = promises.get(claimId)
    const delays: Delay[] = []
    if (disputes.has(claimId)) delays.push({ because: 'disputed', untilMs: null })
    if (plan?.isBehind === false)
      delays.push({ because: 'on_plan', untilMs: plan.behindAt?.getTime() ?? null })
    if (promise) delays.push({ because: 'promised', untilMs: promise.expiresAt.getTime() })
    return delays
  }
}
