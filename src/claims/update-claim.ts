import {
  announceTrigger,
  type Book,
  type CallContext,
  type Claim,
  type ClaimAt,
  type Command,
  claimNames,
  conclude,
  type Desk,
  type Json,
  refuse,
} from '../book/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import { type Booking, bringTo, bucketName, bucketsOf, replaceBuckets } from './amounts.ts'
import { type ClaimInput, commandOn, openClaim } from './create-claim.ts'
import { accountReferenceOf, changedDebtor, homeOf } from './home.ts'
import { moveClaim } from './move-claim.ts'
import type { ClaimData } from './schema.ts'
import { settleStatus } from './status.ts'

export interface ClaimUpdate extends ClaimInput {
  /** D-69; the body's own option goes before it. */
  readonly forceAmountCheck?: boolean | undefined
  /** The reference is the claim's own, never the receeve form of another's (D-41). */
  readonly isOwnReference?: boolean
}

/** Changes the given fields of a claim and leaves the others (9.3.1). */
export function updateClaim(context: CallContext, input: ClaimUpdate): Command<void> {
  return {
    ...commandOn(context, input),
    decide(desk) {
      changeClaim(desk, changeableClaim(desk, input.reference), { context, input, isWhole: false })
    },
  }
}

/** Opens the claim, or brings the one that is there to the given state (9.3.4). A deleted one stays deleted (D-73). */
export function importClaim(context: CallContext, input: ClaimUpdate): Command<void> {
  return {
    ...commandOn(context, input),
    decide(desk) {
      const { reference, isOwnReference = false } = input
      if (isOwnReference ? desk.claimHolding(reference) : desk.findClaim(reference)) {
        changeClaim(desk, changeableClaim(desk, input.reference), { context, input, isWhole: true })
      } else {
        openClaim(desk, { context, input })
      }
    },
  }
}

/** An invoice that waits for its debtor has its reference already, and belongs to the ledger (D-74). */
function changeableClaim(desk: Desk, reference: string): ClaimAt {
  if (desk.findClaim(reference)?.claim.status === 'PENDING') throw refuse('claim_is_managed')
  return liveClaim(desk, reference)
}

/** The claim that a call names, if it can still be changed. */
export function liveClaim(desk: Desk, reference: string): ClaimAt {
  const at = desk.findClaim(reference)
  if (!at || at.claim.status === 'PENDING') throw refuse('claim_not_found')
  if (at.claim.status === 'DELETED') throw refuse('claim_deleted')
  return at
}

interface Change {
  readonly context: CallContext
  readonly input: ClaimUpdate
  /** Import: what the payload leaves out is gone, where the contract says so. */
  readonly isWhole: boolean
}

function changeClaim(desk: Desk, at: ClaimAt, change: Change): void {
  const { context, input, isWhole } = change
  const { data } = input
  if (at.claim.isManaged) requireUnmanagedFields(at, data)
  const book = at.claim.isManaged ? at.book : homeOfChange(desk, at, data)
  const { claim } = at
  const debtor = changedDebtor(desk, book, {
    context,
    data,
    before: {
      debtorReference: claim.debtorReference ?? '',
      primaryDebtor: claim.primaryDebtor ?? {},
    },
  })
  const metaBefore = claim.meta
  const fields = changedFields(claim, { ...fieldsOf(claim, data, isWhole), ...debtor })
  if (Object.keys(fields).length > 0) book.changeClaim(claim, fields)
  if (!claim.isManaged) changeAmounts(desk, book, { claim, data, isWhole })
  const isForced = data.options?.forceAmountCheck ?? input.forceAmountCheck ?? false
  settleStatus(book, claim, { isForced, reason: data.reason, nowMs: desk.nowMs })
  if (metaBefore !== claim.meta) {
    const meta = { ...book.details.meta, ...claim.meta }
    desk.emit({ type: 'event.claimMeta.updated', data: { ...claimNames(book, claim), meta } })
  }
  conclude(book, { nowMs: desk.nowMs, reason: data.reason, emit: (event) => desk.emit(event) })
  announceTrigger(desk, { book, claim }, context.triggerName)
}

/**
 * D-74: the ledger owns a managed claim's money, dates, currency, account and product; naming them as they are is no
 * change.
 */
