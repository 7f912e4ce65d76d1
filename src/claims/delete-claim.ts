import {
  announceBooked,
  type CallContext,
  type Command,
  claimNames,
  conclude,
} from '../book/index.ts'
import { bookMovement } from './amounts.ts'
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
      const items = [book.item(claim.itemSeq), ...book.feesOf(claim.itemSeq)]
      const entries = items
        .filter((item) => item.outstandingMinor > 0)
        .map((item) => {
          const deltaMinor = -item.outstandingMinor
          return bookMovement(desk, book, { item, deltaMinor, kind: 'adjustment', booking })
        })
      book.changeClaim(claim, {
        status: 'DELETED',
        resolutionReason: null,
        isResolvedByRequest: false,
        deletedAtMs: desk.nowMs,
        primaryDebtor: null,
        frozenMeta: null,
        meta: {},
      })
      if (claim.isManaged) announceBooked(desk, book, entries)
      desk.emit({ type: 'event.claim.deleted', data: names })
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
    },
  }
}
