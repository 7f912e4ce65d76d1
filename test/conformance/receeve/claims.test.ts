import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  claim,
  claimOf,
  claimsOf,
  deleteClaim,
  done,
  eventsDuring,
  fee,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  reasonOf,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>

const create = (tenant: TestTenant, data: Fields, key = 'C') =>
  done(tenant, { operation: 'create_claims', body: { [key]: data }, key })
const update = (tenant: TestTenant, data: Fields, key = 'C') =>
  done(tenant, { operation: 'update_claims', body: { [key]: data }, key })
const importIt = (tenant: TestTenant, data: Fields, key = 'C') =>
  done(tenant, { operation: 'import_claims', body: { [key]: data }, key })

/** The coded message of an item that must be refused. */
async function codeOf(
  ...[tenant, operation, data, key = 'C']: [TestTenant, string, Fields, string?]
) {
  const answer = await tenant.post(operation, { [key]: data })
  expect(answer.body[key]).toMatchObject({ success: false, messageIds: [] })
  return /\[(\d+)\]/.exec(answer.body[key].messages.at(-1))?.[1]
}

const inAcc = { accountReference: 'ACC' }

describe('create and recreate', () => {
  test('9.3.2: currency and debtor may come from the account', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const { currency: _c, primaryDebtor: _d, ...bare } = claim(100, inAcc)
    await create(tenant, bare)
    expect(await claimOf(tenant, 'C')).toMatchObject({
      currency: 'EUR',
      primaryDebtor: person('D'),
    })
    expect(
      await codeOf(tenant, 'create_claims', claim(1, { ...inAcc, currency: 'USD' }), 'X'),
    ).toBe('4001')
  })

  test('9.3.3: fees override totalFees, equal names are one bucket, neither means 0', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const fees = [
      { name: 'late', amount: 5 },
      { name: 'interest', amount: 7 },
      { name: 'late', amount: 1 },
    ]
    await create(tenant, claim(100, { ...inAcc, fees, totalFees: 999 }), 'LIST')
    await create(tenant, claim(100, { ...inAcc, totalFees: 9 }), 'TOTAL')
    await create(tenant, claim(100, inAcc), 'NONE')
    const shown = (await claimsOf(tenant)).map((one) => [
      one.claimReference,
      one.totalFees,
      one.fees,
    ])
    expect(shown).toEqual([
      [
        'LIST',
        13,
        [
          { name: 'late', amount: 6 },
          { name: 'interest', amount: 7 },
        ],
      ],
      ['NONE', 0, []],
      ['TOTAL', 9, []],
    ])
  })

  test('D-16: a current due date before the original one is taken', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const dates = { originalDueDate: '2026-05-05', currentDueDate: '2026-01-01' }
    await create(tenant, claim(1, { ...inAcc, ...dates }))
    expect(await claimOf(tenant, 'C')).toMatchObject(dates)
  })

  test.each([['4711'], [4711]])(
    'D-71: accountNumber %j stands in for accountReference',
    async (accountNumber) => {
      const tenant = await it.tenant()
      await create(tenant, claim(1, { accountNumber }))
      expect(await claimOf(tenant, 'C', '4711')).toMatchObject({
        accountNumber: '4711',
        accountReference: '4711',
      })
      await create(tenant, claim(1, { accountNumber, accountReference: 'WINS' }), 'W')
      expect(await claimOf(tenant, 'W', 'WINS')).toMatchObject({ accountNumber: 'WINS' })
    },
  )

  test('D-76: a claim of 0 is created and resolved as paid, both told', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const events = await eventsDuring(it, tenant, () => create(tenant, claim(0, inAcc)))
    expect(events.map(({ type }) => type)).toEqual(['event.claim.created', 'event.claim.resolved'])
    expect(await linesOf(tenant)).toEqual(['C RESOLVED 0+0'])
    expect(await reasonOf(it, tenant, 'C')).toMatchObject({ reason: 'CLAIM_PAID' })
  })

  test('9.3.1: create refuses a deleted reference, recreate takes only deleted ones', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, inAcc))
    expect(await codeOf(tenant, 'recreate_claims', claim(1, inAcc))).toBe('4010')
    await deleteClaim(tenant, 'C')
    expect(await claimsOf(tenant)).toEqual([])
    expect(await codeOf(tenant, 'create_claims', claim(1, inAcc))).toBe('4002')
    expect(await codeOf(tenant, 'update_claims', { amount: 1 })).toBe('4011')
    expect(await codeOf(tenant, 'import_claims', claim(1, inAcc))).toBe('4011')
    const body = { C: claim(70, inAcc) }
    await done(tenant, { operation: 'recreate_claims', body, key: 'C' })
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 70+0'])
  })

  test('D-78: recreate makes an unmanaged claim of a deleted managed one, under a new receeve reference', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('C', 100), fee('F', 5, 'C')], { meta: { m: 1 } })
    await deleteClaim(tenant, 'C')
    const data = claim(70, { ...inAcc, totalFees: 3, originalDueDate: '2026-09-09' })
    const events = await eventsDuring(it, tenant, () =>
      done(tenant, { operation: 'recreate_claims', body: { C: data }, key: 'C' }),
    )
    expect(events[0]).toMatchObject({
      type: 'event.claim.created',
      data: { claimRef: 'C', receeveClaimRef: 'C-2026-09-09', amount: 70 },
    })
    const shown = await claimOf(tenant, 'C')
    expect(shown).toMatchObject({ amount: 70, totalFees: 3, status: 'ACTIVE', meta: { m: 1 } })
    expect(shown.meta).not.toHaveProperty('__invoiceLedgerEntry__')
    await update(tenant, { amount: 60 })
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 60+3'])
  })
})

