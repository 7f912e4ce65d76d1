import { describe, expect, it } from 'vitest'
import { Book } from './book.ts'
import { Journal } from './journal.ts'
import type { Entry } from './model.ts'
import { type EntryOrder, post } from './post.ts'

function newBook(): Book {
  const header = {
    accountId: 'account',
    reference: 'A',
    currency: 'EUR',
    autoDebtorReference: null,
    entrySeq: 0,
    creditMinor: 0,
    outstandingMinor: 0,
    claimsAmountMinor: 0,
    claimsFeesMinor: 0,
  }
  return new Book({ header, isNew: true }, new Journal())
}

let made = 0
/** Books an entry and answers it; its reference is its own. */
function booked(book: Book, order: Partial<EntryOrder> & Pick<EntryOrder, 'kind'>): Entry {
  made += 1
  const seq = post(book, {
    reference: `E${made}`,
    origin: 'ledger',
    amountMinor: 100,
    createdAtMs: 0,
    commandId: 'command',
    details: {},
    context: {},
    ...order,
  })
  return book.changes.entries[seq - 1]!
}

const legs = ({ debit, credit, effect, amountMinor, excessMinor, itemSeq }: Entry) => ({
  transfer: `${debit} <- ${credit}`,
  effect,
  amountMinor,
  excessMinor,
  itemSeq,
})
const stands = (book: Book) => [book.account.outstandingMinor, book.account.creditMinor]
const named = (book: Book, entry: Entry) => book.entryNamed(entry.reference)!

describe('an invoice or a fee', () => {
  it('is a debit of its item against revenue', () => {
    const book = newBook()
    const invoice = booked(book, { kind: 'invoice', amountMinor: 500 })
    expect(legs(invoice)).toEqual({
      transfer: 'item:1 <- revenue',
      effect: 1,
      amountMinor: 500,
      excessMinor: 0,
      itemSeq: 1,
    })
    const fee = booked(book, { kind: 'fee', target: { item: book.item(1) } })
    expect(book.item(fee.seq)).toMatchObject({ kind: 'fee', parentSeq: 1, outstandingMinor: 100 })
    expect(stands(book)).toEqual([600, 0])
  })

  it('of nothing is a memo, and an item all the same', () => {
    const book = newBook()
    const invoice = booked(book, { kind: 'invoice', amountMinor: 0 })
    expect(legs(invoice)).toMatchObject({ transfer: 'null <- null', effect: 0, itemSeq: 1 })
    expect(book.item(1).outstandingMinor).toBe(0)
  })
})

describe('a payment or a discount', () => {
  it('lowers its item, and what is too much becomes credit of the account (D-50)', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: 70 })
    const payment = booked(book, { kind: 'payment', target: { item: book.item(1) } })
    expect(legs(payment)).toEqual({
      transfer: 'cash:EUR <- item:1',
      effect: -1,
      amountMinor: 100,
      excessMinor: 30,
      itemSeq: 1,
    })
    expect(book.item(1)).toMatchObject({ outstandingMinor: 0, paidMinor: 100 })
    expect(stands(book)).toEqual([0, 30])
  })

  it('without a target is credit of the account (D-46)', () => {
    const book = newBook()
    const payment = booked(book, { kind: 'payment' })
    expect(legs(payment)).toMatchObject({
      transfer: 'cash:EUR <- credit:account',
      excessMinor: 100,
      itemSeq: null,
    })
    expect(stands(book)).toEqual([0, 100])
  })

  it('as a discount is no money: it leaves what was paid alone', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: 250 })
    const discount = booked(book, { kind: 'discount', target: { item: book.item(1) } })
    expect(legs(discount).transfer).toBe('discounts <- item:1')
    expect(book.item(1)).toMatchObject({ outstandingMinor: 150, paidMinor: 0 })
  })
})

