import type { Book } from './book.ts'
import { reopenUnpaid } from './conclude.ts'
import type { ClaimAt, Desk } from './desk.ts'
import type { Item, Json, NamedEntry } from './model.ts'
import { newId } from '../kernel/id.ts'
import { post } from './post.ts'

export interface Taking {
  /** Of the first account that the command named, as one of its targets. */
  readonly payment: NamedEntry
  readonly amountMinor: number
  /** Of the chargeback. */
  readonly reference: string
  readonly meta: Json
}

/** An entry as it is shown again. */
export interface TakenEntry {
  readonly reference: string
  readonly kind: 'chargeback' | 'adjustment'
  readonly createdAtMs: number
  readonly details: Json
  readonly context: Json
}

export interface TakenBack {
  /** What it booked in the account of the payment: the chargeback, and what it handed over to another item. */
  readonly entries: readonly TakenEntry[]
  /** What it moved and the caller concludes: the account of the payment, and that of the claim where it is another. */
  readonly books: readonly Book[]
}

/**
 * Takes money of a payment back where the payment was booked, so that no more is ever taken than it brought, and lets the
 * claim that it paid ask for it again, in whatever account it is now (D-75) and whether or not it began anew. A claim that
 * was deleted asks for nothing (D-73): then the account of the payment owes it as a whole, and shows that it does. Names its
 * needs: the payment as a target, the claims that `claimsPaidBy` answers.
 */
export function takeBack(desk: Desk, home: Book, taking: Taking): TakenBack {
  const { payment, amountMinor, meta } = taking
  const item = payment.itemSeq === null ? undefined : home.item(payment.itemSeq)
  const at = item && claimOfItem(desk, home, item)
  const isGone = at !== undefined && !canAsk(at, home)
  const askedBefore = item?.outstandingMinor ?? 0
  const entry: TakenEntry = {
    reference: taking.reference,
    kind: 'chargeback',
    createdAtMs: desk.nowMs,
    details: { amount: amountMinor, meta },
    context: { ledgerEntryReference: payment.reference },
  }
  post(home, {
    ...entry,
    origin: isGone ? 'ledger' : payment.origin,
    amountMinor,
    commandId: desk.commandId,
    target: { payment, isItemGone: isGone },
  })
  if (!item || !at || isGone) return { entries: [entry], books: [home] }
  const restMinor = item.outstandingMinor - askedBefore
  const isElsewhere = home.claimOf(item) !== at.claim
  const handed = isElsewhere && restMinor > 0
  const entries = handed ? [entry, handOver(desk, { home, item, at, restMinor, meta })] : [entry]
  reopenUnpaid(at.book, at.claim)
  return { entries, books: at.book === home ? [home] : [home, at.book] }
}

/** The claim that an item is or was of. What went to another account, or began anew, keeps its reference. */
function claimOfItem(desk: Desk, home: Book, item: Item): ClaimAt | undefined {
  const claim = home.claimOf(item)
  if (claim) return { claim, book: home }
  const principal = item.parentSeq === null ? item : home.item(item.parentSeq)
  return principal.kind === 'invoice' ? desk.claimHolding(principal.reference) : undefined
}

/** One that was deleted and began anew may even be in another currency. */
function canAsk({ claim, book }: ClaimAt, home: Book): boolean {
  return claim.status !== 'DELETED' && book.account.currency === home.account.currency
}

interface Handing {
  readonly home: Book
  readonly item: Item
  readonly at: ClaimAt
  readonly restMinor: number
  readonly meta: Json
}

/** Lets the claim ask for what an item that it left asks for again, as moving the claim did with all the rest. */
function handOver(desk: Desk, { home, item, at, restMinor, meta }: Handing): TakenEntry {
  const { commandId, nowMs: createdAtMs } = desk
  const target = itemLike(at, item)
  const words = (of: Item, amount: number, reason: string): TakenEntry => ({
    reference: newId(),
    kind: 'adjustment',
    createdAtMs,
    details: { amount, reason, meta },
    context: { ledgerEntryReference: of.reference },
  })
  const left = words(item, -restMinor, 'CLAIM_MOVED')
  const { origin } = item
  post(home, { ...left, origin, amountMinor: -restMinor, commandId, target: { item } })
  post(at.book, {
    ...words(target, restMinor, 'CHARGEBACK'),
    origin: target.origin,
    amountMinor: restMinor,
    commandId,
    target: { item: target },
  })
  // It was received for the claim, and is taken back from it (D-91).
  at.book.receive(target, -restMinor)
  return left
}

/** The fee of the same name where there is one; else the principal. */
function itemLike({ book, claim }: ClaimAt, item: Item): Item {
  const isSame = (fee: Item) => !fee.isRetired && fee.feeType === item.feeType
  const fee = item.parentSeq === null ? undefined : book.feesOf(claim.itemSeq).find(isSame)
  return fee ?? book.item(claim.itemSeq)
}