describe('D-41: a claim answers to its reference and to its receeve reference', () => {
  test('in every operation that names one, and the answer keeps the form that was sent', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    await create(tenant, claim(100, inAcc))
    await update(tenant, { amount: 90 }, 'C-2026-01-15')
    await importIt(tenant, claim(80, inAcc), 'C-2026-01-15')
    const money = { amount: 10, currency: 'EUR', originator: 'CLIENT' }
    for (const [operation, key] of [
      ['credit_claims', 'C-2026-01-15'],
      ['debit_claims', 'I-2026-01-31'],
    ] as const) {
      await done(tenant, { operation, body: { [key]: money }, key })
    }
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 70+0', 'I ACTIVE 110+0'])
    const body = [{ ref: 'I-2026-01-31', reason: 'CLAIM_SOLD' }]
    await done(tenant, { operation: 'resolve_claims', body, key: 'I-2026-01-31' })
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 70+0', 'I RESOLVED 110+0'])
  })

  test.each([
    ['before', ['C', 'C-2026-01-15']],
    ['behind', ['C-2026-01-15', 'C']],
  ])('but a body with the claim %s what reads like that form imports two', async (_where, keys) => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const amounts = { C: 100, 'C-2026-01-15': 7 }
    const body = Object.fromEntries(keys.map((key) => [key, claim(amounts[key as 'C'], inAcc)]))
    for (let time = 1; time <= 2; time += 1) {
      for (const key of keys) await done(tenant, { operation: 'import_claims', body, key })
      expect((await linesOf(tenant)).toSorted()).toEqual([
        'C ACTIVE 100+0',
        'C-2026-01-15 ACTIVE 7+0',
      ])
    }
  })

  test('which is frozen: a later due date does not change it, and another date names no claim', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, inAcc))
    await update(tenant, { originalDueDate: '2026-06-06' })
    await update(tenant, { amount: 90 }, 'C-2026-01-15')
    expect(await codeOf(tenant, 'update_claims', { amount: 1 }, 'C-2026-06-06')).toBe('4003')
  })
})

