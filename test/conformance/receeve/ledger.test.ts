import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, world } from '../../world.ts'
import {
  accountOf,
  adjustment,
  balanceOf,
  book,
  chargeback,
  claim,
  claimOf,
  claimsOf,
  deleteClaim,
  discount,
  done,
  eventsDuring,
  fee,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  payment,
  reasonOf,
  refusedWith,
  reporting,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const t = (day: number) => Date.UTC(2026, 0, day)

describe('entries', () => {
  test('D-35: all seven kinds come back as booked, oldest first, with createdAt filled in', async () => {
    const tenant = await it.tenant()
    const meta = { source: 'bank' }
    const context = { productReference: 'P' }
    const entries = [
      invoice('I', 900, {
        paymentReference: 'RF1',
        meta,
        context: { ...context, externalDebtorReference: 'D' },
        createdAt: t(1),
      }),
      fee('F', 80, 'I', { type: 'COLLECTION_FEE', meta, context, createdAt: t(2) }),
      payment('P', 100, 'I', {
        paymentReference: 'RF2',
        paymentProvider: 'trustly',
        meta,
        context,
      }),
      adjustment('A', -20, 'I', { reason: 'goodwill', dueDate: '2026-02-28', meta, context }),
      chargeback('C', 30, 'I', { meta, context, createdAt: t(5) }),
      discount('X', 10, 'I', { meta, context }),
      reporting('R', 5, undefined, { meta, context }),
    ]
    await openAccount(tenant, [], { products: [{ productReference: 'P' }] })
    expect((await book(tenant, ...entries)).success).toBe(true)
    const filledIn = entries.map((entry) => {
      const kind = Object.keys(entry).find((key) => key.endsWith('Details'))!
      const details = (entry as Record<string, Loose>)[kind]
      return { ...entry, [kind]: { createdAt: it.now.getTime(), ...details } }
    })
    expect((await accountOf(tenant)).ledgerEntries).toEqual(filledIn)
  })

  test('D-24: a reference that was booked before is refused with 4007, even the same entry', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 1)])
    const refused = refusedWith(parameterError(4007, 'Already defined ledger entry'))
    expect(await book(tenant, payment('OK', 1), invoice('I', 1))).toEqual(refused)
    expect((await accountOf(tenant)).ledgerEntries).toHaveLength(1)
  })

  test('D-42: an invoice may not take the reference of any claim elsewhere, deleted ones too', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await tenant.post('create_claims', { LIVE: claim(1), GONE: claim(1) })
    await deleteClaim(tenant, 'GONE')
    const body = { B: { currency: 'EUR', ledgerEntries: [invoice('WAITS', 1)] } }
    await done(tenant, { operation: 'create_accounts', body, key: 'B' })
    const refused = refusedWith(parameterError(4002, 'Claim already exists in the system'))
    for (const taken of ['LIVE', 'GONE', 'WAITS']) {
      expect(await book(tenant, payment(`P-${taken}`, 1), invoice(taken, 1))).toEqual(refused)
    }
    expect((await accountOf(tenant)).ledgerEntries).toEqual([])
  })

  test('D-49: a reporting entry changes no balance and no claim', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const events = await eventsDuring(it, tenant, () => book(tenant, reporting('R', 70)))
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 100, credit: 0 })
    expect(events.map(({ type }) => type)).toEqual(['event.accountLedgerEntries.added'])
  })

  test.each([5, true, [5], {}, null, 'NONE'])(
    'invoices and reports name no entry: their context may hold %j where others name one',
    async (ledgerEntryReference) => {
      const tenant = await it.tenant()
      await openAccount(tenant)
      const context = { ledgerEntryReference }
      const answer = await book(
        tenant,
        invoice('I', 100, { context }),
        reporting('R', 70, undefined, { context }),
      )
      expect(answer.success).toBe(true)
      expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+0'])
    },
  )

  test('D-55: the balance is the signed sum of all entries', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [
      invoice('I', 1_000),
      fee('F', 100, 'I'),
      fee('AF', 50),
      adjustment('UP', 30),
      adjustment('DOWN', -5),
      payment('PAY', 400, 'I'),
      payment('FREE', 60),
      discount('X', 20, 'F'),
      chargeback('C', 15, 'PAY'),
      reporting('R', 9),
    ])
    const balance = 1_000 + 100 + 50 + 30 - 5 - 400 - 60 - 20 + 15
    expect(await balanceOf(it, tenant)).toEqual({ balance, credit: 65 })
  })
})

