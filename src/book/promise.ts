import type { Book } from './book.ts'
import { claimNames } from './claim-names.ts'
import type { BookEvent, Claim, PromiseStatus, PromiseToPay } from './model.ts'

interface At {
  readonly nowMs: number
  emit(event: BookEvent): void
}

/**
 * Judges the promise on a claim that a command moved (D-91): it is kept by money received since it was made, or by a claim
 * that is paid in full; it is no longer needed when the claim ends in another way.
 */
export function settlePromise(book: Book, claim: Claim, at: At): void {
  const { promise } = claim
  if (!promise) return
  // What comes after the due date neither keeps nor breaks it, however late the sweep is.
  if (isOver(promise, at.nowMs)) return endPromise(book, claim, { ...at, status: 'EXPIRED' })
  const received = book.received.get(claim) ?? 0
  if (received !== 0) book.changePromise(promise, { paidMinor: paidAfter(promise, received) })
  const status = statusOf(claim, promise, received)
  if (status !== 'ACTIVE') endPromise(book, claim, { ...at, status })
}

/** Whether the due date of a promise is over. */
export function isOver(promise: PromiseToPay, nowMs: number): boolean {
  return nowMs >= promise.expiresAtMs
}

/** A chargeback of money that was paid before the promise takes nothing from it, so it is never below 0. */
function paidAfter(promise: PromiseToPay, received: number): number {
  return Math.max(0, Math.min(promise.paidMinor + received, Number.MAX_SAFE_INTEGER))
}

function statusOf(claim: Claim, promise: PromiseToPay, received: number): PromiseStatus {
  if (promise.paidMinor >= promise.amountMinor) return 'RESOLVED'
  switch (claim.status) {
    case 'RESOLVED':
      return isPaid(claim, received) ? 'RESOLVED' : 'INVALIDATED'
    case 'DELETED':
      return 'INVALIDATED'
    case 'ACTIVE':
    case 'PENDING':
      return 'ACTIVE'
  }
}

/** Paid in full: it was money that brought the claim to 0, or whoever resolved the claim says that it was paid. */
function isPaid(claim: Claim, received: number): boolean {
  return claim.isResolvedByRequest ? claim.resolutionReason === 'CLAIM_PAID' : received > 0
}

const endings = {
  RESOLVED: 'event.promiseToPay.resolved',
  EXPIRED: 'event.promiseToPay.expired',
  INVALIDATED: 'event.promiseToPay.invalidated',
} as const

/** Ends the promise on a claim and says how; without one it does nothing. */
export function endPromise(
  book: Book,
  claim: Claim,
  ending: At & { readonly status: keyof typeof endings },
): void {
  const { promise } = claim
  if (!promise) return
  book.changePromise(promise, { status: ending.status, endedAtMs: ending.nowMs })
  book.journal.assign(claim, { promise: null })
  ending.emit(promiseEvent(book, claim, { type: endings[ending.status], promise }))
}

/** An event of a promise, with what was paid on it so far. */
export function promiseEvent(
  book: Book,
  claim: Claim,
  of: { type: string; promise: PromiseToPay },
): BookEvent {
  const { type, promise } = of
  return {
    type,
    data: {
      ...claimNames(book, claim),
      promiseToPayId: promise.promiseId,
      amount: promise.amountMinor,
      currency: promise.currency,
      dueDate: promise.dueOn,
      paidAmount: promise.paidMinor,
    },
  }
}
