import assert from 'node:assert/strict'
import { bounded, type Book, type ClaimBefore } from './book.ts'
import { claimNames } from './claim-names.ts'
import type { BookEvent, Claim, Json, ResolutionReason } from './model.ts'
import { settlePromise } from './promise.ts'

export interface Conclusion {
  readonly nowMs: number
  /** The caller's reason for the change, passed on in the event. */
  readonly reason?: string | undefined
  /** Further fields of the event that says a total changed, such as the overpaid amount (D-80). */
  readonly details?: Json | undefined
  emit(event: BookEvent): void
}

/**
 * Ends a command on one account: every claim that it moved follows its balance, changes once and says so once
 * (D-51, D-53, D-65), and the totals of the account are brought up to date (D-40).
 */
export function conclude(book: Book, conclusion: Conclusion): void {
  let amountDelta = 0
  let feesDelta = 0
  for (const [claim, before] of book.touchedClaims()) {
    followBalance(book, claim, { before, nowMs: conclusion.nowMs })
    const counted = countedBefore(before)
    const now = countedNow(book, claim)
    amountDelta = bounded(amountDelta, now.amountMinor - counted.amountMinor)
    feesDelta = bounded(feesDelta, now.feesMinor - counted.feesMinor)
    announce(book, { claim, before, conclusion })
    settlePromise(book, claim, conclusion)
  }
  book.forgetTouched()
  if (amountDelta === 0 && feesDelta === 0) return
  moveAccountTotals(book, { amountDelta, feesDelta })
  conclusion.emit(accountTotals(book))
}

/** Takes a claim that leaves for another account out of this one's totals. */
export function uncount(book: Book, before: ClaimBefore, emit: Conclusion['emit']): void {
  if (!before.isCounted || (before.amountMinor === 0 && before.feesMinor === 0)) return
  moveAccountTotals(book, { amountDelta: -before.amountMinor, feesDelta: -before.feesMinor })
  emit(accountTotals(book))
}

function moveAccountTotals(book: Book, delta: { amountDelta: number; feesDelta: number }): void {
  const { account } = book
  book.changeAccount({
    claimsAmountMinor: bounded(account.claimsAmountMinor, delta.amountDelta),
    claimsFeesMinor: bounded(account.claimsFeesMinor, delta.feesDelta),
  })
  assert(account.claimsAmountMinor >= 0 && account.claimsFeesMinor >= 0)
}

function accountTotals(book: Book): BookEvent {
  const { account } = book
  return {
    type: 'event.accountAmountTotalFees.updated',
    data: {
      accountReference: account.reference,
      amount: account.claimsAmountMinor,
      totalFees: account.claimsFeesMinor,
      totalAmount: bounded(account.claimsAmountMinor, account.claimsFeesMinor),
    },
  }
}

const isCounted = (status: Claim['status']) => status === 'ACTIVE' || status === 'RESOLVED'

function countedBefore(before: ClaimBefore): { amountMinor: number; feesMinor: number } {
  return before.isCounted ? before : { amountMinor: 0, feesMinor: 0 }
}

function countedNow(book: Book, claim: Claim): { amountMinor: number; feesMinor: number } {
  if (!isCounted(claim.status)) return { amountMinor: 0, feesMinor: 0 }
  return { amountMinor: book.amountOf(claim), feesMinor: book.feesTotalOf(claim) }
}

/**
 * D-53, D-68: a claim is resolved when principal and fees together are 0. A managed one is active again when they are
 * not, unless it was resolved by request; an unmanaged one keeps its status, whatever the amount does (D-69).
 */
export function followBalance(
  book: Book,
  claim: Claim,
  { before, nowMs }: { before: ClaimBefore; nowMs: number },
): void {
  const total = bounded(book.amountOf(claim), book.feesTotalOf(claim))
  if (claim.status === 'ACTIVE' && total === 0) {
    resolve(book, claim, { reason: reasonForZero(book, claim, before), nowMs })
    return
  }
  if (claim.status === 'RESOLVED' && total > 0 && claim.isManaged && !claim.isResolvedByRequest) {
    reactivate(book, claim)
  }
}

