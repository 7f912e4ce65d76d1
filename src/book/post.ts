import assert from 'node:assert/strict'
import type { Book } from './book.ts'
import type { Entry, EntryKind, Item, Json, NamedEntry, Origin } from './model.ts'
import { refuse } from './refusals.ts'

/** One entry as a command asks for it; amounts are minor units, an adjustment's is signed. */
export interface EntryOrder {
  readonly reference: string
  readonly kind: EntryKind
  readonly origin: Origin
  readonly amountMinor: number
  readonly createdAtMs: number
  readonly commandId: string
  /** The entry's own words as they are shown again: `<kind>Details` without createdAt, and its context. */
  readonly details: Json
  readonly context: Json
  /** The item that it moves or, for a fee, belongs to. Absent: the account as a whole. */
  readonly target?: Target | undefined
  /** The house account on the other side, where it is not the kind's usual one. */
  readonly house?: string | undefined
  /** What a new item carries. */
  readonly item?: ItemWords | undefined
}

/** `isItemGone`: its item is asked for by nobody any more; what is taken back is owed by the account as a whole. */
export type Target =
  { readonly item: Item } | { readonly payment: NamedEntry; readonly isItemGone?: boolean }

export interface ItemWords {
  readonly reference?: string
  readonly dueOn?: string | null
  readonly feeType?: string | null
  readonly position?: number
}

/** Which way an entry moves money and what it touches; `null` names of ledger accounts make a memo. */
type Transfer = Pick<
  Entry,
  'debit' | 'credit' | 'effect' | 'amountMinor' | 'excessMinor' | 'itemSeq'
>

const creditAccount = 'credit:account'
const itemAccount = (seq: number) => `item:${seq}`

/** Books one entry: a transfer between two ledger accounts, or a memo that moves no money. Answers its sequence. */
export function post(book: Book, order: EntryOrder): number {
  // References of callers were checked by who translates their entry; ours are new by making.
  assert(!book.entries.get(order.reference), 'an entry reference is booked once')
  switch (order.kind) {
    case 'invoice':
    case 'fee':
      return postCharge(book, order)
    case 'payment':
      return postReduction(book, order, `cash:${book.account.currency}`)
    case 'discount':
      return postReduction(book, order, 'discounts')
    case 'adjustment':
      return postAdjustment(book, order)
    case 'chargeback':
      return postChargeback(book, order)
    case 'reporting':
      return postMemo(book, order)
  }
}

/** An invoice or a fee asks for money: it makes an item, also when its amount is 0. */
function postCharge(book: Book, order: EntryOrder): number {
  const seq = nextSeq(book)
  const transfer = {
    debit: itemAccount(seq),
    credit: 'revenue',
    effect: 1 as const,
    excessMinor: 0,
  }
  if (order.amountMinor === 0) appendMemo(book, order, { seq, itemSeq: seq })
  else append(book, order, { ...transfer, amountMinor: order.amountMinor, itemSeq: seq })
  openItem(book, order, seq)
  book.moveItem(book.item(seq), order.amountMinor)
  return seq
}

/**
 * A payment or a discount lowers its target. What the target does not ask for any more becomes credit of the account
 * (D-50); without a target all of it does (D-46).
 */
function postReduction(book: Book, order: EntryOrder, house: string): number {
  if (order.amountMinor === 0) return postMemo(book, order)
  const item = itemOf(order)
  const applied = Math.min(order.amountMinor, item?.outstandingMinor ?? 0)
  const excessMinor = order.amountMinor - applied
  const seq = append(book, order, {
    debit: house,
    credit: item ? itemAccount(item.seq) : creditAccount,
    effect: -1,
    amountMinor: order.amountMinor,
    excessMinor,
    itemSeq: item?.seq ?? null,
  })
  if (item) book.moveItem(item, -applied)
  if (item && order.kind === 'payment') markPaid(book, item, order.amountMinor)
  book.moveCredit(excessMinor)
  return seq
}

/** A signed correction (D-47). Raising without a target makes an account-level item; lowering one makes credit. */
function postAdjustment(book: Book, order: EntryOrder): number {
  if (order.amountMinor === 0) return postMemo(book, order)
  if (order.amountMinor < 0) {
    return postReduction(
      book,
      { ...order, amountMinor: -order.amountMinor },
      order.house ?? 'revenue',
    )
  }
  const item = itemOf(order)
  if (!item) return postCharge(book, order)
  const seq = append(book, order, {
    debit: itemAccount(item.seq),
    credit: 'revenue',
    effect: 1,
    amountMinor: order.amountMinor,
    excessMinor: 0,
    itemSeq: item.seq,
  })
  book.moveItem(item, order.amountMinor)
  return seq
}

/**
 * Money that was taken back (D-48). On an item it restores what is asked for. On a payment it first takes what that
 * payment left as credit, then restores the payment's own target; where it had none, the rest is an account-level item.
 */
