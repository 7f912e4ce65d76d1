import {
  announceBooked,
  type CallContext,
  type ClaimAt,
  type Command,
  conclude,
  type Desk,
  type Json,
  post,
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
  readonly accountReference: string
  readonly amountMinor: number
  readonly type: RefundType
  /** The payments that may go back, the newest first. */
  readonly received: readonly Received[]
}

/**
 * Books money back to the debtor: out of credit that the payments left, then out of what they paid. What a merchant gives
 * back is not asked for again; what the debtor took back is.
 */
export function bookRefund(context: CallContext, refunding: Refunding): Command<void> {
  const { reference, accountReference, received } = refunding
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [accountReference],
      claims: [reference],
      targets: received.map((payment) => payment.reference),
      profile: true,
    },
    decide(desk) {
      const at = desk.findClaim(reference)
      if (!at || at.claim.status === 'PENDING') throw refuse('invoice_not_found')
      const { book, claim } = at
      if (book.account.reference !== accountReference) throw refuse('changed_meanwhile')
      const isMerchants = refunding.type.startsWith('MERCHANT')
      const before = new Map(itemsOf(book, claim).map((item) => [item, item.outstandingMinor]))
      const entries = takeBack(desk, at, refunding)
      for (const [item, minor] of isMerchants ? before : []) {
        const deltaMinor = minor - item.outstandingMinor
        if (deltaMinor === 0) continue
        const booking = { reason: 'REFUND' }
        entries.push(bookMovement(desk, book, { item, deltaMinor, kind: 'adjustment', booking }))
      }
      if (claim.isManaged) announceBooked(desk, book, entries)
      conclude(book, { nowMs: desk.nowMs, reason: 'REFUND', emit: (event) => desk.emit(event) })
    },
  }
}

function takeBack(desk: Desk, { book }: ClaimAt, { amountMinor, received }: Refunding): Json[] {
  const entries: Json[] = []
  let rest = amountMinor
  for (const { reference } of received) {
    const payment = book.entryNamed(reference)
    if (!payment || rest === 0) continue
    const share = Math.min(rest, payment.amountMinor - payment.chargedBackMinor)
    if (share <= 0) continue
    rest -= share
    const entry = {
      reference: newId(),
      kind: 'chargeback' as const,
      createdAtMs: desk.nowMs,
      details: { amount: share, meta: { reason: 'REFUND' } },
      context: { ledgerEntryReference: reference },
    }
    const { commandId } = desk
    const { origin } = payment
    post(book, { ...entry, origin, amountMinor: share, commandId, target: { payment } })
    entries.push(shownEntry(entry))
  }
  if (rest > 0) throw refuse('exceeds_received')
  return entries
}
