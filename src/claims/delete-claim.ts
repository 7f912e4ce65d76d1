import { type CallContext, type Command, claimNames, conclude } from '../book/index.ts'
import { bringTo } from './amounts.ts'
import { liveClaim } from './update-claim.ts'

/**
 * Ends a claim for good: what it still asks for is written off, the debtor's data on it is forgotten, its reference stays
 * taken. Only recreating brings it back (9.1, D-73).
 */
export function deleteClaim(context: CallContext, reference: string): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [reference] },
    decide(desk) {
      const { book, claim } = liveClaim(desk, reference)
      const names = claimNames(book, claim)
      const booking = { reason: 'CLAIM_DELETED', house: 'write-off' }
      for (const item of [book.item(claim.itemSeq), ...book.feesOf(claim.itemSeq)]) {
        bringTo(desk, book, { item, amountMinor: 0, booking })
      }
      book.changeClaim(claim, {
        status: 'DELETED',
        resolutionReason: null,
        isResolvedByRequest: false,
        deletedAtMs: desk.nowMs,
        primaryDebtor: null,
        frozenMeta: null,
        meta: {},
      })
      desk.emit({ type: 'event.claim.deleted', data: names })
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
    },
  }
}