describe('update and import', () => {
  test('9.3.1: update changes what is sent and leaves the rest', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, { ...inAcc, totalFees: 7, creditorReference: 'CR' }))
    const before = await claimOf(tenant, 'C')
    await update(tenant, { paymentReference: 'RF', reason: 'SYNC' })
    expect(await claimOf(tenant, 'C')).toEqual({ ...before, paymentReference: 'RF' })
  })

  test('9.3.4: import opens a claim, then brings it to the given state; no fees means none', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const fees = [{ name: 'late', amount: 5 }]
    await importIt(tenant, claim(100, { ...inAcc, fees }))
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 100+5'])
    await importIt(tenant, claim(80, inAcc))
    expect(await claimOf(tenant, 'C')).toMatchObject({ amount: 80, totalFees: 0, fees: [] })
  })

  test('D-70: a total that differs from the list clears it, one that fits keeps it', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const fees = [{ name: 'late', amount: 5 }]
    await create(tenant, claim(100, { ...inAcc, fees }))
    await update(tenant, { totalFees: 5 })
    expect(await claimOf(tenant, 'C')).toMatchObject({ totalFees: 5, fees })
    await update(tenant, { totalFees: 6 })
    expect(await claimOf(tenant, 'C')).toMatchObject({ totalFees: 6, fees: [] })
    await update(tenant, { fees: [{ name: 'late', amount: 2 }] })
    expect(await claimOf(tenant, 'C')).toMatchObject({
      totalFees: 2,
      fees: [{ name: 'late', amount: 2 }],
    })
  })

  test('D-75: update merges meta, import replaces it, inherited keys stay', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { meta: { inherited: 1 } })
    await create(tenant, claim(100, { ...inAcc, meta: { a: { x: 1 }, b: 1 } }))
    await update(tenant, { meta: { a: { y: 2 } } })
    expect((await claimOf(tenant, 'C')).meta).toMatchObject({ a: { y: 2 }, b: 1, inherited: 1 })
    await importIt(tenant, claim(100, { ...inAcc, meta: { c: 3 } }))
    expect((await claimOf(tenant, 'C')).meta).toEqual({
      c: 3,
      inherited: 1,
      accountId: expect.any(String),
      accountReference: 'ACC',
      __accountMetaFields__: ['inherited'],
    })
  })

  test('D-75: the currency of a claim never changes', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, inAcc))
    expect(await codeOf(tenant, 'update_claims', { currency: 'USD' })).toBe('4001')
    const moving = { accountReference: 'NEW', currency: 'USD', primaryDebtor: person('D') }
    expect(await codeOf(tenant, 'update_claims', moving)).toBe('4001')
  })

  test('D-75: another account takes the claim with its fees and status, both totals follow', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const other = {
      B: { currency: 'EUR', debtors: [person('E')], meta: { of: 'B' } },
      U: { currency: 'USD', debtors: [person('E')] },
    }
    await tenant.post('create_accounts', other)
    const fees = [{ name: 'late', amount: 5 }]
    await create(tenant, claim(100, { ...inAcc, fees }))
    const events = await eventsDuring(it, tenant, () =>
      update(tenant, { accountReference: 'B', amount: 90 }),
    )
    expect(await claimsOf(tenant)).toEqual([])
    expect(await claimOf(tenant, 'C', 'B')).toMatchObject({
      amount: 90,
      fees,
      status: 'ACTIVE',
      accountReference: 'B',
      primaryDebtor: person('D'),
      meta: { of: 'B' },
    })
    const totals = events.filter(({ type }) => type === 'event.accountAmountTotalFees.updated')
    expect(totals.map(({ data }) => [data.accountReference, data.totalAmount])).toEqual([
      ['ACC', 0],
      ['B', 95],
    ])
    const changed = events.filter(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(changed.map(({ data }) => [data.oldTotalAmount, data.totalAmount])).toEqual([[105, 95]])
    expect(await codeOf(tenant, 'update_claims', { accountReference: 'U' })).toBe('4001')
    expect(await codeOf(tenant, 'update_claims', { accountReference: 'GONE' })).toBe('4004')
    expect((await accountOf(tenant)).ledgerEntries).toEqual([])
  })
})

