import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  balanceOf,
  claim,
  claimOf,
  done,
  eventsDuring,
  fee,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  reasonOf,
  refusedWith,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>
const inAcc = { accountReference: 'ACC' }
const eur = { currency: 'EUR', originator: 'DCA' }

const credit = (tenant: TestTenant, amount: number, { key = 'C', ...more }: Move = {}) =>
  done(tenant, { operation: 'credit_claims', body: { [key]: { amount, ...eur, ...more } }, key })
const debit = (tenant: TestTenant, amount: number, { key = 'C', ...more }: Move = {}) =>
  done(tenant, { operation: 'debit_claims', body: { [key]: { amount, ...eur, ...more } }, key })
type Move = { key?: string; [field: string]: unknown }
const onI = { key: 'I' }

const fees = [
  { name: 'interest', amount: 300 },
  { name: 'lateFee', amount: 200 },
]

/** An unmanaged claim C of 10000 with fees of 500, in account ACC. */
async function withClaim(more: Fields = {}, settings: Fields = {}): Promise<TestTenant> {
  const tenant = await it.tenant('Acme', settings)
  await openAccount(tenant)
  const body = { C: claim(10_000, { ...inAcc, fees, ...more }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  return tenant
}

/** `9500 interest 0, lateFee 0` */
async function shownOf(tenant: TestTenant, key = 'C') {
  const shown = await claimOf(tenant, key)
  const list = shown.fees.map((one: Loose) => `${one.name} ${one.amount}`).join(', ')
  return `${shown.amount} ${list}`
}

describe('D-69: forceAmountCheck', () => {
  const total = { amount: 50 }
  const nothing = { amount: 0, totalFees: 0 }
  interface Row {
    start: 'ACTIVE' | 'RESOLVED'
    to: Fields
    query?: boolean
    option?: boolean
    ends: string
  }
  const rows: Row[] = []
  for (const [query, option] of [
    [undefined, undefined],
    [false, undefined],
    [true, undefined],
    [undefined, false],
    [undefined, true],
    [true, false],
    [false, true],
  ] as [boolean | undefined, boolean | undefined][]) {
    const isForced = option ?? query ?? false
    const flags = {
      ...(query === undefined ? {} : { query }),
      ...(option === undefined ? {} : { option }),
    }
    rows.push({ start: 'ACTIVE', to: total, ...flags, ends: 'ACTIVE null' })
    rows.push({ start: 'ACTIVE', to: nothing, ...flags, ends: 'RESOLVED FRAUDULENT' })
    rows.push({
      start: 'RESOLVED',
      to: total,
      ...flags,
      ends: isForced ? 'ACTIVE null' : 'RESOLVED CLAIM_SOLD',
    })
    rows.push({
      start: 'RESOLVED',
      to: nothing,
      ...flags,
      ends: isForced ? 'RESOLVED FRAUDULENT' : 'RESOLVED CLAIM_SOLD',
    })
  }
  for (const operation of ['update_claims', 'import_claims']) {
    test.each(rows)(
      `${operation}: $start to $to, query $query, option $option ends $ends`,
      async (row) => {
        const tenant = await withClaim({ fees: [] })
        if (row.start === 'RESOLVED')
          await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }])
        const change = {
          ...(operation === 'import_claims' ? claim(0, inAcc) : {}),
          ...row.to,
          reason: 'FRAUDULENT',
          ...(row.option === undefined ? {} : { options: { forceAmountCheck: row.option } }),
        }
        const query = row.query === undefined ? '' : `?forceAmountCheck=${row.query}`
        await done(tenant, { operation, body: { C: change }, key: 'C', query })
        const { status, reason } = await reasonOf(it, tenant, 'C')
        expect(`${status} ${reason}`).toBe(row.ends)
        expect((await claimOf(tenant, 'C')).amount).toBe(row.to.amount)
      },
    )
  }

  test.each([
    [undefined, 'RESOLVED'],
    [false, 'RESOLVED'],
    [true, 'ACTIVE'],
  ])('a debit on a resolved claim with the option %s leaves it %s', async (flag, status) => {
    const tenant = await withClaim({ fees: [] })
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }])
    const options = flag === undefined ? {} : { options: { forceAmountCheck: flag } }
    await debit(tenant, 5, options)
    expect(await linesOf(tenant)).toEqual([`C ${status} 10005+0`])
    expect((await reasonOf(it, tenant, 'C')).reason).toBe(flag ? null : 'CLAIM_SOLD')
  })
})

