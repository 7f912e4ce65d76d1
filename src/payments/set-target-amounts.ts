import {
  announceBooked,
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type EntryKind,
  type Item,
  type Json,
  post,
  refuse,
} from '../book/index.ts'
import { announceAccountTrigger, shownEntry, triggerNeeds } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'

export interface TargetAmount {
  readonly ledgerEntryReference: string
  readonly amount: number
  readonly reason: string
  readonly meta: Json
}

export interface TargetAmounts {
  readonly accountReference: string
  readonly ledgerEntries: readonly TargetAmount[]
}

/**
 * Brings invoices and fees to the amounts that the caller names, by payments, chargebacks and adjustments (D-67). All
 * steps are worked out first: one that goes the wrong way refuses them all. Each claim changes once.
 */
export function setTargetAmounts(context: CallContext, input: TargetAmounts): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [input.accountReference],
      targets: [...new Set(input.ledgerEntries.map((step) => step.ledgerEntryReference))],
      ...triggerNeeds(context),
    },
    decide(desk) {
      const book = desk.account(input.accountReference)
      const booked = input.ledgerEntries.map((step) => bookStep(desk, book, step))
      const entries = booked.filter((entry) => entry !== undefined)
      announceBooked(desk, book, entries)
      const reason = input.ledgerEntries.at(-1)?.reason
      conclude(book, { nowMs: desk.nowMs, reason, emit: (event) => desk.emit(event) })
      announceAccountTrigger(desk, book, context)
    },
  }
}

function bookStep(desk: Desk, book: Book, step: TargetAmount): Json | undefined {
  const item = itemNamed(book, step.ledgerEntryReference)
  const delta = step.amount - item.outstandingMinor
  if (delta === 0) return undefined
  const kind = kindFor(step.reason, delta)
  const amountMinor = kind === 'adjustment' ? delta : Math.abs(delta)
  const entry = {
    reference: newId(),
    kind,
    createdAtMs: desk.nowMs,
    details: {
      amount: amountMinor,
      ...(kind === 'adjustment' ? { reason: step.reason } : {}),
      meta: step.meta,
    },
    context: {
      ledgerEntryReference: step.ledgerEntryReference,
      ...(item.productReference === null ? {} : { productReference: item.productReference }),
    },
  }
  post(book, {
    ...entry,
    origin: 'ledger',
    amountMinor,
    commandId: desk.commandId,
    target: { item },
  })
  return shownEntry(entry)
}

/** Reasons are case-sensitive; a payment only lowers, a chargeback only raises. */
function kindFor(reason: string, delta: number): EntryKind {
  if (reason === 'PAYMENT') {
    if (delta > 0) throw refuse('wrong_direction')
    return 'payment'
  }
  if (reason === 'CHARGEBACK') {
    if (delta < 0) throw refuse('wrong_direction')
    return 'chargeback'
  }
  return 'adjustment'
}

function itemNamed(book: Book, reference: string): Item {
  const entry = book.entryNamed(reference)
  const isCharge = entry?.origin === 'ledger' && (entry.kind === 'invoice' || entry.kind === 'fee')
  if (!entry || !isCharge) throw refuse('entry_not_found')
  return book.item(entry.seq)
}
