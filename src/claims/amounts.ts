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

/** Books a new fee bucket of a claim. Answers the entry as shown. */
export function bookBucket(
  desk: Desk,
  book: Book,
  bucket: { claim: Claim; name: string | null; amountMinor: number; position: number },
): Json {
  const { claim, name, amountMinor, position } = bucket
  const principal = book.item(claim.itemSeq)
  const entry = {
    reference: newId(),
    kind: 'fee' as const,
    createdAtMs: desk.nowMs,
    details: { amount: amountMinor, ...(name === null ? {} : { type: name }) },
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
      ...(booking.meta === undefined ? {} : { meta: booking.meta }),
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

/** Brings an item to an amount by one entry, or by none when it is there already. */
export function bringTo(
  desk: Desk,
  book: Book,
  target: { item: Item; amountMinor: number; booking: Booking },
): void {
  const { item, amountMinor, booking } = target
  const deltaMinor = amountMinor - item.outstandingMinor
  if (deltaMinor === 0) return
  // D-91: a balance that drops for one of these reasons is money received.
  const isPaid = deltaMinor < 0 && (booking.reason === 'PAYMENT' || booking.reason === 'CLAIM_PAID')
  bookMovement(desk, book, { item, deltaMinor, kind: isPaid ? 'payment' : 'adjustment', booking })
}

/** Replaces the fee list of a claim: what it no longer names is brought to 0 and retired (9.3.3). */
export function replaceBuckets(
  desk: Desk,
  book: Book,
  list: { claim: Claim; buckets: Map<string | null, number>; booking: Booking },
): void {
  const { claim, buckets, booking } = list
  const existing = book.feesOf(claim.itemSeq)
  for (const item of existing) {
    if (buckets.has(item.feeType)) continue
    bringTo(desk, book, { item, amountMinor: 0, booking })
    if (!item.isRetired) book.changeItem(item, { isRetired: true })
  }
  let position = 0
  for (const [name, amountMinor] of buckets) {
    position += 1
    const item = existing.find((fee) => fee.feeType === name)
    if (!item) {
      bookBucket(desk, book, { claim, name, amountMinor, position })
      continue
    }
    if (item.isRetired || item.position !== position)
      book.changeItem(item, { isRetired: false, position })
    bringTo(desk, book, { item, amountMinor, booking })
  }
}