describe('D-79: what a credit pays', () => {
  const rows: [string, Fields, Fields, string][] = [
    ['fees first by default', {}, {}, '9500 interest 0, lateFee 0'],
    [
      'the amount first where the call says so',
      { paymentDistributionPriority: 'AMOUNT_FIRST' },
      {},
      '9000 interest 300, lateFee 200',
    ],
    [
      'the amount first where the tenant says so',
      {},
      { creditPriority: 'AMOUNT_FIRST' },
      '9000 interest 300, lateFee 200',
    ],
    [
      'fees first where the call overrules the tenant',
      { paymentDistributionPriority: 'FEES_FIRST' },
      { creditPriority: 'AMOUNT_FIRST' },
      '9500 interest 0, lateFee 0',
    ],
    ['with a number for fees', { fees: 350 }, {}, '9000 interest 0, lateFee 150'],
    [
      'with a list of fees, unknown names left out (9.4.2)',
      {
        fees: [
          { name: 'lateFee', amount: 50 },
          { name: 'LateFee', amount: 99 },
        ],
      },
      {},
      '9000 interest 300, lateFee 150',
    ],
  ]
  test.each(rows)('%s', async (...[, call, settings, shown]) => {
    const tenant = await withClaim({}, settings)
    await credit(tenant, 1_000, call)
    expect(await shownOf(tenant)).toBe(shown)
  })

  test('buckets are paid in the order of the list', async () => {
    const tenant = await withClaim()
    await credit(tenant, 350)
    expect(await shownOf(tenant)).toBe('10000 interest 0, lateFee 150')
  })

  test('an amount of 0 with fees pays fees only', async () => {
    const tenant = await withClaim()
    await credit(tenant, 0, { fees: 300 })
    expect(await shownOf(tenant)).toBe('10000 interest 0, lateFee 200')
  })
})

describe('D-80: a credit', () => {
  test('beyond the total stops at 0, resolves, and says what was too much', async () => {
    const tenant = await withClaim()
    const events = await eventsDuring(it, tenant, async () => {
      const item = await credit(tenant, 10_600)
      expect(item.messages).toEqual(['Successfully credited claim C', 'Overpaid amount 100'])
    })
    expect(await linesOf(tenant)).toEqual(['C RESOLVED 0+0'])
    expect(await reasonOf(it, tenant, 'C')).toMatchObject({ reason: 'CLAIM_PAID' })
    const told = events.find(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(told?.data).toMatchObject({ overpaidAmount: 100, totalAmount: 0, originator: 'DCA' })
    expect(await balanceOf(it, tenant)).toEqual({ balance: -100, credit: 100 })
  })

  test('to exactly 0 resolves without a second message (9.1.6)', async () => {
    const tenant = await withClaim()
    const item = await credit(tenant, 10_500)
    expect(item.messages).toEqual(['Successfully credited claim C'])
    expect(await linesOf(tenant)).toEqual(['C RESOLVED 0+0'])
  })

  test('on a resolved claim is taken and leaves it resolved for its reason', async () => {
    const tenant = await withClaim()
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }])
    await credit(tenant, 700)
    expect(await linesOf(tenant)).toEqual(['C RESOLVED 9800+0'])
    await credit(tenant, 9_800)
    expect(await reasonOf(it, tenant, 'C')).toMatchObject({ reason: 'CLAIM_SOLD' })
  })

  test('or a debit in another currency is refused with 4001', async () => {
    const tenant = await withClaim()
    for (const operation of ['credit_claims', 'debit_claims']) {
      const answer = await tenant.post(operation, { C: { amount: 1, ...eur, currency: 'USD' } })
      expect(answer.body.C).toEqual(refusedWith(parameterError(4001, 'Currency does not match')))
    }
  })

  test('carries its context to the event, at most ten pairs (9.4.2)', async () => {
    const tenant = await withClaim()
    const context = { invoice: 'X', paid: true, no: 7, none: null }
    const events = await eventsDuring(it, tenant, () => credit(tenant, 1, { context }))
    const told = events.find(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(told?.data).toMatchObject({ context, reason: 'PAYMENT' })
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`k${n}`, n]))
    const answer = await tenant.post('credit_claims', { C: { amount: 1, ...eur, context: eleven } })
    expect(answer.status).toBe(400)
  })
})

