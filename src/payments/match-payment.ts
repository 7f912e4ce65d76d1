import {
  announceBooked,
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type Json,
  paymentKey,
  post,
  type ProviderPayment,
  refuse,
} from '../book/index.ts'
import { announceAccountTrigger, shownEntry, triggerNeeds } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'
import { allocate, allocationOrder, eligibleItems, type Matching } from './allocation.ts'

export interface PaymentInput extends Matching {
  readonly accountReference: string
  readonly totalMinor: number
  readonly currency: string
  readonly providerName?: string | undefined
  readonly trackingId?: string | undefined
  readonly paymentReference?: string | undefined
  readonly meta?: Json | undefined
}

/** What was booked for the payment, now or when it was first heard of (D-25). */
export interface MatchResult {
  readonly entries: Json[]
  readonly unallocatedMinor: number
}

/** Books a payment and spreads it over what the account still owes, by the given strategy; the rest is credit (D-63). */
export function matchPayment(context: CallContext, input: PaymentInput): Command<MatchResult> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [input.accountReference],
      openItems: true,
      profile: input.productReference !== undefined,
      providerPayment: providerPaymentOf(input),
      ...triggerNeeds(context),
    },
    decide(desk) {
      const book = desk.account(input.accountReference)
      const result = bookPayment(desk, book, { context, input })
      announceAccountTrigger(desk, book, context)
      return result
    },
  }
}

interface Call {
  readonly context: CallContext
  readonly input: PaymentInput
}

function bookPayment(desk: Desk, book: Book, { context, input }: Call): MatchResult {
  if (input.currency !== book.account.currency) throw refuse('currency_mismatch')
  requireProduct(book, input.productReference)
  const known = context.switches.dedupePayments ? bookedBefore(book, input) : undefined
  if (known) return known
  if (input.totalMinor === 0) return { entries: [], unallocatedMinor: 0 }
  const order = allocationOrder(book, eligibleItems(book, input.productReference), input)
  const { shares, restMinor } = allocate(order, input.totalMinor)
  const firstSeq = book.account.entrySeq + 1
  const booked = shares.map(({ item, amountMinor }) =>
    bookShare(desk, book, { input, item, amountMinor }),
  )
  if (restMinor > 0) booked.push(bookShare(desk, book, { input, amountMinor: restMinor }))
  rememberPayment(book, input, { firstSeq, entries: booked })
  const entries = booked.map(shownEntry)
  announceBooked(desk, book, entries)
  conclude(book, { nowMs: desk.nowMs, reason: 'PAYMENT', emit: (event) => desk.emit(event) })
  return { entries, unallocatedMinor: restMinor }
}

function requireProduct(book: Book, reference: string | undefined): void {
  if (reference === undefined) return
  if (!book.details.products.some((product) => product.reference === reference))
    throw refuse('product_not_found')
}

type Item = ReturnType<typeof eligibleItems>[number]

/** D-62: one payment entry per item that it touches; without an item it stays with the account (D-63). */
function bookShare(
  desk: Desk,
  book: Book,
  share: { input: PaymentInput; item?: Item; amountMinor: number },
): BookedShare {
  const { input, item, amountMinor } = share
  const product = item ? item.productReference : (input.productReference ?? null)
  const entry = {
    reference: newId(),
    kind: 'payment' as const,
    createdAtMs: desk.nowMs,
    details: {
      amount: amountMinor,
      ...(input.paymentReference === undefined ? {} : { paymentReference: input.paymentReference }),
      ...(input.providerName === undefined ? {} : { paymentProvider: input.providerName }),
      meta: {
        ...input.meta,
        ...(input.trackingId === undefined ? {} : { trackingId: input.trackingId }),
      },
    },
    context: {
      ...(item ? { ledgerEntryReference: item.reference } : {}),
      ...(product === null ? {} : { productReference: product }),
    },
  }
  post(book, {
    ...entry,
    origin: item?.origin ?? 'ledger',
    amountMinor,
    commandId: desk.commandId,
    target: item ? { item } : undefined,
  })
  return entry
}

type BookedShare = ProviderPayment['entries'][number]

/** By what D-25 knows a payment again. A field that is sent empty names nothing: clients fill in what they do not know. */
function providerPaymentOf({ providerName: provider = '', trackingId = '' }: PaymentInput) {
  return provider === '' || trackingId === '' ? undefined : { provider, trackingId }
}

/** D-25: the same payment of a provider is booked once; another amount under its name is a mistake. */
function bookedBefore(book: Book, input: PaymentInput): MatchResult | undefined {
  const named = providerPaymentOf(input)
  const known = named && book.providerPayments.get(paymentKey(named))
  if (!known) return undefined
  if (known.amountMinor !== input.totalMinor || known.currency !== input.currency) {
    throw refuse(
      'invalid_input',
      `payment ${named.trackingId} of ${named.provider} was booked with another amount`,
    )
  }
  const rest = known.entries.filter((entry) => entry.context['ledgerEntryReference'] === undefined)
  return {
    entries: known.entries.map(shownEntry),
    unallocatedMinor: rest.reduce((sum, entry) => sum + Number(entry.details['amount']), 0),
  }
}

function rememberPayment(
  book: Book,
  input: PaymentInput,
  booked: Pick<ProviderPayment, 'firstSeq' | 'entries'>,
): void {
  const named = providerPaymentOf(input)
  if (!named) return
  const key = paymentKey(named)
  if (book.providerPayments.has(key)) return
  const payment = {
    ...named,
    amountMinor: input.totalMinor,
    currency: input.currency,
    ...booked,
    lastSeq: book.account.entrySeq,
  }
  book.journal.put(book.providerPayments, key, payment)
  book.journal.append(book.changes.newProviderPayments, payment)
}
