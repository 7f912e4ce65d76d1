import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  balanceOf,
  claim,
  done,
  eventsDuring,
  fee,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  refusedWith,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>

const paymentOf = (totalAmount: number, more: Fields = {}) => ({
  accountReference: 'ACC',
  currency: 'EUR',
  totalAmount,
  matchStrategy: 'ORDERED_LEDGER_ENTRIES',
  ...more,
})

async function pay(tenant: TestTenant, totalAmount: number, more: Fields = {}) {
  const answer = await tenant.post('match_account_payment', [paymentOf(totalAmount, more)])
  expect(answer.status).toBe(200)
  return answer.body.ACC as Record<string, Loose>
}

const bookedOn = (item: Record<string, Loose>): string[] =>
  item.data.map((entry: Record<string, Loose>) => {
    return `${entry.context.ledgerEntryReference ?? 'credit'} ${entry.paymentDetails.amount}`
  })

const unallocated = (...amounts: number[]) => [
  'Successfully matched payment for account ACC',
  ...amounts.map((amount) => `Unallocated amount ${amount}`),
]

describe('D-25: a payment that its provider reports twice', () => {
  const named = { providerName: 'trustly', trackingId: 'T-1' }

  test('answers the entries of the first time and books nothing', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const first = await pay(tenant, 130, named)
    expect(first.messages).toEqual(unallocated(30))
    const events = await eventsDuring(it, tenant, async () => {
      const second = await pay(tenant, 130, named)
      expect(second.success).toBe(true)
      expect(second.data).toEqual(first.data)
      expect(second.messages).toEqual(first.messages)
    })
    expect(events).toEqual([])
    expect((await accountOf(tenant)).ledgerEntries).toHaveLength(3)
  })

  test('is booked once in one request too', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const twice = [paymentOf(40, named), paymentOf(40, named)]
    const { body } = await tenant.post('match_account_payment', twice)
    expect(bookedOn(body.ACC)).toEqual(['I 40', 'I 40'])
    expect(body.ACC.data[0]).toEqual(body.ACC.data[1])
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 60+0'])
  })

  test('with another amount is refused with 4000', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    await pay(tenant, 40, named)
    const other = await pay(tenant, 41, named)
    expect(other).toMatchObject({ success: false, messageIds: [] })
    expect(other.messages[0]).toMatch(/^\[4000\] ParameterInputError: /)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 60+0'])
  })

  const unnamed = { providerName: '', trackingId: '' }
  test.each([{ providerName: 'trustly' }, { trackingId: 'T-1' }, {}, unnamed])(
    'is known by both names together, not by %j',
    async (names) => {
      const tenant = await it.tenant()
      await openAccount(tenant, [invoice('I', 100)])
      await pay(tenant, 10, names)
      await pay(tenant, 10, names)
      expect(await linesOf(tenant)).toEqual(['I ACTIVE 80+0'])
    },
  )

  test('is booked again where the tenant switched dedupePayments off', async () => {
    const tenant = await it.tenant('Twice', { dedupePayments: false })
    await openAccount(tenant, [invoice('I', 100)])
    await pay(tenant, 10, named)
    await pay(tenant, 15, named)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 75+0'])
  })
})

describe('D-60: a product in the context', () => {
  test('limits the payment to its items; fees take the product of their invoice', async () => {
    const tenant = await it.tenant()
    await openAccount(
      tenant,
      [
        invoice('I-P', 100, { context: { productReference: 'P' } }),
        fee('F-P', 10, 'I-P'),
        fee('F-Q', 10, 'I-P', { context: { productReference: 'Q' } }),
        fee('ACC-P', 5, undefined, { context: { productReference: 'P' } }),
        fee('ACC-NONE', 5),
        invoice('I-NONE', 100),
      ],
      { products: [{ productReference: 'P' }, { productReference: 'Q' }] },
    )
    const item = await pay(tenant, 500, { context: { productReference: 'P' } })
    expect(bookedOn(item)).toEqual(['I-P 100', 'F-P 10', 'ACC-P 5', 'credit 385'])
    expect(item.data.map((entry: Loose) => entry.context.productReference)).toEqual(
      Array.from({ length: 4 }, () => 'P'),
    )
  })

  test('finds an unmanaged claim where an update put it, fees and all, and not where it was', async () => {
    const tenant = await it.tenant()
    const products = [{ productReference: 'P' }, { productReference: 'Q' }]
    await openAccount(tenant, [], { products })
    const fees = [{ name: 'interest', amount: 10 }]
    const given = { accountReference: 'ACC', productReference: 'P', fees }
    const change = (operation: string, body: object) => done(tenant, { operation, body, key: 'C' })
    await change('create_claims', { C: claim(100, given) })
    await change('update_claims', { C: { productReference: 'Q' } })
    const ofP = await pay(tenant, 1, { context: { productReference: 'P' } })
    expect(bookedOn(ofP)).toEqual(['credit 1'])
    const ofQ = await pay(tenant, 105, { context: { productReference: 'Q' } })
    expect(ofQ.data.map((entry: Loose) => entry.paymentDetails.amount)).toEqual([100, 5])
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 0+5'])
    // A movement beside the change, and an import that leaves the product as it is.
    await change('update_claims', { C: { productReference: 'P', amount: 50 } })
    await change('import_claims', { C: claim(60, { accountReference: 'ACC', fees }) })
    const again = await pay(tenant, 70, { context: { productReference: 'P' } })
    expect(again.messages).toEqual(unallocated())
    expect(await linesOf(tenant)).toEqual(['C RESOLVED 0+0'])
  })

  test('that the account does not have is refused with 4006', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const item = await pay(tenant, 1, { context: { productReference: 'X' } })
    expect(item).toEqual(refusedWith(parameterError(4006, 'Product not found')))
  })
})