describe('D-80: a list of fees that names a bucket twice', () => {
  const twice = [
    { name: 'lateFee', amount: 120 },
    { name: 'lateFee', amount: 90 },
  ]
  test.each([
    ['PAYMENT', { balance: 10_290, credit: 10 }],
    ['DISCOUNT', { balance: 10_300, credit: 0 }],
    ['ADJUSTMENT', { balance: 10_300, credit: 0 }],
  ])('credits it once with both, as %s', async (creditType, balance) => {
    const tenant = await withClaim()
    const item = await credit(tenant, 0, { creditType, fees: twice })
    expect(item.messages).toEqual(['Successfully credited claim C', 'Overpaid amount 10'])
    expect(await shownOf(tenant)).toBe('10000 interest 300, lateFee 0')
    expect(await balanceOf(it, tenant)).toEqual(balance)
  })

  test('debits it with both', async () => {
    const tenant = await withClaim()
    const more = { name: 'dunningFee', amount: 4 }
    await debit(tenant, 0, { fees: [...twice, more, more] })
    expect(await shownOf(tenant)).toBe('10000 interest 300, lateFee 410, dunningFee 8')
  })
})

describe('D-91 with D-70: fees that an update names anew', () => {
  /** The entries that a piece of work books on the claims of a tenant: `interest payment -50`. */
  async function bookedBy(tenant: TestTenant, work: () => Promise<unknown>) {
    const all = async () => {
      const { rows } = await it.database.ownerPool.query(
        `select e.kind, i.fee_type as name, i.parent_seq is null as own, e.effect * e.amount_minor as moved
         from quittance.entry e join quittance.item i using (tenant_id, account_id, item_seq)
         where e.tenant_id = $1 order by e.seq`,
        [tenant.tenantId],
      )
      return rows.map(
        ({ kind, name, own, moved }) => `${own ? 'amount' : (name ?? '-')} ${kind} ${moved}`,
      )
    }
    const before = (await all()).length
    await work()
    return (await all()).slice(before)
  }

  /** What an update of C books, and what the promise of 400 on it counts as received. */
  async function updated(tenant: TestTenant, change: Fields) {
    const body = { C: { amount: 400, currency: 'EUR', dueDate: '2026-03-20' } }
    await done(tenant, { operation: 'create_promises_to_pay', body, key: 'C' })
    const booked = await bookedBy(tenant, () =>
      done(tenant, { operation: 'update_claims', body: { C: change }, key: 'C' }),
    )
    const { rows } = await it.database.ownerPool.query(
      'select status, paid_minor::int as paid from quittance.promise where tenant_id = $1',
      [tenant.tenantId],
    )
    return { booked, promise: `${rows[0].status} ${rows[0].paid}` }
  }

  const list = (amounts: Record<string, number>) =>
    Object.entries(amounts).map(([name, amount]) => ({ name, amount }))
  const gone = ['interest adjustment -300', 'lateFee adjustment -200']
  const rows: [string, Fields, string[], string][] = [
    [
      'a total instead of the list is paid by as much as it is less',
      { totalFees: 450 },
      ['interest payment -50', 'interest adjustment -250', 'lateFee adjustment -200', '- fee 450'],
      'ACTIVE 50',
    ],
    [
      'a list of other names for the same total is not paid at all',
      { fees: list({ costs: 500 }) },
      [...gone, 'costs fee 500'],
      'ACTIVE 0',
    ],
    ['a higher total is not paid at all', { totalFees: 501 }, [...gone, '- fee 501'], 'ACTIVE 0'],
    [
      'what kept its name and fell was paid, what lost its name was not',
      { fees: list({ other: 200, interest: 250 }) },
      ['interest payment -50', 'lateFee adjustment -200', 'other fee 200'],
      'ACTIVE 50',
    ],
    [
      'what one name asks for more is not paid by another',
      { fees: list({ interest: 0, lateFee: 350 }) },
      ['interest payment -150', 'interest adjustment -150', 'lateFee adjustment 150'],
      'ACTIVE 150',
    ],
    [
      'fees and amount that both fall are paid together',
      { amount: 9_800, totalFees: 300 },
      [
        'amount payment -200',
        'interest payment -200',
        'interest adjustment -100',
        'lateFee adjustment -200',
        '- fee 300',
      ],
      'RESOLVED 400',
    ],
    [
      'fees and amount that fall to nothing are paid whole',
      { amount: 0, totalFees: 0 },
      ['amount payment -10000', 'interest payment -300', 'lateFee payment -200'],
      'RESOLVED 10500',
    ],
  ]
  for (const reason of ['PAYMENT', 'CLAIM_PAID']) {
    test.each(rows)(`${reason}: %s`, async (...[, change, booked, promise]) => {
      const tenant = await withClaim()
      expect(await updated(tenant, { ...change, reason })).toEqual({ booked, promise })
    })
  }

  test('a list instead of the total is paid by as much as it is less', async () => {
    const tenant = await withClaim({ fees: undefined, totalFees: 500 })
    const change = { amount: 9_990, fees: list({ interest: 495 }), reason: 'PAYMENT' }
    expect(await updated(tenant, change)).toEqual({
      booked: ['amount payment -10', '- payment -5', '- adjustment -495', 'interest fee 495'],
      promise: 'ACTIVE 15',
    })
    expect(await balanceOf(it, tenant)).toEqual({ balance: 10_485, credit: 0 })
  })

  test.each(['DISCOUNT', 'CLAIM_SOLD', undefined])(
    'for the reason %s is not paid',
    async (reason) => {
      const tenant = await withClaim()
      const change = { amount: 9_000, totalFees: 450, ...(reason === undefined ? {} : { reason }) }
      expect(await updated(tenant, change)).toEqual({
        booked: ['amount adjustment -1000', ...gone, '- fee 450'],
        promise: 'ACTIVE 0',
      })
      expect(await balanceOf(it, tenant)).toEqual({ balance: 9_450, credit: 0 })
    },
  )
})

