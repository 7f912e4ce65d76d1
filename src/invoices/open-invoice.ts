import {
  type Book,
  bounded,
  type Claim,
  type ClaimAt,
  type Desk,
  type Item,
  type Json,
} from '../book/index.ts'
import { bookMovement } from '../claims/index.ts'
import { refuse } from './refusals.ts'

/** The claim of an invoice that is still asked for. */
export function openInvoice(desk: Desk, reference: string): ClaimAt {
  const at = desk.findClaim(reference)
  if (!at || at.claim.status === 'PENDING') throw refuse('invoice_not_found')
  if (at.claim.status !== 'ACTIVE') throw refuse('invalid_state', 'it is not asked for any more')
  return at
}

/** All that an invoice consists of: its principal and its fees. */
export function itemsOf(book: Book, claim: Claim): Item[] {
  return [book.item(claim.itemSeq), ...book.feesOf(claim.itemSeq)]
}

export function owedMinor(book: Book, claim: Claim): number {
  return bounded(book.amountOf(claim), book.feesTotalOf(claim))
}

/** Takes off all that an invoice still asks for, by adjustments. Answers them as they are shown. */
export function takeOffAll(
  desk: Desk,
  { book, claim }: ClaimAt,
  booking: { reason: string; house?: string },
): Json[] {
  return itemsOf(book, claim)
    .filter((item) => item.outstandingMinor > 0)
    .map((item) => {
      const deltaMinor = -item.outstandingMinor
      return bookMovement(desk, book, { item, deltaMinor, kind: 'adjustment', booking })
    })
}