describe('what a payment books', () => {
  test('D-52: createdAt decides the order, then the earlier due date, then the booking', async () => {
    const tenant = await it.tenant()
    const early = { createdAt: Date.UTC(2020, 0, 1) }
    await openAccount(tenant, [
      invoice('LATE', 1, { dueDate: '2019-01-01' }),
      invoice('SECOND', 1, { ...early, dueDate: '2026-02-02' }),
      invoice('FIRST', 1, { ...early, dueDate: '2026-02-01' }),
      invoice('THIRD', 1, { ...early, dueDate: '2026-02-02' }),
    ])
    const paid = bookedOn(await pay(tenant, 4))
    expect(paid).toEqual(['FIRST 1', 'SECOND 1', 'THIRD 1', 'LATE 1'])
  })

  test('D-62: one entry per item, as get_account shows it, in the words of the request', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const item = await pay(tenant, 40, {
      providerName: 'trustly',
      trackingId: 'T-1',
      paymentReference: 'RF',
      meta: { bank: 'b' },
    })
    expect(item.data).toEqual([
      {
        ledgerEntryReference: expect.stringMatching(/^[0-9a-f-]{36}$/),
        paymentDetails: {
          amount: 40,
          paymentReference: 'RF',
          paymentProvider: 'trustly',
          createdAt: it.now.getTime(),
          meta: { bank: 'b', trackingId: 'T-1' },
        },
        context: { ledgerEntryReference: 'I' },
      },
    ])
    expect((await accountOf(tenant)).ledgerEntries.slice(1)).toEqual(item.data)
  })

  test('D-63: what nothing asks for stays with the account as one entry, never an error', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const item = await pay(tenant, 25)
    expect(item.success).toBe(true)
    expect(item.messages).toEqual(unallocated(25))
    expect(bookedOn(item)).toEqual(['credit 25'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: -25, credit: 25 })
  })

  test('D-64: an amount of 0 books nothing, another currency is refused with 4001', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    expect(await pay(tenant, 0)).toMatchObject({
      success: true,
      data: [],
      messages: unallocated(),
    })
    expect(await pay(tenant, 5, { currency: 'USD' })).toEqual(
      refusedWith(parameterError(4001, 'Currency does not match')),
    )
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 100+0'])
  })

  test('D-65: one entries event, one total per claim, one resolution where due, one account total', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), fee('F', 10, 'I'), invoice('J', 100)])
    const matchStrategy = 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES'
    const events = await eventsDuring(it, tenant, () => pay(tenant, 150, { matchStrategy }))
    const told = events.map(({ type, data }) => [type, data.claimRef ?? data.accountReference])
    expect(told).toEqual([
      ['event.accountLedgerEntries.added', 'ACC'],
      ['event.claimTotalAmount.updated', 'I'],
      ['event.claim.resolved', 'I'],
      ['event.claimTotalAmount.updated', 'J'],
      ['event.accountAmountTotalFees.updated', 'ACC'],
    ])
    expect(events[0]!.data.ledgerEntries).toHaveLength(3)
  })

  test('D-66, D-8: several payments of one account run in body order and fold into one answer', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), invoice('J', 50)])
    const { body } = await tenant.post('match_account_payment', [
      paymentOf(90),
      paymentOf(1, { currency: 'USD' }),
      paymentOf(30),
      paymentOf(60),
    ])
    expect(bookedOn(body.ACC)).toEqual(['I 90', 'I 10', 'J 20', 'J 30', 'credit 30'])
    const [one, rest] = unallocated(30)
    expect(body.ACC.messages).toEqual([
      one,
      parameterError(4001, 'Currency does not match'),
      one,
      one,
      rest,
    ])
    expect(body.ACC.success).toBe(false)
    expect(body.ACC.messageIds).toHaveLength(3)
  })

  test('an unmanaged claim of the account is reached too, and get_account does not list what paid it', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await tenant.post('create_claims', { C: claim(100, { accountReference: 'ACC' }) })
    expect(bookedOn(await pay(tenant, 60))).toEqual(['C 60'])
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 40+0'])
    expect((await accountOf(tenant)).ledgerEntries).toEqual([])
  })
})