describe('D-51: entries of one request', () => {
  test('may name entries that come later', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const item = await book(tenant, payment('P', 10, 'F'), fee('F', 30, 'I'), invoice('I', 100))
    expect(item.success).toBe(true)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+20'])
  })

  test('are booked all or not at all, account by account', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const body = { B: { currency: 'EUR', debtors: [person('E')] } }
    await done(tenant, { operation: 'create_accounts', body, key: 'B' })
    const answer = await tenant.post('add_account_ledger_entries', [
      { accountReference: 'ACC', ...invoice('I-1', 5) },
      { accountReference: 'B', ...invoice('I-2', 5) },
      { accountReference: 'ACC', ...payment('P', 5, 'NOPE') },
    ])
    expect(answer.body.ACC).toEqual(refusedWith(parameterError(4008, 'Ledger entry not found')))
    expect(answer.body.B.success).toBe(true)
    expect(await claimsOf(tenant)).toEqual([])
    expect(await linesOf(tenant, 'B')).toEqual(['I-2 ACTIVE 5+0'])
    expect((await book(tenant, invoice('I-1', 7))).success).toBe(true)
  })

  test('change each claim once', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), invoice('J', 100)])
    const events = await eventsDuring(it, tenant, () =>
      book(tenant, payment('P-1', 10, 'I'), payment('P-2', 20, 'I'), fee('F', 5, 'I')),
    )
    expect(events.map(({ type }) => type)).toEqual([
      'event.accountLedgerEntries.added',
      'event.claimTotalAmount.updated',
      'event.accountAmountTotalFees.updated',
    ])
    expect(events[1]!.data).toMatchObject({
      oldAmount: 100,
      oldTotalFees: 0,
      amount: 70,
      totalFees: 5,
    })
  })

  test('that name each other are refused with 4008', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const item = await book(tenant, fee('F', 1, 'G'), fee('G', 1, 'F'))
    expect(item.messages[0]).toMatch(/^\[4008\]/)
  })
})

describe('the claim of an invoice', () => {
  test('D-41, D-43: takes the reference, the nearest general values and the invoice itself', async () => {
    const tenant = await it.tenant()
    const products = [
      { productReference: 'P', paymentReference: 'OF-PRODUCT' },
      { productReference: 'Q' },
    ]
    await openAccount(tenant, [], {
      products,
      paymentReference: 'OF-ACCOUNT',
      portfolioReference: 'PF',
      debtors: [person('D'), person('E')],
    })
    const own = invoice('OWN', 10, { paymentReference: 'OF-INVOICE', meta: { k: 'v' } })
    const second = { productReference: 'P', externalDebtorReference: 'E' }
    await book(tenant, own, invoice('PROD', 10, { context: second }))
    await book(tenant, invoice('ACCT', 10, { context: { productReference: 'Q' } }))
    expect(await claimOf(tenant, 'OWN')).toMatchObject({
      claimReference: 'OWN',
      accountReference: 'ACC',
      accountNumber: 'ACC',
      amount: 10,
      totalFees: 0,
      fees: [],
      currency: 'EUR',
      portfolioReference: 'PF',
      paymentReference: 'OF-INVOICE',
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-01-31',
      status: 'ACTIVE',
      primaryDebtor: person('D'),
      meta: {
        k: 'v',
        __accountMetaFields__: [],
        __invoiceLedgerEntry__: {
          ...own,
          invoiceDetails: { ...own.invoiceDetails, createdAt: it.now.getTime() },
        },
      },
    })
    expect(await claimOf(tenant, 'PROD')).toMatchObject({
      productReference: 'P',
      paymentReference: 'OF-PRODUCT',
      primaryDebtor: person('E'),
    })
    expect(await claimOf(tenant, 'ACCT')).toMatchObject({ paymentReference: 'OF-ACCOUNT' })
  })

  test('D-43: is resolved at once where the invoice asks for nothing', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 0)])
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    expect(await reasonOf(it, tenant, 'I')).toMatchObject({ reason: 'CLAIM_PAID' })
  })

  test('D-44: waits for the first debtor, counting in the balance meanwhile', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 5, 'I')], { debtors: [] })
    await book(tenant, payment('PAY', 30, 'I'))
    expect(await claimsOf(tenant)).toEqual([])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 75, credit: 0 })
    const credited = await tenant.post('credit_claims', {
      I: { amount: 1, currency: 'EUR', originator: 'DCA' },
    })
    expect(credited.body.I).toEqual(refusedWith(parameterError(4003, 'Claim not found')))
    const body = [{ accountReference: 'ACC', ...person('D') }]
    const events = await eventsDuring(it, tenant, () =>
      done(tenant, { operation: 'add_account_debtors', body, key: 'ACC' }),
    )
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 70+5'])
    const created = events.filter(({ type }) => type === 'event.claim.created')
    expect(created.map(({ data }) => [data.claimRef, data.amount])).toEqual([['I', 70]])
  })

  test('D-44: a debtor reference that the account does not have is refused with 4005', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const item = await book(tenant, invoice('I', 1, { context: { externalDebtorReference: 'X' } }))
    expect(item).toEqual(refusedWith(parameterError(4005, 'Debtor not found')))
  })

  test('D-45: shows fees in buckets of equal name, unnamed ones as FEE', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [
      invoice('I', 100),
      fee('F-1', 5, 'I', { type: 'LATE' }),
      fee('F-2', 7, 'I'),
      fee('F-3', 6, 'I', { type: 'LATE' }),
      fee('ACCOUNT', 50, undefined, { type: 'LATE' }),
    ])
    expect(await claimOf(tenant, 'I')).toMatchObject({
      amount: 100,
      totalFees: 18,
      fees: [
        { name: 'LATE', amount: 11 },
        { name: 'FEE', amount: 7 },
      ],
    })
    expect((await balanceOf(it, tenant)).balance).toBe(168)
  })

  test.each(['F', 'PAY', 'UNKNOWN'])('D-45: a fee of %s is refused with 4008', async (target) => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 5, 'I'), payment('PAY', 5, 'I')])
    const refused = refusedWith(parameterError(4008, 'Ledger entry not found'))
    expect(await book(tenant, fee('NEW', 1, target))).toEqual(refused)
  })
})

