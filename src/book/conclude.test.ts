import { describe, expect, it } from 'vitest'
import { Book } from './book.ts'
import { conclude, resolve } from './conclude.ts'
import { Journal } from './journal.ts'
import type { BookEvent, Claim, ClaimStatus } from './model.ts'
import { type EntryOrder, post } from './post.ts'

/** An account with one invoice of 100 and its claim. */
function bookWithClaim(claimed: Partial<Claim> = {}): { book: Book; claim: Claim } {
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
  const book = new Book({ header, isNew: false }, new Journal())
  const claim: Claim = {
    claimId: 'claim',
    reference: 'INV',
    receeveReference: 'INV-2026-01-31',
    accountId: 'account',
    itemSeq: 1,
    isManaged: true,
    status: 'ACTIVE',
    resolutionReason: null,
    isResolvedByRequest: false,
    originalDueOn: '2026-01-31',
    currentDueOn: '2026-01-31',
    debtorReference: 'D',
    primaryDebtor: {},
    productReference: null,
    portfolioReference: null,
    creditorReference: null,
    paymentReference: null,
    scores: null,
    meta: {},
    frozenMeta: null,
    createdAtMs: 0,
    resolvedAtMs: null,
    deletedAtMs: null,
    ...claimed,
  }
  book.entries.set('INV', undefined)
  add(book, { kind: 'invoice', reference: 'INV' })
  book.addClaim(claim)
  end(book)
  return { book, claim }
}

let made = 0
function add(book: Book, order: Partial<EntryOrder> & Pick<EntryOrder, 'kind'>): void {
  made += 1
  post(book, {
    reference: `E${made}`,
    origin: 'ledger',
    amountMinor: 100,
    createdAtMs: 0,
    commandId: 'command',
    details: {},
    context: {},
    ...order,
  })
}

function end(book: Book): BookEvent[] {
  const events: BookEvent[] = []
  conclude(book, { nowMs: 7, emit: (event) => events.push(event) })
  return events
}

const types = (events: readonly BookEvent[]) => events.map(({ type }) => type)
const target = (book: Book) => ({ target: { item: book.item(1) } })

describe('a command that ends', () => {
  it('says once how far each claim and the account moved, whatever it booked (D-51, D-40)', () => {
    const { book } = bookWithClaim()
    add(book, { kind: 'fee', amountMinor: 30, ...target(book) })
    add(book, { kind: 'payment', amountMinor: 60, ...target(book) })
    add(book, { kind: 'chargeback', amountMinor: 5, ...target(book) })
    const [changed, totals, ...others] = end(book)
    expect(others).toEqual([])
    expect(changed).toMatchObject({
      type: 'event.claimTotalAmount.updated',
      data: { oldAmount: 100, amount: 45, oldTotalFees: 0, totalFees: 30, totalAmount: 75 },
    })
    expect(totals).toMatchObject({
      type: 'event.accountAmountTotalFees.updated',
      data: { amount: 45, totalFees: 30, totalAmount: 75 },
    })
  })

  it('says nothing where all came back to what it was', () => {
    const { book } = bookWithClaim()
    add(book, { kind: 'payment', amountMinor: 60, ...target(book) })
    add(book, { kind: 'chargeback', amountMinor: 60, ...target(book) })
    expect(end(book)).toEqual([])
  })

  it('resolves a claim that principal and fees no longer ask for, and opens it again (D-53, D-68)', () => {
    const { book, claim } = bookWithClaim()
    add(book, { kind: 'fee', amountMinor: 30, ...target(book) })
    add(book, { kind: 'payment', ...target(book) })
    end(book)
    expect(claim.status).toBe('ACTIVE')
    add(book, { kind: 'payment', amountMinor: 30, target: { item: book.feesOf(1)[0]! } })
    expect(types(end(book))).toContain('event.claim.resolved')
    expect(claim).toMatchObject({
      status: 'RESOLVED',
      resolutionReason: 'CLAIM_PAID',
      resolvedAtMs: 7,
    })
    add(book, { kind: 'chargeback', amountMinor: 1, ...target(book) })
    end(book)
    expect(claim).toMatchObject({ status: 'ACTIVE', resolutionReason: null, resolvedAtMs: null })
  })

  it.each([
    ['discount', 100, 'CLAIM_DISCARDED'],
    ['adjustment', -100, 'CLAIM_DISCARDED'],
    ['payment', 100, 'CLAIM_PAID'],
  ] as const)(
    'calls a claim that a %s of %i brought to 0 %s (D-53)',
    (kind, amountMinor, reason) => {
      const { book, claim } = bookWithClaim()
      add(book, { kind, amountMinor, ...target(book) })
      end(book)
      expect(claim.resolutionReason).toBe(reason)
    },
  )

  it('calls a claim paid once anything was paid on it', () => {
    const { book, claim } = bookWithClaim()
    add(book, { kind: 'payment', amountMinor: 1, ...target(book) })
    add(book, { kind: 'discount', amountMinor: 99, ...target(book) })
    end(book)
    expect(claim.resolutionReason).toBe('CLAIM_PAID')
  })

  // Found by random commands: it was CLAIM_DISCARDED in a batch with the discount, and CLAIM_PAID in a batch of its own.
  it('calls a claim discarded that corrections brought to 0 before its debtor came, in whatever batch', () => {
    const { book, claim } = bookWithClaim({ status: 'PENDING', primaryDebtor: null })
    add(book, { kind: 'discount', ...target(book) })
    end(book)
    book.changes.entries.length = 0
    book.changeClaim(claim, { status: 'ACTIVE', primaryDebtor: {} })
    end(book)
    expect(claim).toMatchObject({ status: 'RESOLVED', resolutionReason: 'CLAIM_DISCARDED' })
  })

  it('leaves a claim resolved that was resolved by request (D-53)', () => {
    const { book, claim } = bookWithClaim()
    resolve(book, claim, { reason: 'CLAIM_SOLD', nowMs: 7, isByRequest: true })
    expect(types(end(book))).toEqual(['event.claim.resolved'])
    add(book, { kind: 'chargeback', ...target(book) })
    end(book)
    expect(claim).toMatchObject({ status: 'RESOLVED', resolutionReason: 'CLAIM_SOLD' })
  })

  it.each<ClaimStatus>(['PENDING', 'DELETED'])('leaves a %s claim out of the totals', (status) => {
    const { book } = bookWithClaim({ status })
    expect([book.account.claimsAmountMinor, book.account.outstandingMinor]).toEqual([0, 100])
  })

  it('refuses to ask anything of a deleted claim again (D-73)', () => {
    const { book } = bookWithClaim({ status: 'DELETED' })
    expect(() => add(book, { kind: 'chargeback', ...target(book) })).toThrow(
      expect.objectContaining({ code: 'claim_deleted' }),
    )
  })

  // It took the account's meta of the day where another command of the batch had it loaded.
  it('keeps the snapshot of meta of a resolved claim that is resolved again (D-29)', () => {
    const { book, claim } = bookWithClaim({
      status: 'RESOLVED',
      resolutionReason: 'FRAUDULENT',
      isResolvedByRequest: true,
      frozenMeta: { before: 1 },
    })
    book.profile = {
      paymentReference: null,
      portfolioReference: null,
      meta: { after: 1 },
      scores: [],
      debtors: [],
      products: [],
    }
    resolve(book, claim, { reason: 'CLAIM_PAID', nowMs: 7 })
    expect(claim.frozenMeta).toEqual({ before: 1 })
  })
})
