import {
  announceBooked,
  type Book,
  type ClaimAt,
  type Command,
  conclude,
  type Desk,
  type Item,
  type Json,
  post,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'
import { Refusal } from '../platform/refusal.ts'
import { type BookedEntry, bookedBefore, metaOf, rememberBooked } from './book-once.ts'
import type { Booking, LoadedPayment, PaymentClaim } from './load-payment.ts'
import { providerNameOf, stateEvents } from './payment-events.ts'

export interface Settling {
  /** With the tracking id under which it is booked. */
  readonly payment: LoadedPayment & { readonly trackingId: string }
  readonly homeReference: string
  /** Tells of the payment as a whole: one of its accounts does. */
  readonly isTeller: boolean
}

/** Books the shares of one account, once whatever is reported how often; what a claim does not ask for is credit. */
export function settleShares(settling: Settling): Command<Booking[]> {
  const { payment, homeReference } = settling
  const claims = payment.claims.filter((claim) => claim.homeReference === homeReference)
  const once = {
    provider: providerNameOf(payment),
    trackingId: payment.trackingId,
    amountMinor: claims.reduce((sum, claim) => sum + claim.amountMinor, 0),
  }
  return {
    id: newId(),
    tenantId: payment.tenantId,
    metadata: { originator: 'Portal' },
    needs: {
      accounts: [homeReference],
      claims: claims.map((claim) => claim.claimReference),
      providerPayment: once,
    },
    decide(desk) {
      const home = desk.account(homeReference)
      const known = bookedBefore(home, once)
      if (known) return known.map((entry) => bookingOf(homeReference, entry))
      const firstSeq = home.account.entrySeq + 1
      const shares = claims.map((claim) => bookShare(desk, home, { claim, settling }))
      const entries = shares.filter(({ book }) => book === home).flatMap((share) => share.entries)
      rememberBooked(home, once, { firstSeq, entries })
      if (settling.isTeller) for (const event of stateEvents(payment, 'settled')) desk.emit(event)
      return shares.flatMap(({ book, entries: own }) =>
        own.map((entry) => bookingOf(book.account.reference, entry)),
      )
    },
  }
}

interface Share {
  readonly claim: PaymentClaim
  readonly settling: Settling
}

interface BookedShare {
  readonly book: Book
  readonly entries: BookedEntry[]
}

/**
 * Pays one claim wherever it is now. Money that it cannot take stays with the account as credit: that of a claim which was
 * deleted, or began anew in another currency, or whose account now refuses it.
 */
function bookShare(desk: Desk, home: Book, share: Share): BookedShare {
  const at = desk.claimHolding(share.claim.claimReference)
  const isOfCurrency = at?.book.account.currency === home.account.currency
  if (!at || !isOfCurrency || at.claim.status === 'DELETED') return bookCredit(desk, home, share)
  const mark = desk.journal.mark()
  try {
    return payClaim(desk, at, share)
  } catch (error) {
    if (!(error instanceof Refusal) || at.book === home) throw error
    desk.journal.rollBack(mark)
    return bookCredit(desk, home, share)
  }
}

function bookCredit(desk: Desk, home: Book, share: Share): BookedShare {
  const entry = bookPart(desk, home, { share, amountMinor: share.claim.amountMinor })
  announceBooked(desk, home, [shownEntry(entry)])
  conclude(home, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
  return { book: home, entries: [entry] }
}

function payClaim(desk: Desk, { book, claim }: ClaimAt, share: Share): BookedShare {
  const { parts, restMinor } = spread(book, claim, share)
  const entries = parts.map(({ item, amountMinor }) =>
    bookPart(desk, book, { share, item, amountMinor }),
  )
  if (restMinor > 0) {
    const origin = claim.isManaged ? 'ledger' : 'claim'
    entries.push(bookPart(desk, book, { share, amountMinor: restMinor, origin }))
    // It was paid for this claim, although the claim did not ask for it (D-80, D-91).
    book.receive(book.item(claim.itemSeq), restMinor)
    book.touch(claim)
  }
  if (claim.isManaged) announceBooked(desk, book, entries.map(shownEntry))
  conclude(book, {
    nowMs: desk.nowMs,
    reason: 'PAYMENT',
    details: { originator: 'CLIENT', ...(restMinor > 0 ? { overpaidAmount: restMinor } : {}) },
    emit: (event) => desk.emit(event),
  })
  return { book, entries }
}

/** What each part of a claim takes, in the tenant's order (D-79). */
function spread(
  book: Book,
  claim: { itemSeq: number },
  { claim: { amountMinor }, settling }: Share,
) {
  const principal = book.item(claim.itemSeq)
  const fees = book.feesOf(claim.itemSeq)
  const isPrincipalFirst = settling.payment.creditPriority === 'AMOUNT_FIRST'
  let restMinor = amountMinor
  const parts = (isPrincipalFirst ? [principal, ...fees] : [...fees, principal]).map((item) => {
    const taken = Math.min(restMinor, item.outstandingMinor)
    restMinor -= taken
    return { item, amountMinor: taken }
  })
  return { parts: parts.filter((part) => part.amountMinor > 0), restMinor }
}

function bookPart(
  desk: Desk,
  book: Book,
  part: { share: Share; item?: Item; amountMinor: number; origin?: 'ledger' | 'claim' },
): BookedEntry {
  const { share, item, amountMinor } = part
  const { payment } = share.settling
  const { paymentReference, claimReference } = share.claim
  const { trackingId, paymentId } = payment
  const product = item?.productReference ?? null
  const context: Json = {
    ...(item ? { ledgerEntryReference: item.reference } : {}),
    ...(product === null ? {} : { productReference: product }),
  }
  const entry = {
    reference: newId(),
    kind: 'payment' as const,
    createdAtMs: desk.nowMs,
    details: {
      amount: amountMinor,
      ...(paymentReference === null ? {} : { paymentReference }),
      paymentProvider: providerNameOf(payment),
      meta: metaOf({ trackingId, paymentId, claimReference }),
    },
    context,
  }
  post(book, {
    ...entry,
    origin: item?.origin ?? part.origin ?? 'ledger',
    amountMinor,
    commandId: desk.commandId,
    target: item ? { item } : undefined,
  })
  return entry
}

function bookingOf(accountReference: string, entry: BookedEntry): Booking {
  const meta = entry.details['meta'] as Json | undefined
  const claimReference = meta?.['claimReference']
  return {
    accountReference,
    claimReference: typeof claimReference === 'string' ? claimReference : null,
    entryReference: entry.reference,
    amountMinor: Number(entry.details['amount']),
  }
}