describe('an invoice whose claim was deleted and began anew', () => {
  const gone = refusedWith(
    parameterError(4011, 'Claim is deleted: it began anew without this entry'),
  )
  const elsewhere = claim(700, { primaryDebtor: person('E') })

  /** INV of 1000 and its fee F of 50, deleted after P paid 300; then a claim of 700, in the same account or another. */
  async function begunAnew(data = claim(700, { accountReference: 'ACC' })) {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('INV', 1_000), fee('F', 50, 'INV')])
    await book(tenant, payment('P', 300, 'INV'))
    await deleteClaim(tenant, 'INV')
    await done(tenant, { operation: 'recreate_claims', body: { INV: data }, key: 'INV' })
    return tenant
  }

  test.each([
    ['a payment of the invoice', payment('NEW', 1_000, 'INV')],
    ['a payment of its fee', payment('NEW', 50, 'F')],
    ['a fee', fee('NEW', 30, 'INV')],
    ['a raise', adjustment('NEW', 200, 'INV')],
    ['a date', adjustment('NEW', 0, 'INV', { dueDate: '2026-03-31' })],
    ['a discount', discount('NEW', 5, 'INV')],
    ['a chargeback of the invoice', chargeback('NEW', 5, 'INV')],
  ])('D-73, D-78: is named by nothing any more: %s is refused with 4011', async (_what, entry) => {
    const tenant = await begunAnew()
    expect(await book(tenant, payment('FREE', 1), entry)).toEqual(gone)
    expect(await linesOf(tenant)).toEqual(['INV ACTIVE 700+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 700, credit: 0 })
    const other = await begunAnew(elsewhere)
    expect(await book(other, entry)).toEqual(gone)
    expect(await balanceOf(it, other)).toEqual({ balance: 0, credit: 0 })
  })

  test.each([
    ['INV', 1_200, 'INTEREST'],
    ['INV', 0, 'PAYMENT'],
    ['F', 60, 'INTEREST'],
  ])('D-73, D-78: has no target amount: %s to %i for %s is refused with 4011', async (...step) => {
    const [ledgerEntryReference, amount, reason] = step
    const tenant = await begunAnew()
    const ledgerEntries = [{ ledgerEntryReference, amount, reason, meta: {} }]
    const answer = await tenant.post('update_account_ledger_entries_amounts', [
      { accountReference: 'ACC', ledgerEntries },
    ])
    expect(answer.body.ACC).toMatchObject(gone)
    expect(await linesOf(tenant)).toEqual(['INV ACTIVE 700+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 700, credit: 0 })
  })

  test('D-48: loses what it was paid to a chargeback that the account owes as a whole', async () => {
    for (const data of [undefined, elsewhere]) {
      const tenant = await begunAnew(data)
      const owed = data === undefined ? 700 : 0
      expect((await book(tenant, chargeback('CB', 300, 'P'))).success).toBe(true)
      expect(await linesOf(tenant, data === undefined ? 'ACC' : 'E')).toEqual(['INV ACTIVE 700+0'])
      expect(await balanceOf(it, tenant)).toEqual({ balance: owed + 300, credit: 0 })
      expect((await book(tenant, chargeback('MORE', 1, 'P'))).messages[0]).toMatch(/^\[4000\]/)
      expect((await book(tenant, payment('AGAIN', 300, 'CB'))).success).toBe(true)
      expect(await balanceOf(it, tenant)).toEqual({ balance: owed, credit: 0 })
    }
  })

  test('D-48, D-73: loses it to the account while its claim is deleted, too', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('INV', 1_000), payment('P', 300, 'INV')])
    await deleteClaim(tenant, 'INV')
    expect((await book(tenant, chargeback('CB', 300, 'P'))).success).toBe(true)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 300, credit: 0 })
    const body = { INV: claim(700, { accountReference: 'ACC' }) }
    await done(tenant, { operation: 'recreate_claims', body, key: 'INV' })
    expect(await linesOf(tenant)).toEqual(['INV ACTIVE 700+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_000, credit: 0 })
  })
})