function requireUnmanagedFields({ book, claim }: ClaimAt, data: ClaimData): void {
  const account = accountReferenceOf(data)
  const isChanged =
    (data.amount !== undefined && data.amount !== book.amountOf(claim)) ||
    isOtherFees({ book, claim }, data) ||
    (data.originalDueDate !== undefined && data.originalDueDate !== claim.originalDueOn) ||
    (data.currentDueDate !== undefined && data.currentDueDate !== claim.currentDueOn) ||
    (data.productReference !== undefined && data.productReference !== claim.productReference) ||
    (data.currency !== undefined && data.currency !== book.account.currency) ||
    (account !== undefined && account !== book.account.reference)
  if (isChanged) throw refuse('claim_is_managed')
}

function isOtherFees({ book, claim }: ClaimAt, data: ClaimData): boolean {
  if (data.fees === undefined)
    return data.totalFees !== undefined && data.totalFees !== book.feesTotalOf(claim)
  const left = bucketsOf({ fees: data.fees })
  for (const fee of book.feesOf(claim.itemSeq)) {
    const name = bucketName(claim, fee)
    left.set(name, (left.get(name) ?? 0) - fee.outstandingMinor)
  }
  return [...left.values()].some((difference) => difference !== 0)
}

/** D-75: another accountReference moves an unmanaged claim; its currency can never change. */
function homeOfChange(desk: Desk, at: ClaimAt, data: ClaimData): Book {
  if (data.currency !== undefined && data.currency !== at.book.account.currency)
    throw refuse('currency_mismatch')
  const reference = accountReferenceOf(data)
  if (reference === undefined || reference === at.book.account.reference) return at.book
  const to = homeOf(desk, { ...data, currency: at.book.account.currency })
  moveClaim(desk, at, to)
  return to
}

function fieldsOf(claim: Claim, data: ClaimData, isWhole: boolean): Partial<Claim> {
  const meta: Json = isWhole ? (data.meta ?? {}) : { ...claim.meta, ...data.meta }
  const given: [keyof Claim, unknown][] = [
    ['portfolioReference', data.portfolioReference],
    ['productReference', data.productReference],
    ['creditorReference', data.creditorReference],
    ['paymentReference', data.paymentReference],
    ['scores', data.scores],
  ]
  const own: Partial<Claim> = claim.isManaged
    ? {}
    : {
        originalDueOn: data.originalDueDate ?? claim.originalDueOn,
        currentDueOn: data.currentDueDate ?? claim.currentDueOn,
      }
  const fields = Object.fromEntries(
    given.filter(([, value]) => value !== undefined),
  ) as Partial<Claim>
  return { ...fields, ...own, meta }
}

/** The fields whose values differ: what is as it was leaves no trace. Objects are compared whatever their keys' order. */
function changedFields(claim: Claim, fields: Partial<Claim>): Partial<Claim> {
  const changed = Object.entries(fields).filter(([name, value]) => {
    const before = claim[name as keyof Claim]
    return before !== value && canonicalJson(before) !== canonicalJson(value)
  })
  return Object.fromEntries(changed)
}

function changeAmounts(
  desk: Desk,
  book: Book,
  change: { claim: Claim; data: ClaimData; isWhole: boolean },
): void {
  const { claim, data, isWhole } = change
  const booking: Booking = { reason: data.reason }
  const principal = book.item(claim.itemSeq)
  const { productReference } = claim
  // D-60: payments of a product look for it on the items.
  for (const item of [principal, ...book.feesOf(claim.itemSeq)]) {
    if (item.productReference !== productReference) book.changeItem(item, { productReference })
  }
  if (data.currentDueDate !== undefined && data.currentDueDate !== principal.dueOn)
    book.changeItem(principal, { dueOn: data.currentDueDate })
  if (data.amount !== undefined)
    bringTo(desk, book, { item: principal, amountMinor: data.amount, booking })
  const isFeesGiven = data.fees !== undefined || data.totalFees !== undefined || isWhole
  if (!isFeesGiven) return
  // D-70: a total that fits the list leaves the list.
  const isTotalAsIs = data.fees === undefined && (data.totalFees ?? 0) === book.feesTotalOf(claim)
  if (isTotalAsIs && data.totalFees !== undefined) return
  replaceBuckets(desk, book, { claim, buckets: bucketsOf(data), booking })
}
