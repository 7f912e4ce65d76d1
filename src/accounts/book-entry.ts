import {
  type Book,
  type Desk,
  type EntryKind,
  type Json,
  type NamedEntry,
  post,
  refuse,
  type Target,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { type EntryContext, type EntryDetails, entrySchemas } from './schema.ts'

/** A ledger entry in the caller's words, its kind read off the details that it carries. */
export interface EntryInput {
  readonly reference: string
  readonly kind: EntryKind
  readonly details: EntryDetails
  readonly context: EntryContext
}

const kinds = Object.keys(entrySchemas) as EntryKind[]

export function entryInputOf(entry: Json): EntryInput {
  const kind = kinds.find((candidate) => entry[`${candidate}Details`] !== undefined) ?? 'reporting'
  return {
    reference: String(entry['ledgerEntryReference']),
    kind,
    details: entry[`${kind}Details`] as EntryDetails,
    context: entry['context'] as EntryContext,
  }
}

/** The entry as it is shown again: as booked, with its time filled in (D-35). */
export function shownEntry(entry: {
  reference: string
  kind: string
  details: Json
  context: Json
  createdAtMs: number
}): Json {
  return {
    ledgerEntryReference: entry.reference,
    [`${entry.kind}Details`]: { ...entry.details, createdAt: entry.createdAtMs },
    context: entry.context,
  }
}

/**
 * Books entries of one account in the order of the body (D-51). An entry may name one that comes later in the same
 * request: it is booked as soon as that one is.
 */
export function bookEntries(desk: Desk, book: Book, entries: readonly EntryInput[]): void {
  refuseTwice(entries)
  if (!entries.some((entry) => targetReferenceOf(entry) !== undefined)) {
    for (const entry of entries) bookEntry(desk, book, entry)
    return
  }
  let waiting = [...entries]
  while (waiting.length > 0) {
    const later = new Set(waiting.map((entry) => entry.reference))
    const blocked: EntryInput[] = []
    for (const entry of waiting) {
      const target = targetReferenceOf(entry)
      if (target !== undefined && target !== entry.reference && later.has(target))
        blocked.push(entry)
      else {
        bookEntry(desk, book, entry)
        later.delete(entry.reference)
      }
    }
    if (blocked.length === waiting.length)
      throw refuse('entry_not_found', 'entries name each other')
    waiting = blocked
  }
}

function refuseTwice(entries: readonly EntryInput[]): void {
  if (entries.length < 2) return
  const seen = new Set<string>()
  for (const { reference } of entries) {
    if (seen.has(reference)) throw refuse('entry_exists')
    seen.add(reference)
  }
}

function bookEntry(desk: Desk, book: Book, entry: EntryInput): void {
  if (book.entryNamed(entry.reference)) throw refuse('entry_exists')
  if (entry.kind === 'invoice') requireInvoice(desk, book, entry)
  const target = targetOf(book, entry)
  const { createdAt, ...details } = entry.details
  const seq = post(book, {
    reference: entry.reference,
    kind: entry.kind,
    origin: 'ledger',
    amountMinor: entry.details.amount,
    createdAtMs: createdAt ?? desk.nowMs,
    commandId: desk.commandId,
    details,
    context: entry.context as Json,
    target,
    item: { dueOn: entry.details.dueDate ?? null, feeType: entry.details.type ?? null },
  })
  if (entry.kind === 'invoice') openManagedClaim(desk, book, { entry, seq })
  if (entry.kind === 'adjustment' && entry.details.dueDate !== undefined) {
    moveDueDate(book, target, entry.details.dueDate)
  }
}

function requireInvoice(desk: Desk, book: Book, entry: EntryInput): void {
  const { externalDebtorReference } = entry.context
  const isKnown = book.details.debtors.some(
    (debtor) => debtor.reference === externalDebtorReference,
  )
  if (externalDebtorReference !== undefined && !isKnown) throw refuse('debtor_not_found')
  // D-42: claim references are the tenant's, so an invoice may not take one that is a claim elsewhere, deleted or not.
  if (desk.claimHolding(entry.reference)) throw refuse('claim_exists')
}

/** What an entry moves: fees belong to invoices only (D-45), money to anything that can be paid (D-46 … D-48). */
function targetOf(book: Book, entry: EntryInput): Target | undefined {
  const reference = targetReferenceOf(entry)
  if (reference === undefined) return undefined
  const named = book.entryNamed(reference)
  if (!named || named.origin !== 'ledger') throw refuse('entry_not_found')
  if (entry.kind === 'fee' && named.kind !== 'invoice') throw refuse('entry_not_found')
  if (named.kind === 'payment' && entry.kind === 'chargeback')
    return { payment: named, isItemGone: isPaidItemGone(book, named) }
  const item = named.itemSeq === named.seq ? book.items.get(named.seq) : undefined
  if (!item) throw refuse('entry_not_found')
  // What is raised here no claim would show, and what is paid here would pay none: whoever calls must hear of it.
  if (book.isLeftBehind(item)) throw refuse('claim_deleted', 'it began anew without this entry')
  return { item }
}

/** D-73: what a deleted claim was paid and loses again it does not ask for; the account owes it, as with `takeBack`. */
function isPaidItemGone(book: Book, payment: NamedEntry): boolean {
  if (payment.itemSeq === null) return false
  const item = book.item(payment.itemSeq)
  return book.isLeftBehind(item) || book.claimOf(item)?.status === 'DELETED'
}

/** The entry that an entry names. Invoices and reports name none: what their context holds there may be anything. */
function targetReferenceOf({ kind, context }: EntryInput): string | undefined {
  return kind === 'invoice' || kind === 'reporting' ? undefined : context.ledgerEntryReference
}

/** D-47: an adjustment may carry a date, which becomes the claim's current due date. */
function moveDueDate(book: Book, target: Target | undefined, dueOn: string): void {
  if (!target || !('item' in target)) return
  book.changeItem(target.item, { dueOn })
  const claim = book.claimOf(target.item)
  if (claim) book.changeClaim(claim, { currentDueOn: dueOn })
}

/** D-41, D-43, D-44: every invoice is a claim, managed by the ledger; without a debtor it waits for one. */
function openManagedClaim(
  desk: Desk,
  book: Book,
  opened: { entry: EntryInput; seq: number },
): void {
  const { entry, seq } = opened
  const { details } = book
  const dueOn = entry.details.dueDate ?? ''
  const debtorReference =
    entry.context.externalDebtorReference ?? details.debtors[0]?.reference ?? null
  const debtor = debtorReference === null ? null : (desk.debtorData(book, debtorReference) ?? null)
  desk.addClaim(book, {
    claimId: newId(),
    reference: entry.reference,
    receeveReference: `${entry.reference}-${dueOn}`,
    accountId: book.account.accountId,
    itemSeq: seq,
    isManaged: true,
    status: debtor === null ? 'PENDING' : 'ACTIVE',
    resolutionReason: null,
    isResolvedByRequest: false,
    originalDueOn: dueOn,
    currentDueOn: dueOn,
    debtorReference,
    primaryDebtor: debtor,
    productReference: entry.context.productReference ?? null,
    portfolioReference: details.portfolioReference,
    creditorReference: null,
    paymentReference: paymentReferenceOf(book, entry),
    scores: null,
    meta: entry.details.meta ?? {},
    frozenMeta: null,
    createdAtMs: desk.nowMs,
    resolvedAtMs: null,
    deletedAtMs: null,
  })
}

/** D-43: the invoice's own, else its product's, else the account's. */
function paymentReferenceOf(book: Book, entry: EntryInput): string | null {
  const own = entry.details.paymentReference
  if (own !== undefined) return own
  const { products, paymentReference } = book.details
  const product = products.find(({ reference }) => reference === entry.context.productReference)
  const ofProduct = product?.data['paymentReference']
  return typeof ofProduct === 'string' ? ofProduct : paymentReference
}

/** What the book must have loaded before these entries are decided. */
export function entryNeeds(entries: readonly EntryInput[]) {
  const invoices = entries.filter((entry) => entry.kind === 'invoice')
  return {
    entries: entries.map((entry) => entry.reference),
    targets: entries.flatMap((entry) => targetReferenceOf(entry) ?? []),
    claims: invoices.map((entry) => entry.reference),
    profile: invoices.length > 0,
  }
}
