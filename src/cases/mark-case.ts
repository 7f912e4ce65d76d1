import { advanceCase } from './advance-case.ts'
import type { Actor, CaseDeps } from './context.ts'

/** Says that a case has all that its collector needs. It goes on to its review, or without one to the collector. */
export function markPrepared(deps: CaseDeps, actor: Actor, id: number): Promise<void> {
  return advanceCase(deps, actor, { id, from: 'PREPARING' })
}

/** Says that a case was looked at: from now on its amount and line items stay, and it goes to the collector. */
export function markReviewed(deps: CaseDeps, actor: Actor, id: number): Promise<void> {
  return advanceCase(deps, actor, { id, from: 'REVIEWING' })
}
