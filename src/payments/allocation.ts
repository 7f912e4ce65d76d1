import type { Book, Item } from '../book/index.ts'

export const matchStrategies = [
  'ORDERED_LEDGER_ENTRIES',
  'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES',
  'ACCOUNT_ENTRIES_THEN_ORDERED_INVOICES_WITH_FEES',
  'CUSTOM_ORDERED_FEES',
] as const
export type MatchStrategy = (typeof matchStrategies)[number]

export interface Matching {
  readonly strategy: MatchStrategy
  readonly productReference?: string | undefined
  readonly feeOrder?: readonly string[] | undefined
}

/**
 * D-56: what a payment may pay: open invoices, fees, and account-level adjustments and chargebacks. What belongs to a
 * claim that was resolved by request is left alone.
 */
export function eligibleItems(book: Book, productReference: string | undefined): Item[] {
  const items: Item[] = []
  for (const item of book.items.values()) {
    if (item.outstandingMinor === 0) continue
    const claim = book.claimOf(item)
    if (claim?.isResolvedByRequest || claim?.status === 'DELETED') continue
    if (isOfProduct(item, productReference)) items.push(item)
  }
  return items
}

/** D-60: a product in the payment's context limits it to that product's items; items of none are then left out. */
function isOfProduct(item: Item, productReference: string | undefined): boolean {
  return productReference === undefined || item.productReference === productReference
}

/** D-52: by creation, then the earlier due date, then the booking sequence. */
function byCreation(a: Item, b: Item): number {
  return a.createdAtMs - b.createdAtMs || compareDue(a.dueOn, b.dueOn) || a.seq - b.seq
}

const latest = '9999-12-31'
function compareDue(a: string | null, b: string | null): number {
  const [left, right] = [a ?? latest, b ?? latest]
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** The order in which a payment reaches the items (D-57 … D-59). */
export function allocationOrder(book: Book, items: readonly Item[], matching: Matching): Item[] {
  const sorted = items.toSorted(byCreation)
  const accountEntries = sorted.filter((item) => item.kind !== 'invoice' && item.parentSeq === null)
  switch (matching.strategy) {
    case 'ORDERED_LEDGER_ENTRIES':
      return sorted
    case 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES':
      return [...invoicesWithFees(book, sorted), ...accountEntries]
    case 'ACCOUNT_ENTRIES_THEN_ORDERED_INVOICES_WITH_FEES':
      return [...accountEntries, ...invoicesWithFees(book, sorted)]
    case 'CUSTOM_ORDERED_FEES':
      return customOrder(sorted, matching.feeOrder ?? [])
  }
}

/**
 * D-57, D-58: each invoice, then its own fees, then the next invoice. The other reading (all invoices, then all fees)
 * would be this function's only change. The fees of a paid invoice stand where that invoice would.
 */
function invoicesWithFees(book: Book, sorted: readonly Item[]): Item[] {
  const groups = new Map<Item, Item[]>()
  for (const item of sorted) {
    if (item.kind !== 'invoice' && item.parentSeq === null) continue
    const invoice = item.parentSeq === null ? item : book.item(item.parentSeq)
    const fees = groups.get(invoice) ?? []
    groups.set(invoice, item === invoice ? fees : [...fees, item])
  }
  const isOpen = new Set(sorted)
  return [...groups]
    .toSorted(([a], [b]) => byCreation(a, b))
    .flatMap(([invoice, fees]) => (isOpen.has(invoice) ? [invoice, ...fees] : fees))
}

/** D-59: listed fee types by their place in the list, other fees, invoices, then account-level adjustments. */
function customOrder(sorted: readonly Item[], feeOrder: readonly string[]): Item[] {
  const fees = sorted.filter((item) => item.kind === 'fee')
  const listed = feeOrder.flatMap((type) => fees.filter((fee) => fee.feeType === type))
  const isListed = new Set(listed)
  return [
    ...isListed,
    ...fees.filter((fee) => !isListed.has(fee)),
    ...sorted.filter((item) => item.kind === 'invoice'),
    ...sorted.filter((item) => item.kind === 'adjustment' || item.kind === 'chargeback'),
  ]
}

export interface Share {
  readonly item: Item
  readonly amountMinor: number
}

/** D-61: each item in turn takes what it asks for, until nothing is left. */
export function allocate(
  order: readonly Item[],
  amountMinor: number,
): { shares: Share[]; restMinor: number } {
  const shares: Share[] = []
  let restMinor = amountMinor
  for (const item of order) {
    if (restMinor === 0) break
    const share = Math.min(restMinor, item.outstandingMinor)
    shares.push({ item, amountMinor: share })
    restMinor -= share
  }
  return { shares, restMinor }
}
