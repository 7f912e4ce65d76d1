import {
  type Book,
  bounded,
  type Claim,
  type Desk,
  type EntryKind,
  type Item,
  type Json,
  post,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { shownEntry } from '../accounts/index.ts'
import type { FeeData } from './schema.ts'

/** How a movement of a claim is booked and explained. */
export interface Booking {
  readonly createdAtMs?: number | undefined
  readonly reason?: string | undefined
  readonly meta?: Json | undefined
  readonly house?: string | undefined
}

/**
 * Fees by name: equal names are one bucket. Neither fees nor totalFees: none. A total without names is a bucket without a
 * name, which no list shows (D-70).
 */
export function bucketsOf(input: {
  fees?: FeeData[]
  totalFees?: number
}): Map<string | null, number> {
  const buckets = new Map<string | null, number>()
  if (input.fees) {
    for (const { name, amount } of input.fees)
      buckets.set(name, bounded(buckets.get(name) ?? 0, amount))
  } else if (input.totalFees) {
    buckets.set(null, input.totalFees)
  }
  return buckets
}

/** The name under which a claim lists a fee; a managed claim's fee without a type is called FEE (D-45). */
export function bucketName(claim: Claim, fee: Item): string | null {
  return fee.feeType ?? (claim.isManaged ? 'FEE' : null)
}

/** Books the principal of an unmanaged claim and answers its item's sequence. */
export function bookPrincipal(
  desk: Desk,
  book: Book,
  principal: { claim: Claim; amountMinor: number },
): number {
  const { claim, amountMinor } = principal
  return post(book, {
    reference: newId(),
    kind: 'invoice',
    origin: 'claim',
    amountMinor,
    createdAtMs: desk.nowMs,
    commandId: desk.commandId,
    details: { amount: amountMinor, dueDate: claim.currentDueOn },
    context: contextOf(claim.productReference),
    item: { reference: claim.reference, dueOn: claim.currentDueOn },
  })
}

interface Bucket {
  readonly claim: Claim
  readonly name: string | null
  readonly amountMinor: number
  readonly position: number
  readonly booking?: Booking | undefined
}

/** Books a new fee bucket of a claim. Answers the entry as shown. */
export function bookBucket(desk: Desk, book: Book, bucket: Bucket): Json {
  const { claim, name, amountMinor, position, booking } = bucket
  const principal = book.item(claim.itemSeq)
  const entry = {
    reference: newId(),
    kind: 'fee' as const,
    createdAtMs: booking?.createdAtMs ?? desk.nowMs,
    details: {
      amount: amountMinor,
      ...(name === null ? {} : { type: name }),
      ...metaOf(booking),
    },
    context: {
      ...contextOf(principal.productReference),
      ledgerEntryReference: principal.reference,
    },
  }
  post(book, {
    ...entry,
    origin: claim.isManaged ? 'ledger' : 'claim',
    amountMinor,
    commandId: desk.commandId,
    target: { item: principal },
    item: { feeType: name, position },
  })
  return shownEntry(entry)
}

const contextOf = (product: string | null): Json =>
  product === null ? {} : { productReference: product }

const metaOf = (booking: Booking | undefined): Json =>
  booking?.meta === undefined ? {} : { meta: booking.meta }

/** Books a movement of an item: up by a positive amount, down by a negative one. Answers the entry as shown. */
export function bookMovement(
  desk: Desk,
  book: Book,
  movement: { item: Item; deltaMinor: number; kind: EntryKind; booking: Booking },
): Json {
  const { item, deltaMinor, kind, booking } = movement
  const amountMinor = kind === 'adjustment' ? deltaMinor : Math.abs(deltaMinor)
  const entry = {
    reference: newId(),
    kind,
    createdAtMs: booking.createdAtMs ?? desk.nowMs,
    details: {
      amount: amountMinor,
      ...(kind === 'adjustment' && booking.reason !== undefined ? { reason: booking.reason } : {}),
      ...metaOf(booking),
    },
    context: { ...contextOf(item.productReference), ledgerEntryReference: item.reference },
  }
  post(book, {
    ...entry,
    origin: item.origin,
    amountMinor,
    commandId: desk.commandId,
    target: { item },
    house: booking.house,
  })
  return shownEntry(entry)
}

interface Target {
  readonly item: Item
  readonly amountMinor: number
}

/** Brings an item to an amount, or leaves it when it is there already. A fall may be money received (D-91). */
export function bringTo(desk: Desk, book: Book, to: Target & { booking: Booking }): void {
  const fallMinor = to.item.outstandingMinor - to.amountMinor
  bringAllTo(desk, book, { targets: [to], fallMinor, booking: to.booking })
}

/**
 * Brings items to their amounts. D-91: a balance that drops for one of these reasons is money received, and no more of it
 * than the balance drops. What one name asks for less and another for more was not paid, it changed its name.
 */
function bringAllTo(
  desk: Desk,
  book: Book,
  move: { targets: readonly Target[]; fallMinor: number; booking: Booking },
): void {
  const { targets, fallMinor, booking } = move
  const isPaid = booking.reason === 'PAYMENT' || booking.reason === 'CLAIM_PAID'
  let receivedMinor = isPaid ? Math.max(0, fallMinor) : 0
  for (const { item, amountMinor } of targets) {
    const paidMinor = Math.min(receivedMinor, Math.max(0, item.outstandingMinor - amountMinor))
    const correctedMinor = amountMinor - item.outstandingMinor + paidMinor
    receivedMinor -= paidMinor
    if (paidMinor > 0)
      bookMovement(desk, book, { item, deltaMinor: -paidMinor, kind: 'payment', booking })
    if (correctedMinor !== 0)
      bookMovement(desk, book, { item, deltaMinor: correctedMinor, kind: 'adjustment', booking })
  }
}

/** Replaces the fee list of a claim: what it no longer names is brought to 0 and retired (9.3.3). */
export function replaceBuckets(
  desk: Desk,
  book: Book,
  list: { claim: Claim; buckets: Map<string | null, number>; booking: Booking },
): void {
  const { claim, buckets, booking } = list
  const existing = book.feesOf(claim.itemSeq)
  const kept = existing.filter((fee) => buckets.has(fee.feeType))
  const retired = existing.filter((fee) => !buckets.has(fee.feeType))
  const totalMinor = [...buckets.values()].reduce(bounded, 0)
  bringAllTo(desk, book, {
    // What kept its name and fell was paid before what lost its name.
    targets: [...kept, ...retired].map((item) => ({
      item,
      amountMinor: buckets.get(item.feeType) ?? 0,
    })),
    fallMinor: book.feesTotalOf(claim) - totalMinor,
    booking,
  })
  for (const item of retired) if (!item.isRetired) book.changeItem(item, { isRetired: true })
  let position = 0
  for (const [name, amountMinor] of buckets) {
    position += 1
    const item = kept.find((fee) => fee.feeType === name)
    if (!item) bookBucket(desk, book, { claim, name, amountMinor, position, booking })
    else if (item.isRetired || item.position !== position)
      book.changeItem(item, { isRetired: false, position })
  }
}