export function resolve(
  book: Book,
  claim: Claim,
  how: { reason: ResolutionReason; nowMs: number; isByRequest?: boolean },
): void {
  book.changeClaim(claim, {
    status: 'RESOLVED',
    resolutionReason: how.reason,
    isResolvedByRequest: how.isByRequest ?? false,
    resolvedAtMs: how.nowMs,
    // A resolved claim keeps its snapshot (D-29). Without the profile the account's meta is unknown here; the statement
    // that writes the claim takes it.
    frozenMeta: claim.status === 'RESOLVED' ? claim.frozenMeta : (book.profile?.meta ?? null),
  })
}

export function reactivate(book: Book, claim: Claim): void {
  book.changeClaim(claim, {
    status: 'ACTIVE',
    resolutionReason: null,
    isResolvedByRequest: false,
    resolvedAtMs: null,
    frozenMeta: null,
  })
}

/**
 * A claim that only money which is gone brought to 0 was never paid and is active again. D-69 leaves other movements of
 * an unmanaged claim to its owner, and D-53 whatever was resolved by request.
 */
export function reopenUnpaid(book: Book, claim: Claim): void {
  const total = bounded(book.amountOf(claim), book.feesTotalOf(claim))
  if (claim.status === 'RESOLVED' && !claim.isResolvedByRequest && total > 0)
    reactivate(book, claim)
}

/** D-53: discarded when corrections alone brought it to 0, paid in every other case. */
function reasonForZero(book: Book, claim: Claim, before: ClaimBefore): ResolutionReason {
  if (!claim.isManaged) return 'CLAIM_PAID'
  const principal = book.item(claim.itemSeq)
  const paid =
    book.feesOf(principal.seq).some((fee) => fee.paidMinor > 0) || principal.paidMinor > 0
  // What brought a claim to 0 that waited for a debtor is past: without a payment it was a correction.
  if (before.status === 'PENDING') return paid ? 'CLAIM_PAID' : 'CLAIM_DISCARDED'
  const isCorrection = (kind: string) => kind === 'discount' || kind === 'adjustment'
  return !paid && isCorrection(lastMovementOf(book, claim)) ? 'CLAIM_DISCARDED' : 'CLAIM_PAID'
}

function lastMovementOf(book: Book, claim: Claim): string {
  const entries = book.changes.entries
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index]
    if (!entry || entry.itemSeq === null || entry.effect === 0) continue
    const item = book.item(entry.itemSeq)
    if ((item.parentSeq ?? item.seq) === claim.itemSeq) return entry.kind
  }
  return 'none'
}

function announce(
  book: Book,
  change: { claim: Claim; before: ClaimBefore; conclusion: Conclusion },
): void {
  const { claim, before, conclusion } = change
  if (claim.status === 'PENDING' || claim.status === 'DELETED') return
  const names = claimNames(book, claim)
  const amount = book.amountOf(claim)
  const totalFees = book.feesTotalOf(claim)
  const isNew =
    before.status === 'NONE' || before.status === 'PENDING' || before.status === 'DELETED'
  if (isNew) {
    const { currency } = book.account
    const data = { ...names, amount, currency, dueDate: claim.currentDueOn }
    conclusion.emit({ type: 'event.claim.created', data })
  } else if (
    amount !== before.amountMinor ||
    totalFees !== before.feesMinor ||
    conclusion.details?.['overpaidAmount'] !== undefined
  ) {
    conclusion.emit(totalChanged(names, { amount, totalFees, before, conclusion }))
  }
  if (claim.status === 'RESOLVED' && before.status !== 'RESOLVED') {
    const data = { ...names, reason: claim.resolutionReason, amount, totalFees }
    conclusion.emit({ type: 'event.claim.resolved', data })
  }
  // A forced check may do this without any change of a total, so nothing else says it for certain.
  if (claim.status === 'ACTIVE' && before.status === 'RESOLVED')
    conclusion.emit({ type: 'event.claim.reactivated', data: { ...names, amount, totalFees } })
}

function totalChanged(
  names: Json,
  change: { amount: number; totalFees: number; before: ClaimBefore; conclusion: Conclusion },
): BookEvent {
  const { amount, totalFees, before, conclusion } = change
  return {
    type: 'event.claimTotalAmount.updated',
    data: {
      ...names,
      amount,
      totalFees,
      totalAmount: bounded(amount, totalFees),
      oldAmount: before.amountMinor,
      oldTotalFees: before.feesMinor,
      oldTotalAmount: bounded(before.amountMinor, before.feesMinor),
      ...(conclusion.reason === undefined ? {} : { reason: conclusion.reason }),
      ...conclusion.details,
    },
  }
}
