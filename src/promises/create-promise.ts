import {
  announceTrigger,
  type Book,
  bounded,
  type CallContext,
  type Claim,
  type ClaimAt,
  type Command,
  type Desk,
  endPromise,
  promiseEvent,
  type PromiseToPay,
  refuse,
} from '../book/index.ts'
import { dateIn, endOfDay } from '../kernel/dates.ts'
import { newId } from '../kernel/id.ts'
import type { PromiseData } from './schema.ts'

export interface PromiseInput {
  readonly reference: string
  readonly data: PromiseData
}

/** Notes a promise to pay on an active claim. It takes the place of one that is still open (D-92). */
export function createPromise(context: CallContext, input: PromiseInput): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [input.reference] },
    decide(desk) {
      const at = activeClaim(desk, input.reference)
      const { book, claim } = at
      requirePayable(desk, at, { context, data: input.data })
      endBefore(desk, at)
      const promise = newPromise(desk, { claim, data: input.data, timeZone: context.timeZone })
      book.addPromise(claim, promise)
      desk.emit(promiseEvent(book, claim, { type: 'event.promiseToPay.created', promise }))
      announceTrigger(desk, at, context.triggerName)
    },
  }
}

function activeClaim(desk: Desk, reference: string): ClaimAt {
  const at = desk.findClaim(reference)
  if (!at || at.claim.status === 'PENDING') throw refuse('claim_not_found')
  if (at.claim.status !== 'ACTIVE') throw refuse('claim_not_active')
  return at
}

function requirePayable(
  desk: Desk,
  { book, claim }: ClaimAt,
  { context, data }: { context: CallContext; data: PromiseData },
): void {
  if (data.currency !== book.account.currency) throw refuse('currency_mismatch')
  if (data.amount === 0) throw refuse('invalid_input', 'the promised amount is 0')
  if (data.amount > totalOf(book, claim))
    throw refuse('invalid_input', 'the promised amount is more than the claim asks for')
  if (data.dueDate < dateIn(desk.now, context.timeZone))
    throw refuse('invalid_input', 'the due date is past')
}

const totalOf = (book: Book, claim: Claim) => bounded(book.amountOf(claim), book.feesTotalOf(claim))

function endBefore(desk: Desk, { book, claim }: ClaimAt): void {
  if (!claim.promise) return
  const isOver = desk.nowMs >= claim.promise.expiresAtMs
  endPromise(book, claim, {
    status: isOver ? 'EXPIRED' : 'INVALIDATED',
    nowMs: desk.nowMs,
    emit: (event) => desk.emit(event),
  })
}

// The last day of the calendar ends in a year that no timestamp of ours can say.
const latestMs = Date.parse('9999-12-31T23:59:59.999Z')

function newPromise(
  desk: Desk,
  of: { claim: Claim; data: PromiseData; timeZone: string },
): PromiseToPay {
  const { claim, data, timeZone } = of
  return {
    promiseId: newId(),
    claimId: claim.claimId,
    amountMinor: data.amount,
    currency: data.currency,
    dueOn: data.dueDate,
    expiresAtMs: Math.min(endOfDay(data.dueDate, timeZone).getTime(), latestMs),
    status: 'ACTIVE',
    paidMinor: 0,
    createdAtMs: desk.nowMs,
    endedAtMs: null,
  }
}
