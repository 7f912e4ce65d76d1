import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  adjustment,
  balanceOf,
  book,
  chargeback,
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
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const resolveClaim = (tenant: TestTenant, ref: string, reason = 'CLAIM_SOLD') =>
  done(tenant, { operation: 'resolve_claims', body: [{ ref, reason }], key: ref })

describe('D-48: a chargeback', () => {
  test('of an invoice or a fee restores it without a cap', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 20, 'I')])
    await book(tenant, chargeback('C-1', 500, 'I'), chargeback('C-2', 50, 'F'))
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 600+70'])
  })

  test("of a payment restores that payment's own target", async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [
      invoice('I', 100),
      fee('F', 20, 'I'),
      payment('P-I', 100, 'I'),
      payment('P-F', 20, 'F'),
    ])
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    await book(tenant, chargeback('C', 15, 'P-F'))
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 0+15'])
  })

  test('of an untargeted payment first eats credit, then is debt of the account that can be paid', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [payment('FREE', 80)])
    await book(tenant, chargeback('C-1', 50, 'FREE'))
    expect(await balanceOf(it, tenant)).toEqual({ balance: -30, credit: 30 })
    await book(tenant, chargeback('C-2', 30, 'FREE'))
    expect(await balanceOf(it, tenant)).toEqual({ balance: 0, credit: 0 })
  })

  test('beyond the credit that is left asks the account for the rest, which a payment reaches', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [payment('FREE', 80), payment('MORE', 20)])
    await book(tenant, chargeback('C-1', 80, 'FREE'), chargeback('C-2', 20, 'MORE'))
    expect(await balanceOf(it, tenant)).toEqual({ balance: 0, credit: 0 })
    await book(tenant, adjustment('DEBT', 10))
    const body = [
      {
        accountReference: 'ACC',
        currency: 'EUR',
        totalAmount: 10,
        matchStrategy: 'ACCOUNT_ENTRIES_THEN_ORDERED_INVOICES_WITH_FEES',
      },
    ]
    await done(tenant, { operation: 'match_account_payment', body, key: 'ACC' })
    expect(await balanceOf(it, tenant)).toEqual({ balance: 0, credit: 0 })
  })

  test('of an overpaying payment takes the excess back first, then the target', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), payment('P', 130, 'I')])
    await book(tenant, chargeback('C-1', 20, 'P'))
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: -10, credit: 10 })
    await book(tenant, chargeback('C-2', 110, 'P'))
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+0'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 100, credit: 0 })
  })

  test.each([
    ['in two requests', false],
    ['in one request', true],
  ])('of a payment may not exceed it %s', async (_how, isTogether) => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), payment('P', 60, 'I')])
    const [first, second] = [chargeback('C-1', 50, 'P'), chargeback('C-2', 11, 'P')]
    if (!isTogether) await book(tenant, first)
    const refused = await (isTogether ? book(tenant, first, second) : book(tenant, second))
    expect(refused).toMatchObject({ success: false, messageIds: [] })
    expect(refused.messages[0]).toMatch(/^\[4000\] ParameterInputError: /)
    expect(await linesOf(tenant)).toEqual([`I ACTIVE ${isTogether ? 40 : 90}+0`])
    const rest = chargeback('C-3', isTogether ? 60 : 10, 'P')
    expect((await book(tenant, rest)).success).toBe(true)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+0'])
  })

  test('or a discount needs a target: the schema asks for it', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    for (const entry of [chargeback('C', 1), discount('X', 1)]) {
      const answer = await tenant.post('add_account_ledger_entries', [
        { accountReference: 'ACC', ...entry },
      ])
      expect(answer.status).toBe(400)
      expect(answer.body.message).toBe(
        "body/[0].context should have required property 'ledgerEntryReference'",
      )
    }
  })
})

