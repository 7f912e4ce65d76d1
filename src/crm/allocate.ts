import { type Book, type Desk, type Item, type Json, post } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { allocate, eligibleItems, type Share } from '../payments/index.ts'
import { hexOf } from './ids.ts'

/** A payment of this door that may have credit left, with the entries it booked. The oldest goes first. */
export interface OpenCredit {
  readonly paymentId: string
  readonly entries: readonly string[]
}

/** What was taken up of a payment's credit: the entries that came to it, and what is left. */
export interface TakenUp {
  readonly paymentId: string
  readonly added: readonly string[]
  readonly creditMinor: number
}

const latest = '9999-12-31'

/**
 * What may be paid, the named invoices first; among them and among the rest the earliest due date goes first, then what
 * was posted first. The fees of an invoice follow it.
 */
export function payable(
  book: Book,
  claimIds: ReadonlySet<string>,
): { named: Item[]; rest: Item[] } {
  const isNamed = (item: Item) => {
    const claim = book.claimOf(item)
    return claim !== undefined && claim.status !== 'DELETED' && claimIds.has(claim.claimId)
  }
  const sorted = [...book.items.values()]
    .filter((item) => item.outstandingMinor > 0)
    .toSorted((a, b) => compare(book, a, b))
  const isEligible = new Set(eligibleItems(book, undefined))
  return {
    named: sorted.filter(isNamed),
    rest: sorted.filter((item) => isEligible.has(item) && !isNamed(item)),
  }
}

function compare(book: Book, a: Item, b: Item): number {
  const [rootA, rootB] = [rootOf(book, a), rootOf(book, b)]
  if (rootA === rootB) return place(a) - place(b) || a.position - b.position || a.seq - b.seq
  const [dueA, dueB] = [dueOf(book, rootA), dueOf(book, rootB)]
  if (dueA !== dueB) return dueA < dueB ? -1 : 1
  return rootA.createdAtMs - rootB.createdAtMs || rootA.seq - rootB.seq
}

const place = (item: Item) => (item.parentSeq === null ? 0 : 1)
const rootOf = (book: Book, item: Item) =>
  item.parentSeq === null ? item : book.item(item.parentSeq)
const dueOf = (book: Book, root: Item) => book.claimOf(root)?.currentDueOn ?? root.dueOn ?? latest

/** Books the shares of a payment, and what no item takes as credit of the account. Answers what it booked. */
export function bookShares(
  desk: Desk,
  book: Book,
  paid: {
    paymentId: string
    shares: readonly Share[]
    creditMinor: number
    /** The reference of the first entry, by which a payment is booked once. */
    firstReference?: string
    provider?: string | undefined
  },
): BookedEntry[] {
  const orders: { item?: Item; amountMinor: number }[] = [...paid.shares]
  if (paid.creditMinor > 0) orders.push({ amountMinor: paid.creditMinor })
  return orders.map(({ item, amountMinor }, index) => {
    const entry = {
      reference: (index === 0 ? paid.firstReference : undefined) ?? newId(),
      kind: 'payment' as const,
      createdAtMs: desk.nowMs,
      details: {
        amount: amountMinor,
        ...(paid.provider === undefined ? {} : { paymentProvider: paid.provider }),
        meta: metaOf(paid.paymentId),
      },
      context: item
        ? {
            ledgerEntryReference: item.reference,
            ...(item.productReference === null ? {} : { productReference: item.productReference }),
          }
        : {},
    }
    post(book, {
      ...entry,
      origin: item?.origin ?? 'ledger',
      amountMinor,
      commandId: desk.commandId,
      target: item ? { item } : undefined,
    })
    return entry
  })
}

export interface BookedEntry {
  readonly reference: string
  readonly kind: 'payment' | 'chargeback' | 'adjustment' | 'reporting'
  readonly createdAtMs: number
  readonly details: Json
  readonly context: Json
}

export const metaOf = (paymentId: string, more: Json = {}) => ({
  originator: 'CRM',
  crmPaymentId: hexOf(paymentId),
  ...more,
})

/**
 * Lets what is open take up the credit that payments of this door left, the oldest payment first. Credit that other doors
 * booked stays where it is (D-55 of the Receeve specification). What is taken up leaves the entry that holds it and comes
 * back on the item, so every entry still says what it moved; the account owes no more and no less.
 */
export function takeUp(
  desk: Desk,
  book: Book,
  credits: readonly OpenCredit[],
): { takenUp: TakenUp[]; booked: BookedEntry[] } {
  const takenUp: TakenUp[] = []
  const booked: BookedEntry[] = []
  for (const { paymentId, entries } of credits) {
    const added: string[] = []
    let leftMinor = 0
    for (const reference of entries) {
      const availableMinor = creditOf(book, reference)
      if (availableMinor === 0) continue
      const { rest: open } = payable(book, new Set())
      const { shares, restMinor } = allocate(open, availableMinor)
      leftMinor += restMinor
      if (shares.length === 0) continue
      booked.push(
        release(desk, book, { paymentId, reference, amountMinor: availableMinor - restMinor }),
      )
      const came = bookShares(desk, book, { paymentId, shares, creditMinor: 0 })
      booked.push(...came)
      added.push(...came.map((entry) => entry.reference))
    }
    takenUp.push({ paymentId, added, creditMinor: leftMinor })
  }
  return { takenUp, booked }
}

/** What an entry left as credit and nobody took back or up since. */
export function creditOf(book: Book, reference: string): number {
  const entry = book.entryNamed(reference)
  if (entry?.kind !== 'payment') return 0
  const leftMinor = Math.max(0, entry.excessMinor - entry.chargedBackMinor)
  return Math.min(leftMinor, book.account.creditMinor)
}

function release(
  desk: Desk,
  book: Book,
  of: { paymentId: string; reference: string; amountMinor: number },
): BookedEntry {
  const payment = book.entryNamed(of.reference)
  const entry = {
    reference: newId(),
    kind: 'chargeback' as const,
    createdAtMs: desk.nowMs,
    details: { amount: of.amountMinor, meta: metaOf(of.paymentId, { reason: 'CREDIT_TAKEN_UP' }) },
    context: { ledgerEntryReference: of.reference },
  }
  post(book, {
    ...entry,
    origin: 'ledger',
    amountMinor: of.amountMinor,
    commandId: desk.commandId,
    ...(payment ? { target: { payment } } : {}),
  })
  return entry
}
