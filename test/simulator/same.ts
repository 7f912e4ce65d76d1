import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { Outcome } from '../../src/book/index.ts'
import type { MemoryStore, Row } from './memory-store.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const isGenerated = (value: unknown): value is string =>
  typeof value === 'string' && uuid.test(value)

/** Replaces generated ids by the order in which they are first met: two runs that differ in ids alone become equal. */
export class Ids {
  private readonly known = new Map<string, string>()

  plain(value: unknown): unknown {
    if (isGenerated(value)) {
      const name = this.known.get(value) ?? `#${this.known.size + 1}`
      this.known.set(value, name)
      return name
    }
    if (Array.isArray(value)) return value.map((inner) => this.plain(inner))
    if (value === null || typeof value !== 'object') return value
    // Sorted, for ids must be met in the same order whatever the order of the keys.
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([key, inner]) => [key, this.plain(inner)]))
  }
}

export const plain = (value: unknown): unknown => new Ids().plain(value)

/** `expect(…).toEqual` with a fast way out: states are large and nearly always equal. */
export function expectSame(actual: unknown, expected: unknown, what?: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  expect(actual, what).toEqual(expected)
  expect.fail(`${what ?? 'values'} differ in undefined fields or prototypes`)
}

/** An answer as a caller could see it. */
export function shownOutcome(outcome: Outcome): unknown {
  if ('refusal' in outcome)
    return { refused: outcome.refusal.code, message: outcome.refusal.message }
  return { result: outcome.result ?? null }
}

export interface State {
  accounts: Row[]
  account_debtor: Row[]
  product: Row[]
  entry: Row[]
  item: Row[]
  claim: Row[]
  provider_payment: Row[]
  debtor: Row[]
  event: Row[]
}

const times = ['created_at', 'booked_at', 'resolved_at', 'deleted_at', 'updated_at', 'occurred_at']

/** The state of those accounts, claims and debtors whose names start with `prefix`, in an order that ids do not touch. */
export function stateOf(tables: State, prefix: string): unknown {
  const accounts = tables.accounts.filter((row) => nameOf(row).startsWith(prefix))
  const order = new Map(
    accounts
      .sort((a, b) => compare(nameOf(a), nameOf(b)))
      .map((row, index) => [row.account_id, index]),
  )
  const ofAccounts = (rows: Row[], key: (row: Row) => string | number) =>
    rows
      .filter((row) => order.has(row.account_id))
      .sort(
        (a, b) => order.get(a.account_id)! - order.get(b.account_id)! || compare(key(a), key(b)),
      )
  const ofNames = (rows: Row[]) =>
    rows
      .filter((row) => row.reference.startsWith(prefix))
      .sort((a, b) => compare(a.reference, b.reference))
  return plain(
    normal({
      accounts,
      account_debtor: ofAccounts(tables.account_debtor, (row) => row.debtor_reference),
      product: ofAccounts(tables.product, (row) => row.reference),
      entry: ofAccounts(tables.entry, (row) => row.seq),
      item: ofAccounts(tables.item, (row) => row.item_seq),
      claim: ofNames(tables.claim),
      provider_payment: ofAccounts(tables.provider_payment, (row) => row.tracking_id),
      debtor: ofNames(tables.debtor),
      event: tables.event,
    }),
  )
}

export function storeState(store: MemoryStore, prefix = ''): unknown {
  return stateOf(storeTables(store), prefix)
}

export function storeTables(store: MemoryStore): State {
  return {
    accounts: store.account.all(),
    account_debtor: store.account_debtor.all(),
    product: store.product.all(),
    entry: store.entry.all(),
    item: store.item.all(),
    claim: store.claim.all(),
    provider_payment: store.provider_payment.all(),
    debtor: store.debtor.all(),
    event: store.events,
  }
}

/** An account that a claim opened may have a generated name (D-32): its debtor's then stands for it. */
function nameOf(row: Row): string {
  if (!isGenerated(row.reference)) return row.reference as string
  return `${row.auto_debtor_reference}/${row.currency}`
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function normal(tables: Record<string, Row[]>): Record<string, Row[]> {
  const clean = (row: Row) => {
    const { xid: _xid, seq, ...rest } = row
    const made: Row =
      'message_id' in row ? rest : { ...rest, ...(seq === undefined ? {} : { seq }) }
    for (const column of times)
      if (typeof made[column] === 'string') made[column] = Date.parse(made[column])
    return made
  }
  return Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.map(clean)]))
}
