import { type Book, type Json, paymentKey, type ProviderPayment } from '../book/index.ts'

export type BookedEntry = ProviderPayment['entries'][number]

export interface Once {
  readonly provider: string
  readonly trackingId: string
  readonly amountMinor: number
}

/** What was booked in this account under a provider's name of it; undefined as long as nothing was (D-25). */
export function bookedBefore(book: Book, once: Pick<Once, 'provider' | 'trackingId'>) {
  return book.providerPayments.get(paymentKey(once))?.entries
}

/** Remembers, with the booking itself, that it was made: whoever comes again finds it under the lock of the account. */
export function rememberBooked(
  book: Book,
  once: Once,
  booked: { readonly firstSeq: number; readonly entries: readonly BookedEntry[] },
): void {
  const payment: ProviderPayment = {
    ...once,
    ...booked,
    currency: book.account.currency,
    lastSeq: book.account.entrySeq,
  }
  book.journal.put(book.providerPayments, paymentKey(once), payment)
  book.journal.append(book.changes.newProviderPayments, payment)
}

/** The details that entries of portal payments carry: who asked for them and for what. */
export function metaOf(of: {
  trackingId: string
  paymentId: string
  claimReference: string
}): Json {
  return { originator: 'CLIENT', ...of }
}
