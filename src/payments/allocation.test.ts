import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Book } from '../book/book.ts'
import { Journal } from '../book/journal.ts'
import type { Item } from '../book/model.ts'
import { allocate, allocationOrder, eligibleItems, matchStrategies } from './allocation.ts'

function item(seq: number, more: Partial<Item> = {}): Item {
  return {
    seq,
    kind: 'invoice',
    origin: 'ledger',
    reference: `I${seq}`,
    outstandingMinor: 100,
    paidMinor: 0,
    parentSeq: null,
    position: seq,
    isRetired: false,
    feeType: null,
    productReference: null,
    dueOn: null,
    createdAtMs: 0,
    ...more,
  }
}

function bookOf(...items: Item[]): Book {
  const header = {
    accountId: 'account',
    reference: 'A',
    currency: 'EUR',
    autoDebtorReference: null,
    entrySeq: items.length,
    creditMinor: 0,
    outstandingMinor: 0,
    claimsAmountMinor: 0,
    claimsFeesMinor: 0,
  }
  const book = new Book({ header, isNew: false }, new Journal())
  for (const one of items) book.load(one)
  return book
}

const orderOf = (book: Book, strategy: (typeof matchStrategies)[number], feeOrder?: string[]) =>
  allocationOrder(book, eligibleItems(book, undefined), { strategy, feeOrder }).map(
    ({ seq }) => seq,
  )

describe('the order of items', () => {
  it('is by creation, then the earlier due date, then the booking sequence (D-52)', () => {
    const book = bookOf(
      item(1, { createdAtMs: 2 }),
      item(2, { createdAtMs: 1, dueOn: '2026-02-01' }),
      item(3, { createdAtMs: 1, dueOn: '2026-01-01' }),
      item(4, { createdAtMs: 1 }),
      item(5, { createdAtMs: 1 }),
    )
    expect(orderOf(book, 'ORDERED_LEDGER_ENTRIES')).toEqual([3, 2, 4, 5, 1])
  })

  it('keeps the fees of a paid invoice where that invoice would stand (D-57)', () => {
    const book = bookOf(
      item(1, { outstandingMinor: 0 }),
      item(2, { createdAtMs: 1 }),
      item(3, { kind: 'fee', parentSeq: 1, createdAtMs: 5 }),
      item(4, { kind: 'fee', createdAtMs: 0 }),
    )
    const strategy = 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES'
    expect(orderOf(book, strategy)).toEqual([3, 2, 4])
    expect(orderOf(book, 'ACCOUNT_ENTRIES_THEN_ORDERED_INVOICES_WITH_FEES')).toEqual([4, 3, 2])
  })

  it('takes a fee type that is listed twice once (D-59)', () => {
    const book = bookOf(item(1, { kind: 'fee', feeType: 'X' }), item(2, { kind: 'fee' }), item(3))
    expect(orderOf(book, 'CUSTOM_ORDERED_FEES', ['X', 'Y', 'X'])).toEqual([1, 2, 3])
  })

  it('names every item once, whatever the strategy', () => {
    const kind = fc.constantFrom('invoice' as const, 'fee' as const, 'adjustment' as const)
    const shape = fc.record({
      kind,
      createdAtMs: fc.nat(3),
      hasParent: fc.boolean(),
      feeType: fc.constantFrom('X', 'Y', null),
    })
    const shapes = fc.array(shape, { maxLength: 12 })
    fc.assert(
      fc.property(shapes, fc.constantFrom(...matchStrategies), (made, strategy) => {
        const others = made.map(({ hasParent, ...more }, index) => {
          const parentSeq = more.kind === 'fee' && hasParent ? 1 : null
          return item(index + 2, { ...more, parentSeq })
        })
        const seqs = orderOf(bookOf(item(1), ...others), strategy, ['Y'])
        expect(seqs.toSorted((a, b) => a - b)).toEqual([1, ...others.map(({ seq }) => seq)])
      }),
    )
  })
})

describe('eligible items', () => {
  it('ask for something and are of the payment’s product where it names one (D-56, D-60)', () => {
    const book = bookOf(
      item(1, { productReference: 'P' }),
      item(2),
      item(3, { productReference: 'P', outstandingMinor: 0 }),
    )
    expect(eligibleItems(book, 'P').map(({ seq }) => seq)).toEqual([1])
    expect(eligibleItems(book, undefined).map(({ seq }) => seq)).toEqual([1, 2])
  })
})

describe('allocation (D-61)', () => {
  it('gives each item in turn what it asks for and keeps every cent', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 20 })
    fc.assert(
      fc.property(amounts, fc.nat(12_000), (asked, amountMinor) => {
        const items = asked.map((outstandingMinor, index) => item(index + 1, { outstandingMinor }))
        const { shares, restMinor } = allocate(items, amountMinor)
        const shared = shares.reduce((sum, share) => sum + share.amountMinor, 0)
        expect(shared + restMinor).toBe(amountMinor)
        expect(shares.map((share) => share.item)).toEqual(items.slice(0, shares.length))
        for (const { item: paid, amountMinor: share } of shares.slice(0, -1))
          expect(share).toBe(paid.outstandingMinor)
        for (const share of shares) expect(share.amountMinor).toBeGreaterThan(0)
        if (restMinor > 0) expect(shares).toHaveLength(items.length)
      }),
    )
  })
})
