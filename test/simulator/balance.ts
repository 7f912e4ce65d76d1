import { expect } from 'vitest'
import type { MemoryStore, Row } from './memory-store.ts'

/** Every stored amount of the store is what its entries make it. */
export function assertStoreBalances(store: MemoryStore): void {
  const claims = new Map<string, Row[]>()
  for (const claim of store.claim.all())
    claims.set(claim.account_id, [...(claims.get(claim.account_id) ?? []), claim])
  for (const account of store.account.all()) {
    const entries = [...store.entry.part(account.account_id).values()]
    const items = [...store.item.part(account.account_id).values()]
    assertEntries(entries)
    assertItems(items, entries)
    expect(
      sum(entries, (e) => -e.effect * e.excess_minor),
      'credit',
    ).toBe(account.credit_minor)
    expect(
      sum(items, (i) => i.outstanding_minor),
      'outstanding',
    ).toBe(account.outstanding_minor)
    expect(entries.map((e) => e.seq)).toEqual(entries.map((_, index) => index + 1))
    expect(account.entry_seq).toBe(entries.length)
    assertClaims(account, claims.get(account.account_id) ?? [], items)
  }
}

/** Each entry is a transfer of two legs or a memo, and all together add up to nothing over the ledger accounts. */
function assertEntries(entries: Row[]): void {
  const balances = new Map<string, bigint>()
  const move = (name: string, by: number) =>
    balances.set(name, (balances.get(name) ?? 0n) + BigInt(by))
  for (const entry of entries) {
    if (entry.effect === 0) {
      expect([entry.debit, entry.credit, entry.excess_minor]).toEqual([null, null, 0])
      continue
    }
    expect(entry.debit).not.toBe(entry.credit)
    move(entry.debit, entry.amount_minor)
    move(entry.credit, -entry.amount_minor)
    // Without an item all of it is credit, and on an item only what it does not take.
    const isOnItem = entry.item_seq !== null
    expect(isOnItem || entry.excess_minor === entry.amount_minor, JSON.stringify(entry)).toBe(true)
    const own = isOnItem ? `item:${entry.item_seq}` : 'credit:account'
    expect(entry.effect === 1 ? entry.debit : entry.credit).toBe(own)
  }
  const total = [...balances.values()].reduce((all, one) => all + one, 0n)
  expect(total).toBe(0n)
}

function assertItems(items: Row[], entries: Row[]): void {
  for (const item of items) {
    const own = entries.filter((entry) => entry.item_seq === item.item_seq)
    const applied = sum(own, (e) => e.effect * (e.amount_minor - e.excess_minor))
    expect(item.outstanding_minor, `item ${item.reference}`).toBe(applied)
    const paid = sum(
      own.filter((entry) => entry.kind === 'payment'),
      (e) => e.amount_minor,
    )
    expect(item.paid_minor).toBe(Math.min(paid, Number.MAX_SAFE_INTEGER))
  }
}

function assertClaims(account: Row, claims: Row[], items: Row[]): void {
  let amount = 0
  let fees = 0
  for (const claim of claims) {
    const principal = items.find((item) => item.item_seq === claim.item_seq)!
    const ownFees = items.filter((item) => item.parent_seq === claim.item_seq)
    const total = principal.outstanding_minor + sum(ownFees, (item) => item.outstanding_minor)
    expect(principal).toMatchObject({
      kind: 'invoice',
      parent_seq: null,
      reference: claim.reference,
    })
    if (claim.status === 'ACTIVE') expect(total, claim.reference).toBeGreaterThan(0)
    if (claim.status === 'DELETED') expect(total, claim.reference).toBe(0)
    if (claim.status === 'RESOLVED' && claim.is_managed && !claim.is_resolved_by_request)
      expect(total, claim.reference).toBe(0)
    if (claim.status !== 'ACTIVE' && claim.status !== 'RESOLVED') continue
    amount += principal.outstanding_minor
    fees += sum(ownFees, (item) => item.outstanding_minor)
  }
  expect(account.claims_amount_minor, 'claims amount').toBe(amount)
  expect(account.claims_fees_minor, 'claims fees').toBe(fees)
}

function sum(rows: Row[], of: (row: Row) => number): number {
  // Sums on the way may be larger than what a number keeps exactly.
  return Number(rows.reduce((total, row) => total + BigInt(of(row)), 0n))
}
