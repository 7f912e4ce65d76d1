import {
  announceBooked,
  type Book,
  type ClaimAt,
  type Command,
  conclude,
  type Desk,
  post,
  reopenUnpaid,
  type Target,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'
import { type BookedEntry, bookedBefore, metaOf, rememberBooked } from './book-once.ts'
import type { Booking } from './load-payment.ts'
import { providerNameOf, stateEvents } from './payment-events.ts'
import type { Settling } from './settle.ts'

/** Takes back what settling booked in one account, once; what was charged back by hand already is not taken twice. */
export function chargeBack(settled: Settling): Command<Booking[]> {
  const { payment, homeReference } = settled
  const bookings = payment.bookings.filter((one) => one.accountReference === homeReference)
  const once = {
    provider: providerNameOf(payment),
    // Beside the payment itself, so that it is found the same way.
    trackingId: `chargeback:${payment.trackingId}`,
    amountMinor: bookings.reduce((sum, booking) => sum + booking.amountMinor, 0),
  }
  return {
    id: newId(),
    tenantId: payment.tenantId,
    metadata: { originator: 'Portal' },
    needs: {
      accounts: [homeReference],
      targets: bookings.map((booking) => booking.entryReference),
      claims: bookings.flatMap((booking) => booking.claimReference ?? []),
      providerPayment: once,
    },
    decide(desk) {
      const home = desk.account(homeReference)
      if (bookedBefore(home, once)) return []
      const firstSeq = home.account.entrySeq + 1
      const entries: BookedEntry[] = []
      for (const booking of bookings) {
        const entry = takeBack(desk, home, { booking, settled })
        if (entry) entries.push(entry)
      }
      rememberBooked(home, once, { firstSeq, entries })
      if (settled.isTeller) for (const event of stateEvents(payment, 'disputed')) desk.emit(event)
      return []
    },
  }
}

interface Taking {
  readonly booking: Booking
  readonly settled: Settling
}

function takeBack(desk: Desk, home: Book, { booking, settled }: Taking): BookedEntry | undefined {
  const payment = home.entryNamed(booking.entryReference)
  const amountMinor = payment ? payment.amountMinor - payment.chargedBackMinor : 0
  if (!payment || amountMinor <= 0) return undefined
  const at = booking.claimReference === null ? undefined : desk.claimHolding(booking.claimReference)
  const { book, target } = placeOf(home, at, { payment })
  const { paymentId, trackingId } = settled.payment
  const entry = {
    reference: newId(),
    kind: 'chargeback' as const,
    createdAtMs: desk.nowMs,
    details: {
      amount: amountMinor,
      meta: metaOf({ trackingId, paymentId, claimReference: booking.claimReference ?? '' }),
    },
    context: target && 'payment' in target ? { ledgerEntryReference: payment.reference } : {},
  }
  const { origin } = payment
  post(book, { ...entry, origin, amountMinor, commandId: desk.commandId, target })
  if (at?.book === book) reopenUnpaid(book, at.claim)
  if (origin === 'ledger') announceBooked(desk, book, [shownEntry(entry)])
  conclude(book, {
    nowMs: desk.nowMs,
    reason: 'CHARGEBACK',
    details: { originator: 'CLIENT' },
    emit: (event) => desk.emit(event),
  })
  return book === home ? entry : undefined
}

/** Where the money is asked for again: by the claim, in whatever account it is now, or by the account as a whole. */
function placeOf(
  home: Book,
  at: ClaimAt | undefined,
  own: { payment: Extract<Target, { payment: unknown }>['payment'] },
): { book: Book; target: Target | undefined } {
  const isCreditOnly = own.payment.itemSeq === null
  if (!at || at.book === home || isCreditOnly) {
    const isGone = at?.claim.status === 'DELETED' && !isCreditOnly
    return { book: home, target: isGone ? undefined : own }
  }
  if (at.claim.status === 'DELETED') return { book: home, target: undefined }
  return { book: at.book, target: { item: at.book.item(at.claim.itemSeq) } }
}
