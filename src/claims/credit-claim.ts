import {
  announceBooked,
  announceTrigger,
  type Book,
  type CallContext,
  type Claim,
  type Command,
  conclude,
  type Desk,
  type EntryKind,
  type Item,
  type Json,
  post,
  refuse,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { bookMovement, type Booking, bucketName, bucketsOf } from './amounts.ts'
import type { CreditData, DebitData } from './schema.ts'
import { liveClaim } from './update-claim.ts'

export interface CreditInput {
  readonly reference: string
  readonly data: CreditData
}

export interface Credited {
  /** What the claim did not ask for any more (D-80). */
  readonly overpaidMinor: number
}

const kinds = { PAYMENT: 'payment', DISCOUNT: 'discount', ADJUSTMENT: 'adjustment' } as const

/** Lowers what a claim asks for; at 0 it is resolved. More than it asks for is never an error (D-79, D-80, D-81). */
export function creditClaim(context: CallContext, input: CreditInput): Command<Credited> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [input.reference] },
    decide(desk) {
      const { book, claim } = liveClaim(desk, input.reference)
      if (input.data.currency !== book.account.currency) throw refuse('currency_mismatch')
      const result = bookCredit(desk, book, { context, claim, data: input.data })
      announceTrigger(desk, { book, claim }, context.triggerName)
      return result
    },
  }
}

function bookCredit(
  desk: Desk,
  book: Book,
  credit: { context: CallContext; claim: Claim; data: CreditData },
): Credited {
  const { context, claim, data } = credit
  const kind: EntryKind = kinds[data.creditType ?? 'PAYMENT']
  const { shares, overpaidMinor } = sharesOf(book, claim, { data, context })
  const booking = bookingOf(data)
  const entries = shares
    .filter((share) => share.amountMinor > 0)
    .map(({ item, amountMinor }) =>
      bookMovement(desk, book, { item, deltaMinor: -amountMinor, kind, booking }),
    )
  if (overpaidMinor > 0 && kind === 'payment') {
    entries.push(bookRest(desk, book, { claim, amountMinor: overpaidMinor, booking }))
  }
  if (claim.isManaged) announceBooked(desk, book, entries)
  // An overpayment of a claim that asks for nothing any more is still told (D-80).
  if (overpaidMinor > 0) book.touch(claim)
  conclude(book, {
    nowMs: desk.nowMs,
    reason: data.creditType ?? 'PAYMENT',
    details: {
      originator: data.originator,
      ...(overpaidMinor > 0 ? { overpaidAmount: overpaidMinor } : {}),
      ...contextOf(data),
    },
    emit: (event) => desk.emit(event),
  })
  return { overpaidMinor }
}

interface Shares {
  readonly shares: { item: Item; amountMinor: number }[]
  readonly overpaidMinor: number
}

/**
 * What each part of the claim takes. Without `fees` the amount pays fees and principal in the order of priority (D-79);
 * with `fees` it pays the principal, and the fees what is named for them, unknown names left out (9.4.2).
 */
function sharesOf(
  book: Book,
  claim: Claim,
  call: { data: CreditData; context: CallContext },
): Shares {
  const { data, context } = call
  const principal = book.item(claim.itemSeq)
  const fees = book.feesOf(claim.itemSeq)
  if (data.fees === undefined) {
    const priority = data.paymentDistributionPriority ?? context.switches.creditPriority
    const order = priority === 'FEES_FIRST' ? [...fees, principal] : [principal, ...fees]
    return spread(order, data.amount)
  }
  const parts = [spread([principal], data.amount)]
  if (typeof data.fees === 'number') parts.push(spread(fees, data.fees))
  else {
    // A bucket that is named twice takes both together; each alone would take what the other took already.
    for (const [name, amount] of bucketsOf({ fees: data.fees })) {
      const named = fees.filter((fee) => bucketName(claim, fee) === name)
      if (named.length > 0) parts.push(spread(named, amount))
    }
  }
  return {
    shares: parts.flatMap((part) => part.shares),
    overpaidMinor: parts.reduce((sum, part) => sum + part.overpaidMinor, 0),
  }
}

function spread(order: readonly Item[], amountMinor: number): Shares {
  let rest = amountMinor
  const shares = order.map((item) => {
    const share = Math.min(rest, item.outstandingMinor)
    rest -= share
    return { item, amountMinor: share }
  })
  return { shares, overpaidMinor: rest }
}

/** Money beyond what the claim asks for stays with the account as credit. */
function bookRest(
  desk: Desk,
  book: Book,
  rest: { claim: Claim; amountMinor: number; booking: Booking },
): Json {
  const { claim, amountMinor, booking } = rest
  const reference = newId()
  const createdAtMs = booking.createdAtMs ?? desk.nowMs
  const details = {
    amount: amountMinor,
    ...(booking.meta === undefined ? {} : { meta: booking.meta }),
  }
  post(book, {
    reference,
    kind: 'payment',
    origin: claim.isManaged ? 'ledger' : 'claim',
    amountMinor,
    createdAtMs,
    commandId: desk.commandId,
    details,
    context: {},
  })
  // It was paid for this claim, whoever has it now (D-91).
  book.receive(book.item(claim.itemSeq), amountMinor)
  return {
    ledgerEntryReference: reference,
    paymentDetails: { ...details, createdAt: createdAtMs },
    context: {},
  }
}

export function bookingOf(data: CreditData | DebitData): Booking {
  return {
    createdAtMs: data.date,
    meta: {
      originator: data.originator,
      ...(data.descriptionText === undefined ? {} : { descriptionText: data.descriptionText }),
      ...contextOf(data),
    },
  }
}

function contextOf(data: CreditData | DebitData): Json {
  return data.context === undefined ? {} : { context: data.context }
}