describe('an adjustment (D-47)', () => {
  it('moves its target up and down', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: 100 })
    const target = { item: book.item(1) }
    const up = booked(book, { kind: 'adjustment', amountMinor: 40, target })
    const down = booked(book, { kind: 'adjustment', amountMinor: -90, target })
    expect([legs(up).transfer, legs(down).transfer]).toEqual([
      'item:1 <- revenue',
      'revenue <- item:1',
    ])
    expect(down.amountMinor).toBe(90)
    expect(stands(book)).toEqual([50, 0])
  })

  it('without a target makes an item or credit', () => {
    const book = newBook()
    booked(book, { kind: 'adjustment', amountMinor: 40 })
    booked(book, { kind: 'adjustment', amountMinor: -15 })
    expect(book.item(1)).toMatchObject({ kind: 'adjustment', outstandingMinor: 40 })
    expect(stands(book)).toEqual([40, 15])
  })

  it('of nothing is a memo', () => {
    const book = newBook()
    const entry = booked(book, { kind: 'adjustment', amountMinor: 0 })
    expect(legs(entry)).toMatchObject({ transfer: 'null <- null', itemSeq: null })
  })
})

describe('a chargeback (D-48)', () => {
  it('raises its item without a cap', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: 10 })
    const entry = booked(book, { kind: 'chargeback', target: { item: book.item(1) } })
    expect(legs(entry).transfer).toBe('item:1 <- cash:EUR')
    expect(book.item(1).outstandingMinor).toBe(110)
  })

  it('of a payment takes its credit first, then restores what it paid', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: 70 })
    const payment = booked(book, { kind: 'payment', target: { item: book.item(1) } })
    const entry = booked(book, {
      kind: 'chargeback',
      amountMinor: 50,
      target: { payment: named(book, payment) },
    })
    expect(legs(entry)).toMatchObject({ transfer: 'item:1 <- cash:EUR', excessMinor: 30 })
    expect(stands(book)).toEqual([20, 0])
  })

  it('of a payment without a target whose credit is there takes only credit', () => {
    const book = newBook()
    const payment = booked(book, { kind: 'payment' })
    const target = { payment: named(book, payment) }
    const entry = booked(book, { kind: 'chargeback', target })
    expect(legs(entry)).toMatchObject({ transfer: 'credit:account <- cash:EUR', itemSeq: null })
    expect(stands(book)).toEqual([0, 0])
  })

  it('never takes back more than the payment was, and a refusal leaves nothing', () => {
    const book = newBook()
    const payment = booked(book, { kind: 'payment' })
    const target = { payment: named(book, payment) }
    booked(book, { kind: 'chargeback', amountMinor: 60, target })
    const mark = book.journal.mark()
    const before = JSON.stringify([book.account, book.changes.entries])
    expect(() => booked(book, { kind: 'chargeback', amountMinor: 41, target })).toThrow(
      expect.objectContaining({ code: 'invalid_input' }),
    )
    book.journal.rollBack(mark)
    expect(JSON.stringify([book.account, book.changes.entries])).toBe(before)
    booked(book, { kind: 'chargeback', amountMinor: 40, target })
    expect(stands(book)).toEqual([0, 0])
  })
})

describe('the book', () => {
  it('keeps a reporting entry without moving money (D-49)', () => {
    const book = newBook()
    const entry = booked(book, { kind: 'reporting' })
    expect(legs(entry)).toMatchObject({ transfer: 'null <- null', effect: 0, amountMinor: 100 })
    expect(stands(book)).toEqual([0, 0])
  })

  it('refuses what it could not keep exactly', () => {
    const book = newBook()
    booked(book, { kind: 'invoice', amountMinor: Number.MAX_SAFE_INTEGER })
    expect(() => booked(book, { kind: 'invoice', amountMinor: 1 })).toThrow(
      expect.objectContaining({ code: 'amount_out_of_range' }),
    )
  })

  it('books a reference once', () => {
    const book = newBook()
    booked(book, { kind: 'payment', reference: 'R' })
    expect(() => booked(book, { kind: 'payment', reference: 'R' })).toThrow('is booked once')
  })
})
