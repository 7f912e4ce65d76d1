import {
  announceBooked,
  type Book,
  type Command,
  conclude,
  type Desk,
  takeBack,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'
import { type BookedEntry, bookedBefore, metaOf, rememberBooked } from './book-once.ts'
import type { Booking } from './load-payment.ts'
import { providerNameOf, stateEvents } from './payment-events.ts'
import type { Settling } from './settle.ts'

export interface ChargingBack extends Settling {
  /** The claims that the payment was booked on, as `claimsPaidBy` answers them. */
  readonly claimReferences: readonly string[]
}

/**
 * Takes back what settling booked in one account, once, and asks its claims for it again wherever they are; what was
 * charged back by hand already is not taken twice.
 */
export function chargeBack(charging: ChargingBack): Command<Booking[]> {
  const { payment, homeReference, claimReferences } = charging
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
      claims: claimReferences,
      providerPayment: once,
    },
    decide(desk) {
      const home = desk.account(homeReference)
      if (bookedBefore(home, once)) return []
      const firstSeq = home.account.entrySeq + 1
      const entries = bookings.flatMap((booking) => chargeOne(desk, home, { booking, charging }))
      rememberBooked(home, once, { firstSeq, entries })
      if (charging.isTeller) for (const event of stateEvents(payment, 'disputed')) desk.emit(event)
      return []
    },
  }
}

interface Charge {
  readonly booking: Booking
  readonly charging: ChargingBack
}

function chargeOne(desk: Desk, home: Book, { booking, charging }: Charge): readonly BookedEntry[] {
  const payment = home.entryNamed(booking.entryReference)
  const amountMinor = payment ? payment.amountMinor - payment.chargedBackMinor : 0
  if (!payment || amountMinor <= 0) return []
  const { paymentId, trackingId } = charging.payment
  const meta = metaOf({ trackingId, paymentId, claimReference: booking.claimReference ?? '' })
  const { entries, books } = takeBack(desk, home, {
    payment,
    amountMinor,
    reference: newId(),
    meta,
  })
  const isShown = ({ reference }: BookedEntry) => home.entryNamed(reference)?.origin === 'ledger'
  announceBooked(desk, home, entries.filter(isShown).map(shownEntry))
  for (const book of books) {
    conclude(book, {
      nowMs: desk.nowMs,
      reason: 'CHARGEBACK',
      details: { originator: 'CLIENT' },
      emit: (event) => desk.emit(event),
    })
  }
  return entries
}