describe('D-53: the status of a managed claim follows its balance', () => {
  const ways: [string, object[], string][] = [
    ['a payment', [payment('P', 120, 'I'), payment('Q', 20, 'F')], 'CLAIM_PAID'],
    ['a discount alone', [payment('Q', 0, 'F'), discount('X', 120, 'I')], 'CLAIM_DISCARDED'],
    ['an adjustment alone', [adjustment('A', -120, 'I')], 'CLAIM_DISCARDED'],
    [
      'a discount after a part payment',
      [payment('P', 1, 'I'), discount('X', 119, 'I')],
      'CLAIM_PAID',
    ],
    ['a payment after a discount', [discount('X', 119, 'I'), payment('P', 1, 'I')], 'CLAIM_PAID'],
  ]
  test.each(ways)('resolved by %s', async (what, movements, reason) => {
    const tenant = await it.tenant()
    const fees = what === 'a payment' ? [fee('F', 20, 'I')] : [fee('F', 0, 'I')]
    await openAccount(tenant, [invoice('I', 120), ...fees])
    for (const movement of movements) await book(tenant, movement)
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    expect(await reasonOf(it, tenant, 'I')).toEqual({ status: 'RESOLVED', reason })
  })

  test('fees that are still owed keep it active', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 5, 'I'), payment('P', 100, 'I')])
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 0+5'])
  })

  test('more than 0 again makes it active, clears the reason and says so by its total', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), payment('P', 100, 'I')])
    const events = await eventsDuring(it, tenant, () => book(tenant, fee('F', 7, 'I')))
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 0+7'])
    expect(await reasonOf(it, tenant, 'I')).toEqual({ status: 'ACTIVE', reason: null })
    const told = events.find(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(told?.data).toMatchObject({ claimRef: 'I', oldTotalAmount: 0, totalAmount: 7 })
  })

  test('a claim resolved by request stays resolved and its entries are skipped by payments', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 5, 'I'), invoice('J', 40)])
    await resolveClaim(tenant, 'I')
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 100+5', 'J ACTIVE 40+0'])
    await book(tenant, chargeback('C', 10, 'I'), payment('P', 5, 'F'))
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 110+0', 'J ACTIVE 40+0'])
    expect(await reasonOf(it, tenant, 'I')).toMatchObject({ reason: 'CLAIM_SOLD' })
    const body = [
      {
        accountReference: 'ACC',
        currency: 'EUR',
        totalAmount: 100,
        matchStrategy: 'ORDERED_LEDGER_ENTRIES',
      },
    ]
    const item = await done(tenant, { operation: 'match_account_payment', body, key: 'ACC' })
    expect(item.messages.at(-1)).toBe('Unallocated amount 60')
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 110+0', 'J RESOLVED 0+0'])
  })

  test('a claim resolved by request stays so when it is paid to 0 and charged back', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    await resolveClaim(tenant, 'I', 'FRAUDULENT')
    await book(tenant, payment('P', 100, 'I'))
    await book(tenant, chargeback('C', 100, 'P'))
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 100+0'])
    expect(await reasonOf(it, tenant, 'I')).toMatchObject({ reason: 'FRAUDULENT' })
  })

  test('a claim that is resolved already is refused by resolve_claims with 4012', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 0)])
    const answer = await tenant.post('resolve_claims', [{ ref: 'I', reason: 'CLAIM_SOLD' }])
    expect(answer.body.I).toEqual(refusedWith(parameterError(4012, 'Claim is not active')))
  })
})

describe('D-54: entries are never removed', () => {
  test('a target amount of 0 cancels an invoice by an adjustment that stays beside it', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const ledgerEntries = [
      { ledgerEntryReference: 'I', amount: 0, reason: 'DELETE_LEDGER_ENTRY', meta: { by: 'us' } },
    ]
    const body = [{ accountReference: 'ACC', ledgerEntries }]
    const item = await done(tenant, {
      operation: 'update_account_ledger_entries_amounts',
      body,
      key: 'ACC',
    })
    expect(item.data).toEqual(body)
    expect((await accountOf(tenant)).ledgerEntries).toMatchObject([
      { ledgerEntryReference: 'I', invoiceDetails: { amount: 100 } },
      {
        adjustmentDetails: { amount: -100, reason: 'DELETE_LEDGER_ENTRY', meta: { by: 'us' } },
        context: { ledgerEntryReference: 'I' },
      },
    ])
    expect(await reasonOf(it, tenant, 'I')).toMatchObject({ reason: 'CLAIM_DISCARDED' })
  })
})
