import { type CallContext, type Command, endPromise, refuse } from '../book/index.ts'

/** Takes back the open promise on a claim, as whoever gave it may; without one nothing happens. */
export function withdrawPromise(context: CallContext, reference: string): Command<boolean> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [reference] },
    decide(desk) {
      const at = desk.findClaim(reference)
      if (!at || at.claim.status === 'PENDING') throw refuse('claim_not_found')
      const { book, claim } = at
      if (!claim.promise) return false
      const isOver = desk.nowMs >= claim.promise.expiresAtMs
      endPromise(book, claim, {
        status: isOver ? 'EXPIRED' : 'INVALIDATED',
        nowMs: desk.nowMs,
        emit: (event) => desk.emit(event),
      })
      return !isOver
    },
  }
}
