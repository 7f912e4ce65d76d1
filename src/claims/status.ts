import {
  type Book,
  bounded,
  type Claim,
  reactivate,
  resolve,
  type ResolutionReason,
  resolutionReasons,
} from '../book/index.ts'

/**
 * D-69, the meaning of forceAmountCheck: the status is worked out anew from the resulting total. Without it an active
 * claim that reaches 0 is still resolved, and a resolved one stays resolved whatever its amount does.
 */
export function settleStatus(
  book: Book,
  claim: Claim,
  how: { isForced: boolean; reason: string | undefined; nowMs: number },
): void {
  const total = bounded(book.amountOf(claim), book.feesTotalOf(claim))
  if (total > 0) {
    if (how.isForced && claim.status === 'RESOLVED') reactivate(book, claim)
    return
  }
  if (claim.status === 'ACTIVE' || how.isForced) {
    resolve(book, claim, { reason: resolutionOf(how.reason) ?? 'CLAIM_PAID', nowMs: how.nowMs })
  }
}

export function resolutionOf(reason: string | undefined): ResolutionReason | undefined {
  return resolutionReasons.find((known) => known === reason)
}
