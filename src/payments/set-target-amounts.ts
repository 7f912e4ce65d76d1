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

type BookEvent = Parameters<Desk['emit']>[0]

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
      const reasons = reasonsOf(book, input.ledgerEntries)
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(explained(event, reasons)) })
      announceAccountTrigger(desk, book, context)
    },
  }
}

/** Why each claim changed, by its reference: the last step that names its invoice or one of its fees says it (D-67). */
function reasonsOf(book: Book, steps: readonly TargetAmount[]): Map<string, string> {
  const reasons = new Map<string, string>()
  for (const { ledgerEntryReference, reason } of steps) {
    const claim = book.claimOf(itemNamed(book, ledgerEntryReference))
    if (claim) reasons.set(claim.reference, reason)
  }
  return reasons
}

/** A conclusion knows one reason for all claims; here each has its own. */
function explained(event: BookEvent, reasons: ReadonlyMap<string, string>): BookEvent {
  if (event.type !== 'event.claimTotalAmount.updated') return event
  return { ...event, data: { ...event.data, reason: reasons.get(String(event.data['claimRef'])) } }
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
  const item = book.item(entry.seq)
  // Its amount says nothing of the claim that began anew, which is not the ledger's (D-78).
  if (book.isLeftBehind(item)) throw refuse('claim_deleted', 'it began anew without this entry')
  return item
}