describe('D-67: target amounts of several claims', () => {
  test('tell of each claim the reason of the last step that named its invoice or one of its fees', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [
      invoice('INV_1', 100),
      fee('FEE_1', 10, 'INV_1'),
      invoice('INV_2', 100),
      invoice('INV_3', 100),
    ])
    await book(tenant, payment('P', 100, 'INV_1'))
    const step = (ledgerEntryReference: string, amount: number, reason: string) => {
      return { ledgerEntryReference, amount, reason, meta: {} }
    }
    const ledgerEntries = [
      step('INV_1', 100, 'CHARGEBACK'),
      step('INV_3', 150, 'INTEREST'),
      step('INV_3', 120, 'GOODWILL'),
      step('FEE_1', 0, 'WAIVED'),
      step('INV_2', 0, 'PAYMENT'),
    ]
    const body = [{ accountReference: 'ACC', ledgerEntries }]
    const events = await eventsDuring(it, tenant, () =>
      done(tenant, { operation: 'update_account_ledger_entries_amounts', body, key: 'ACC' }),
    )
    const told = events
      .filter(({ type }) => type === 'event.claimTotalAmount.updated')
      .map(
        ({ data }) => `${data.claimRef} ${data.oldTotalAmount} ${data.totalAmount} ${data.reason}`,
      )
    expect(told.toSorted()).toEqual([
      'INV_1 10 100 WAIVED',
      'INV_2 100 0 PAYMENT',
      'INV_3 100 120 GOODWILL',
    ])
    const resolved = events.filter(({ type }) => type === 'event.claim.resolved')
    expect(resolved.map(({ data }) => data.reason)).toEqual(['CLAIM_PAID'])
  })
})

describe('payments, discounts and adjustments', () => {
  test('D-46: reduce what they name; a payment that names nothing stays with the account', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 20, 'I', { type: 'LATE' })])
    await book(tenant, payment('P', 30, 'I'), discount('X', 5, 'F'), payment('FREE', 40))
    expect(await claimOf(tenant, 'I')).toMatchObject({
      amount: 70,
      fees: [{ name: 'LATE', amount: 15 }],
    })
    expect(await balanceOf(it, tenant)).toEqual({ balance: 45, credit: 40 })
  })

  test('D-47: an adjustment moves its target either way and its date moves the claim', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 20, 'I')])
    await book(tenant, adjustment('UP', 11, 'I'), adjustment('DOWN', -5, 'F'))
    await book(tenant, adjustment('DATE', 0, 'I', { dueDate: '2026-03-31' }))
    expect(await claimOf(tenant, 'I')).toMatchObject({
      amount: 111,
      totalFees: 15,
      currentDueDate: '2026-03-31',
      originalDueDate: '2026-01-31',
    })
  })

  test('D-47: without a target, more is debt of the account that can be paid, less is credit', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [adjustment('DEBT', 70), adjustment('GIFT', -20)])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 50, credit: 20 })
    await book(tenant, payment('P', 70, 'DEBT'))
    expect(await balanceOf(it, tenant)).toEqual({ balance: -20, credit: 20 })
  })

  test('D-50: more than the target asks for becomes credit, the claim shows 0', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 20, 'I')])
    await book(tenant, payment('P-1', 130, 'I'), payment('P-2', 25, 'F'))
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: -35, credit: 35 })
    expect((await accountOf(tenant)).ledgerEntries.at(-1).paymentDetails.amount).toBe(25)
  })
})