function postChargeback(book: Book, order: EntryOrder): number {
  if (order.amountMinor === 0) return postMemo(book, order)
  const named = order.target && 'payment' in order.target ? order.target : undefined
  const payment = named?.payment
  if (payment && payment.chargedBackMinor + order.amountMinor > payment.amountMinor) {
    throw refuse('invalid_input', 'chargebacks exceed the payment they name')
  }
  const fromCredit = payment ? creditToTakeBack(book, payment, order.amountMinor) : 0
  const rest = order.amountMinor - fromCredit
  const item = itemOf(order) ?? (named?.isItemGone ? undefined : itemOfPayment(book, payment))
  const seq = nextSeq(book)
  const itemSeq = rest > 0 ? (item?.seq ?? seq) : null
  append(book, order, {
    debit: itemSeq === null ? creditAccount : itemAccount(itemSeq),
    credit: `cash:${book.account.currency}`,
    effect: 1,
    amountMinor: order.amountMinor,
    excessMinor: fromCredit,
    itemSeq,
  })
  if (itemSeq === seq) openItem(book, order, seq)
  if (itemSeq !== null) book.moveItem(book.item(itemSeq), rest)
  book.moveCredit(-fromCredit)
  if (item) book.receive(item, -order.amountMinor)
  if (payment) rememberChargeback(book, payment, order.amountMinor)
  return seq
}

function creditToTakeBack(book: Book, payment: NamedEntry, amountMinor: number): number {
  const leftAsCredit = Math.max(0, payment.excessMinor - payment.chargedBackMinor)
  return Math.min(amountMinor, leftAsCredit, book.account.creditMinor)
}

function rememberChargeback(book: Book, payment: NamedEntry, amountMinor: number): void {
  const chargedBackMinor = payment.chargedBackMinor + amountMinor
  book.journal.assign(payment, { chargedBackMinor })
}

/** Reporting entries and amounts of 0: kept and shown, moving nothing (D-49). */
function postMemo(book: Book, order: EntryOrder): number {
  return appendMemo(book, order, { seq: nextSeq(book), itemSeq: itemOf(order)?.seq ?? null })
}

function appendMemo(
  book: Book,
  order: EntryOrder,
  at: { seq: number; itemSeq: number | null },
): number {
  const nothing = { debit: null, credit: null, effect: 0 as const, excessMinor: 0 }
  const amountMinor = Math.abs(order.amountMinor)
  book.append(entryOf(order, { ...nothing, amountMinor, itemSeq: at.itemSeq }, at.seq))
  return at.seq
}

function append(book: Book, order: EntryOrder, transfer: Transfer): number {
  const seq = nextSeq(book)
  book.append(entryOf(order, transfer, seq))
  return seq
}

// Field by field: this is done for each entry of a batch, and copying objects whole took a tenth of its time.
function entryOf(order: EntryOrder, transfer: Transfer, seq: number): Entry {
  const { dueDate } = order.details
  return {
    seq,
    reference: order.reference,
    kind: order.kind,
    origin: order.origin,
    debit: transfer.debit,
    credit: transfer.credit,
    effect: transfer.effect,
    amountMinor: transfer.amountMinor,
    excessMinor: transfer.excessMinor,
    itemSeq: transfer.itemSeq,
    dueOn: typeof dueDate === 'string' ? dueDate : null,
    chargedBackMinor: 0,
    details: order.details,
    context: order.context,
    createdAtMs: order.createdAtMs,
    commandId: order.commandId,
  }
}

function openItem(book: Book, order: EntryOrder, seq: number): void {
  const { item = {}, kind } = order
  const parent = kind === 'fee' ? itemOf(order) : undefined
  book.addItem({
    seq,
    kind: kind === 'invoice' || kind === 'fee' || kind === 'chargeback' ? kind : 'adjustment',
    origin: order.origin,
    reference: item.reference ?? order.reference,
    outstandingMinor: 0,
    paidMinor: 0,
    parentSeq: parent?.seq ?? null,
    position: item.position ?? seq,
    isRetired: false,
    feeType: item.feeType ?? null,
    productReference: textOf(order.context['productReference']) ?? parent?.productReference ?? null,
    dueOn: item.dueOn ?? null,
    createdAtMs: order.createdAtMs,
  })
}

function markPaid(book: Book, item: Item, amountMinor: number): void {
  const paidMinor = Math.min(item.paidMinor + amountMinor, Number.MAX_SAFE_INTEGER)
  book.changeItem(item, { paidMinor })
  book.receive(item, amountMinor)
}

function itemOf(order: EntryOrder): Item | undefined {
  return order.target && 'item' in order.target ? order.target.item : undefined
}

function itemOfPayment(book: Book, payment: NamedEntry | undefined): Item | undefined {
  if (!payment || payment.itemSeq === null) return undefined
  return book.item(payment.itemSeq)
}

const nextSeq = (book: Book) => book.account.entrySeq + 1
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