describe('a debit', () => {
  test('raises the amount, adds to the bucket of its exact name or makes one (9.4.2)', async () => {
    const tenant = await withClaim()
    const more = [
      { name: 'lateFee', amount: 5 },
      { name: 'dunningFee', amount: 7 },
    ]
    await debit(tenant, 100, { fees: more })
    expect(await shownOf(tenant)).toBe('10100 interest 300, lateFee 205, dunningFee 7')
  })

  test('D-82: with a number for fees adds to the bucket named fees', async () => {
    const tenant = await withClaim({ fees: [] })
    await debit(tenant, 0, { fees: 40 })
    await debit(tenant, 0, { fees: 2 })
    expect(await shownOf(tenant)).toBe('10000 fees 42')
  })
})

describe('D-81: on a managed claim', () => {
  async function managed(): Promise<TestTenant> {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 1_000), fee('F', 50, 'I', { type: 'LATE' })])
    return tenant
  }

  /** What a call added to the ledger: `payment 5 I`. */
  async function addedBy(tenant: TestTenant, work: () => Promise<unknown>) {
    const before = (await accountOf(tenant)).ledgerEntries.length
    const events = await eventsDuring(it, tenant, work)
    const added = (await accountOf(tenant)).ledgerEntries.slice(before) as Record<string, Loose>[]
    const told = events.filter(({ type }) => type === 'event.accountLedgerEntries.added')
    expect(told.map(({ data }) => data.ledgerEntries)).toEqual([added])
    return added.map((entry) => {
      const kind = Object.keys(entry).find((key) => key.endsWith('Details'))!
      const { amount, reason, type } = entry[kind]
      const target = entry.context.ledgerEntryReference ?? 'account'
      return [kind.replace('Details', ''), amount, target, reason ?? type].filter(Boolean).join(' ')
    })
  }

  const credits: [Fields, string[]][] = [
    [{}, ['payment 50 F', 'payment 70 I']],
    [{ creditType: 'DISCOUNT' }, ['discount 50 F', 'discount 70 I']],
    [{ creditType: 'ADJUSTMENT' }, ['adjustment -50 F', 'adjustment -70 I']],
  ]
  test.each(credits)('a credit with %j is in the ledger', async (more, added) => {
    const tenant = await managed()
    const entries = await addedBy(tenant, () => credit(tenant, 120, { ...more, ...onI }))
    expect(entries).toEqual(added)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 930+0'])
  })

  const debits: [Fields, string[], string][] = [
    [{}, ['adjustment 30 I DEBIT'], 'I ACTIVE 1030+50'],
    [{ debitType: 'INTEREST' }, ['adjustment 30 I INTEREST'], 'I ACTIVE 1030+50'],
    [{ debitType: 'CHARGEBACK' }, ['chargeback 30 I'], 'I ACTIVE 1030+50'],
    [
      {
        fees: [
          { name: 'LATE', amount: 5 },
          { name: 'NEW', amount: 6 },
        ],
      },
      ['adjustment 30 I DEBIT', 'adjustment 5 F DEBIT', 'fee 6 I NEW'],
      'I ACTIVE 1030+61',
    ],
  ]
  test.each(debits)('a debit with %j is in the ledger', async (more, added, line) => {
    const tenant = await managed()
    expect(await addedBy(tenant, () => debit(tenant, 30, { ...more, ...onI }))).toEqual(added)
    expect(await linesOf(tenant)).toEqual([line])
  })

  test('more than it asks for is credit of the account, and a debit makes it active again', async () => {
    const tenant = await managed()
    const entries = await addedBy(tenant, () => credit(tenant, 1_060, onI))
    expect(entries).toEqual(['payment 50 F', 'payment 1000 I', 'payment 10 account'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: -10, credit: 10 })
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 0+0'])
    await debit(tenant, 5, onI)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 5+0'])
  })

  test('a discount by credit alone discards it (D-53)', async () => {
    const tenant = await managed()
    await credit(tenant, 1_050, { creditType: 'DISCOUNT', ...onI })
    expect(await reasonOf(it, tenant, 'I')).toEqual({
      status: 'RESOLVED',
      reason: 'CLAIM_DISCARDED',
    })
  })

  test('the date of a credit is the createdAt of its entry', async () => {
    const tenant = await managed()
    await credit(tenant, 5, { date: 1_647_526_514_000, descriptionText: 'part', ...onI })
    const entry = (await accountOf(tenant)).ledgerEntries.at(-1)
    expect(entry.paymentDetails).toMatchObject({
      amount: 5,
      createdAt: 1_647_526_514_000,
      meta: { originator: 'DCA', descriptionText: 'part' },
    })
  })

  test('D-52: the date and the words of a debit are those of every fee it makes', async () => {
    const tenant = await managed()
    const date = 1_647_526_514_000
    const words = { date, descriptionText: 'late again', context: { letter: 3 } }
    await debit(tenant, 0, { fees: [{ name: 'NEW', amount: 6 }], ...words, ...onI })
    const { ledgerEntryReference, ...entry } = (await accountOf(tenant)).ledgerEntries.at(-1)
    expect(entry).toEqual({
      feeDetails: {
        amount: 6,
        type: 'NEW',
        createdAt: date,
        meta: { originator: 'DCA', descriptionText: 'late again', context: { letter: 3 } },
      },
      context: { ledgerEntryReference: 'I' },
    })
    // Older than the invoice, it is paid before it.
    const body = [
      {
        accountReference: 'ACC',
        currency: 'EUR',
        totalAmount: 10,
        matchStrategy: 'ORDERED_LEDGER_ENTRIES',
      },
    ]
    const answer = await tenant.post('match_account_payment', body)
    const [first] = answer.body.ACC.data
    expect(first).toMatchObject({
      paymentDetails: { amount: 6 },
      context: { ledgerEntryReference },
    })
  })

  test('D-91: a chargeback on a fee that is not there yet is money taken back, no new fee', async () => {
    const tenant = await managed()
    const fees = [{ name: 'NEW', amount: 6 }]
    const added = await addedBy(tenant, () =>
      debit(tenant, 0, { debitType: 'CHARGEBACK', fees, ...onI }),
    )
    const made = (await accountOf(tenant)).ledgerEntries.at(-1).context.ledgerEntryReference
    expect(added).toEqual(['fee I NEW', `chargeback 6 ${made}`])
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 1000+56'])
  })
})
