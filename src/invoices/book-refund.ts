import {
  announceBooked,
  type Book,
  type CallContext,
  type ClaimAt,
  type Command,
  conclude,
  type Desk,
  type Item,
  type Json,
  type NamedEntry,
  takeBack,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { bookMovement } from '../claims/index.ts'
import { newId } from '../kernel/id.ts'
import { itemsOf } from './open-invoice.ts'
import type { Received } from './received.ts'
import { refuse } from './refusals.ts'
import type { RefundType } from './schema.ts'

export interface Refunding {
  readonly reference: string
  readonly amountMinor: number
  readonly type: RefundType
  /** The payments that may go back, the newest first. */
  readonly received: readonly Received[]
}

/**
 * Books money back to the debtor: out of credit that the payments left, then out of what they paid. What a merchant gives
 * back is not asked for again; what the debtor took back is. Each payment goes back where it was booked, by a command of
 * that account; they are to be booked all or none.
 */
export function bookRefund(
  context: CallContext,
  refunding: Refunding,
): readonly [Command<void>, ...Command<void>[]] {
  const [first, ...others] = sharesOf(refunding)
  if (!first) throw refuse('exceeds_received')
  return [
    bookShare(context, refunding, first),
    ...others.map((share) => bookShare({ ...context, commandId: newId() }, refunding, share)),
  ]
}

/** What is to go back of the payments of one account. */
interface Share {
  readonly accountReference: string
  readonly amountMinor: number
  readonly references: readonly string[]
}

function sharesOf({ amountMinor, received }: Refunding): Share[] {
  const shares = new Map<string, { amountMinor: number; references: string[] }>()
  let rest = amountMinor
  for (const { accountReference, reference, leftMinor } of received) {
    const share = shares.get(accountReference) ?? { amountMinor: 0, references: [] }
    const takenMinor = Math.min(rest, leftMinor)
    rest -= takenMinor
    share.amountMinor += takenMinor
    // Older ones too: another refund may have taken of these meanwhile.
    share.references.push(reference)
    shares.set(accountReference, share)
  }
  if (rest > 0) throw refuse('exceeds_received')
  return [...shares]
    .filter(([, share]) => share.amountMinor > 0)
    .map(([accountReference, share]) => ({ accountReference, ...share }))
}

function bookShare(context: CallContext, refunding: Refunding, share: Share): Command<void> {
  const { reference, type } = refunding
  const { accountReference, references } = share
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [accountReference],
      claims: [reference],
      targets: references,
      profile: true,
    },
    decide(desk) {
      const at = desk.claimHolding(reference)
      if (!at || at.claim.status === 'PENDING') throw refuse('invoice_not_found')
      const home = desk.account(accountReference)
      const refund = { home, at, share }
      const booked = type.startsWith('MERCHANT') ? giveBack(desk, refund) : takeAll(desk, refund)
      for (const book of new Set([home, at.book])) {
        const shown = booked.filter((entry) => entry.book === book && entry.isOfLedger)
        announceBooked(
          desk,
          book,
          shown.map(({ words }) => words),
        )
        conclude(book, { nowMs: desk.nowMs, reason: 'REFUND', emit: (event) => desk.emit(event) })
      }
    },
  }
}

interface Refund {
  /** Where the payments were booked. */
  readonly home: Book
  /** Where the claim is now. */
  readonly at: ClaimAt
  readonly share: Share
}

interface Booked {
  readonly book: Book
  readonly words: Json
  /** Whether it is shown to those who keep the ledger. */
  readonly isOfLedger: boolean
  /** What the account owes for money that no claim asks for any more. */
  readonly owed?: Item | undefined
}

/** What goes back is taken off again, so that nobody is asked for it and the invoice stands as it did. */
function giveBack(desk: Desk, refund: Refund): Booked[] {
  const { book, claim } = refund.at
  const { status, resolutionReason, resolvedAtMs, frozenMeta } = claim
  const before = new Map(itemsOf(book, claim).map((item) => [item, item.outstandingMinor]))
  const taken = takeAll(desk, refund)
  const owed = taken.flatMap((entry) => entry.owed ?? [])
  const lowered = [
    ...[...before].map(([item, minor]) => lower(desk, { book, item, minor })),
    ...owed.map((item) => lower(desk, { book: refund.home, item, minor: 0 })),
  ]
  if (claim.status !== status)
    book.changeClaim(claim, { status, resolutionReason, resolvedAtMs, frozenMeta })
  return [...taken, ...lowered.flat()]
}

function lower(desk: Desk, to: { book: Book; item: Item; minor: number }): Booked[] {
  const { book, item, minor } = to
  const deltaMinor = minor - item.outstandingMinor
  if (deltaMinor === 0) return []
  const booking = { reason: 'REFUND' }
  const words = bookMovement(desk, book, { item, deltaMinor, kind: 'adjustment', booking })
  return [{ book, words, isOfLedger: item.origin === 'ledger' }]
}

function takeAll(desk: Desk, { home, share }: Refund): Booked[] {
  let rest = share.amountMinor
  const booked: Booked[] = []
  for (const reference of share.references) {
    const payment = home.entryNamed(reference)
    const leftMinor = payment ? payment.amountMinor - payment.chargedBackMinor : 0
    const amountMinor = Math.min(rest, leftMinor)
    if (!payment || amountMinor <= 0) continue
    rest -= amountMinor
    booked.push(...takeOne(desk, home, { payment, amountMinor }))
  }
  if (rest > 0) throw refuse('exceeds_received')
  return booked
}

function takeOne(
  desk: Desk,
  home: Book,
  { payment, amountMinor }: { payment: NamedEntry; amountMinor: number },
): Booked[] {
  const meta = { reason: 'REFUND' }
  const { entries } = takeBack(desk, home, { payment, amountMinor, reference: newId(), meta })
  // An item that the last entry made is nobody's but the account's. What credit was used for is owed by whoever used it.
  const made = payment.itemSeq === null ? undefined : home.items.get(home.account.entrySeq)
  return entries.map((entry) => ({
    book: home,
    words: shownEntry(entry),
    isOfLedger: home.entryNamed(entry.reference)?.origin === 'ledger',
    owed: entry.kind === 'chargeback' ? made : undefined,
  }))
}
