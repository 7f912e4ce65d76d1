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
  type Json,
  refuse,
} from '../book/index.ts'
import { bookBucket, bookMovement, bucketName } from './amounts.ts'
import { bookingOf } from './credit-claim.ts'
import type { DebitData } from './schema.ts'
import { settleStatus } from './status.ts'
import { liveClaim } from './update-claim.ts'

export interface DebitInput {
  readonly reference: string
  readonly data: DebitData
}

/** Raises what a claim asks for. A resolved claim stays resolved unless its status is asked for anew (D-69, D-81). */
export function debitClaim(context: CallContext, input: DebitInput): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [input.reference] },
    decide(desk) {
      const { data } = input
      const { book, claim } = liveClaim(desk, input.reference)
      if (data.currency !== book.account.currency) throw refuse('currency_mismatch')
      const entries = bookDebit(desk, book, { claim, data })
      if (claim.isManaged) announceBooked(desk, book, entries)
      const isForced = data.options?.forceAmountCheck ?? false
      settleStatus(book, claim, { isForced, reason: undefined, nowMs: desk.nowMs })
      conclude(book, {
        nowMs: desk.nowMs,
        reason: data.debitType ?? 'DEBIT',
        details: {
          originator: data.originator,
          ...(data.context === undefined ? {} : { context: data.context }),
        },
        emit: (event) => desk.emit(event),
      })
      announceTrigger(desk, { book, claim }, context.triggerName)
    },
  }
}

/** The amount goes to the principal; fees add to the bucket of their exact name or make it (9.4.2, D-82). */
function bookDebit(desk: Desk, book: Book, debit: { claim: Claim; data: DebitData }): Json[] {
  const { claim, data } = debit
  const kind: EntryKind = data.debitType === 'CHARGEBACK' ? 'chargeback' : 'adjustment'
  const booking = { ...bookingOf(data), reason: data.debitType ?? 'DEBIT' }
  const entries: Json[] = []
  if (data.amount > 0) {
    const item = book.item(claim.itemSeq)
    entries.push(bookMovement(desk, book, { item, deltaMinor: data.amount, kind, booking }))
  }
  const fees =
    typeof data.fees === 'number' ? [{ name: 'fees', amount: data.fees }] : (data.fees ?? [])
  const bucketNamed = (name: string) =>
    book.feesOf(claim.itemSeq).find((fee) => bucketName(claim, fee) === name)
  for (const { name, amount } of fees) {
    if (!bucketNamed(name)) {
      const last = book.feesOf(claim.itemSeq).at(-1)
      // Money that was taken back is no new fee: its bucket begins empty (D-91).
      const amountMinor = kind === 'chargeback' ? 0 : amount
      const position = (last?.position ?? 0) + 1
      entries.push(bookBucket(desk, book, { claim, name, amountMinor, position, booking }))
      if (amountMinor === amount) continue
    }
    const item = bucketNamed(name)
    if (!item || amount === 0) continue
    if (item.isRetired) book.changeItem(item, { isRetired: false })
    entries.push(bookMovement(desk, book, { item, deltaMinor: amount, kind, booking }))
  }
  return entries
}