describe('D-74: a managed claim keeps its money to the ledger', () => {
  const refused: Fields[] = [
    { amount: 99 },
    { totalFees: 4 },
    { fees: [] },
    { fees: [{ name: 'OTHER', amount: 5 }] },
    { originalDueDate: '2026-01-01' },
    { currentDueDate: '2026-01-01' },
    { currency: 'USD' },
    { accountReference: 'ELSEWHERE' },
    { productReference: 'Q' },
    { productReference: 'UNKNOWN' },
  ]
  const inProduct = invoice('I', 100, { context: { productReference: 'P' } })
  const products = [{ productReference: 'P' }, { productReference: 'Q' }]
  test.each(refused)('%j is refused with 4009', async (data) => {
    const tenant = await it.tenant()
    await openAccount(tenant, [inProduct, fee('F', 5, 'I', { type: 'LATE' })], { products })
    const events = await eventsDuring(it, tenant, async () => {
      expect(await codeOf(tenant, 'update_claims', data, 'I')).toBe('4009')
    })
    expect(events).toEqual([])
  })

  test('values as they are are tolerated, its words may change, by update and by import', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [inProduct, fee('F', 5, 'I', { type: 'LATE' })], { products })
    const same = {
      productReference: 'P',
      amount: 100,
      totalFees: 5,
      fees: [{ name: 'LATE', amount: 5 }],
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-01-31',
      currency: 'EUR',
      accountReference: 'ACC',
    }
    const words = {
      meta: { a: 1 },
      creditorReference: 'CR',
      portfolioReference: 'PF',
      paymentReference: 'RF',
      scores: [{ type: 'INTERNAL', value: 'A' }],
      primaryDebtor: person('D', { title: 'Dr' }),
    }
    await update(tenant, { ...same, ...words }, 'I')
    expect(await claimOf(tenant, 'I')).toMatchObject({ ...same, ...words, status: 'ACTIVE' })
    await importIt(tenant, { ...same, primaryDebtor: person('D'), creditorReference: 'C2' }, 'I')
    expect(await claimOf(tenant, 'I')).toMatchObject({ ...same, creditorReference: 'C2' })
  })
})

describe('resolving', () => {
  test('9.1.3, 9.1.4: update to 0 resolves for its reason, resolve_claims leaves the amounts', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, { ...inAcc, totalFees: 5 }), 'A')
    await create(tenant, claim(100, { ...inAcc, totalFees: 5 }), 'B')
    await update(tenant, { amount: 0, totalFees: 0, reason: 'CLAIM_DISCHARGED' }, 'A')
    const body = [{ ref: 'B', reason: 'CLAIM_INVALIDATED' }]
    await done(tenant, { operation: 'resolve_claims', body, key: 'B' })
    expect(await linesOf(tenant)).toEqual(['A RESOLVED 0+0', 'B RESOLVED 100+5'])
    expect(await reasonOf(it, tenant, 'A')).toMatchObject({ reason: 'CLAIM_DISCHARGED' })
    expect(await reasonOf(it, tenant, 'B')).toMatchObject({ reason: 'CLAIM_INVALIDATED' })
  })

  test('D-68: an amount of 0 with fees left is still active', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(100, { ...inAcc, totalFees: 5 }))
    await update(tenant, { amount: 0 })
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 0+5'])
    await update(tenant, { totalFees: 0, reason: 'whatever' })
    expect(await reasonOf(it, tenant, 'C')).toEqual({ status: 'RESOLVED', reason: 'CLAIM_PAID' })
  })

  test('a batch with one unknown claim names it by 4003 and resolves the others', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await create(tenant, claim(1, inAcc))
    const answer = await tenant.post('resolve_claims', [
      { ref: 'X', reason: 'CLAIM_PAID' },
      { ref: 'C', reason: 'CLAIM_PAID' },
    ])
    expect(answer.body.X.messages).toEqual([parameterError(4003, 'Claim not found')])
    expect(answer.body.C.success).toBe(true)
  })
})
