import assert from 'node:assert/strict'
import {
  announceBooked,
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  post,
  takeBack,
  type TakenBack,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { allocate } from '../payments/index.ts'
import {
  type BookedEntry,
  bookShares,
  metaOf,
  type OpenCredit,
  payable,
  takeUp,
  type TakenUp,
} from './allocate.ts'
import { refuseCrm } from './refusals.ts'

export interface PaymentBooking {
  readonly accountReference: string
  readonly paymentId: string
  /** Undefined: all that the named invoices still ask for. */
  readonly amountMinor: number | undefined
  readonly claimIds: readonly string[]
  /** What "nothing left to pay" is said of. */
  readonly isBill?: boolean
  readonly credits: readonly OpenCredit[]
  readonly provider?: string | undefined
}

export interface PaymentBooked {
  readonly amountMinor: number
  readonly entries: readonly string[]
  readonly creditMinor: number
  readonly takenUp: readonly TakenUp[]
}

/** Books a payment once: on what it is meant for, then on whatever is due first; the rest is credit of the account. */
export function bookPayment(context: CallContext, input: PaymentBooking): Command<PaymentBooked> {
  const { accountReference, paymentId, credits } = input
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [accountReference],
      openItems: true,
      entries: [paymentId],
      targets: credits.flatMap(({ entries }) => entries),
    },
    decide(desk) {
      const book = desk.account(accountReference)
      if (book.entryNamed(paymentId)) throw refuseCrm('payment_not_draft')
      const before = takeUp(desk, book, credits)
      const { named, rest } = payable(book, new Set(input.claimIds))
      const amountMinor = input.amountMinor ?? sumOf(named)
      if (amountMinor === 0)
        throw refuseCrm(input.isBill === true ? 'bill_settled' : 'invoice_settled')
      const { shares, restMinor } = allocate([...named, ...rest], amountMinor)
      const booked = bookShares(desk, book, {
        paymentId,
        shares,
        creditMinor: restMinor,
        firstReference: paymentId,
        provider: input.provider,
      })
      finish(desk, book, { booked: [...before.booked, ...booked], reason: 'PAYMENT' })
      const entries = booked.map(({ reference }) => reference)
      return { amountMinor, entries, creditMinor: restMinor, takenUp: before.takenUp }
    },
  }
}

export interface CancellationBooking {
  readonly accountReference: string
  readonly paymentId: string
  readonly entries: readonly string[]
  /** The claims that the entries were booked on, as `claimsPaidBy` answers them. */
  readonly claimReferences: readonly string[]
  /** What the entries still held when they were read; they are read again where that has changed. */
  readonly heldMinor: number
  readonly credits: readonly OpenCredit[]
}

/** By which a payment is cancelled once. */
export const cancellationReference = (paymentId: string) => `${paymentId}/cancelled`

/**
 * Takes back what a payment still holds, on the items and in the credit of its account; frees them for other credit. A
 * claim that moved to another account asks for it there.
 */
export function bookCancellation(
  context: CallContext,
  input: CancellationBooking,
): Command<{ takenUp: TakenUp[] }> {
  const { accountReference, paymentId, entries, credits } = input
  const reversal = cancellationReference(paymentId)
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [accountReference],
      openItems: true,
      entries: [reversal],
      claims: input.claimReferences,
      targets: [...entries, ...credits.flatMap((credit) => credit.entries)],
    },
    decide(desk) {
      const book = desk.account(accountReference)
      if (book.entryNamed(reversal)) throw refuseCrm('payment_not_posted')
      const held = entries.map((reference) => ({ reference, amountMinor: heldBy(book, reference) }))
      // Credit that was taken up, or money that was charged back, since the entries were read.
      if (held.reduce((sum, { amountMinor }) => sum + amountMinor, 0) !== input.heldMinor)
        throw refuseCrm('busy')
      const taken = held
        .filter(({ amountMinor }) => amountMinor > 0)
        .map((one, index) =>
          release(desk, book, { ...one, paymentId, ...(index === 0 ? { reversal } : {}) }),
        )
      const booked: BookedEntry[] = taken.flatMap(({ entries: own }) => own)
      if (booked.length === 0) booked.push(noteReversal(desk, book, { paymentId, reversal }))
      const after = takeUp(desk, book, credits)
      const reason = 'PAYMENT_CANCELLATION'
      finish(desk, book, { booked: [...booked, ...after.booked], reason })
      const others = new Set(taken.flatMap(({ books }) => books).filter((one) => one !== book))
      for (const other of others) finish(desk, other, { booked: [], reason })
      return { takenUp: after.takenUp }
    },
  }
}

/** Lets open items take up credit, after an invoice was posted. */
export function takeUpCredit(
  context: CallContext,
  input: { accountReference: string; credits: readonly OpenCredit[] },
): Command<{ takenUp: TakenUp[] }> {
  const { accountReference, credits } = input
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [accountReference],
      openItems: true,
      targets: credits.flatMap(({ entries }) => entries),
    },
    decide(desk) {
      const book = desk.account(accountReference)
      const { takenUp, booked } = takeUp(desk, book, credits)
      finish(desk, book, { booked, reason: 'PAYMENT' })
      return { takenUp }
    },
  }
}

function finish(
  desk: Desk,
  book: Book,
  { booked, reason }: { booked: readonly BookedEntry[]; reason: string },
): void {
  announceBooked(desk, book, booked.map(shownEntry))
  conclude(book, { nowMs: desk.nowMs, reason, emit: (event) => desk.emit(event) })
}

const sumOf = (items: readonly { outstandingMinor: number }[]) =>
  items.reduce((sum, item) => sum + item.outstandingMinor, 0)

/** What an entry still holds, on its item and as credit. */
export function heldBy(book: Book, reference: string): number {
  const entry = book.entryNamed(reference)
  if (entry?.kind !== 'payment') return 0
  return Math.max(0, entry.amountMinor - entry.chargedBackMinor)
}

function release(
  desk: Desk,
  book: Book,
  of: { paymentId: string; reference: string; amountMinor: number; reversal?: string },
): TakenBack {
  const payment = book.entryNamed(of.reference)
  assert(payment, 'an entry that holds something is there')
  return takeBack(desk, book, {
    payment,
    amountMinor: of.amountMinor,
    reference: of.reversal ?? `${of.reference}/cancelled`,
    meta: metaOf(of.paymentId, { reason: 'PAYMENT_CANCELLATION' }),
  })
}

function noteReversal(
  desk: Desk,
  book: Book,
  of: { paymentId: string; reversal: string },
): BookedEntry {
  const entry = {
    reference: of.reversal,
    kind: 'reporting' as const,
    createdAtMs: desk.nowMs,
    details: { amount: 0, meta: metaOf(of.paymentId, { reason: 'PAYMENT_CANCELLATION' }) },
    context: {},
  }
  post(book, { ...entry, origin: 'ledger', amountMinor: 0, commandId: desk.commandId })
  return entry
}
