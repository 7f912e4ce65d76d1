import { describe, expect, test } from 'vitest'
import { person, type TestTenant, world } from '../../world.ts'
import type { Loose } from './given.ts'

const it = world()
const t = (n: number) => Date.UTC(2026, 0, n)

/** The account of spec/receeve.md §7.3, fresh for each row. */
async function freshAccount(tenant: TestTenant): Promise<void> {
  const answer = await tenant.post('create_accounts', {
    ACC: {
      currency: 'EUR',
      debtors: [person('D')],
      products: [{ productReference: 'P1' }, { productReference: 'P2' }],
      ledgerEntries: [
        invoice('INV-1', 10_000, { at: t(1), product: 'P1' }),
        fee('FEE-1', 500, { at: t(2), type: 'PENALTY_FEE', of: 'INV-1' }),
        fee('AFEE-1', 700, { at: t(3), type: 'COLLECTION_FEE' }),
        invoice('INV-2', 8_000, { at: t(4), product: 'P2' }),
        fee('FEE-2', 300, { at: t(5), type: 'PERCENT_DEBT_FEE', of: 'INV-2' }),
        {
          ledgerEntryReference: 'ADJ-1',
          adjustmentDetails: { amount: 400, createdAt: t(6) },
          context: {},
        },
        fee('FEE-3', 200, { at: t(7), type: 'PENALTY_FEE', of: 'INV-2' }),
      ],
    },
  })
  expect(answer.body.ACC).toMatchObject({ success: true })
}

function invoice(
  reference: string,
  amount: number,
  { at, product }: { at: number; product: string },
) {
  return {
    ledgerEntryReference: reference,
    invoiceDetails: { amount, dueDate: '2026-01-31', createdAt: at },
    context: { productReference: product },
  }
}

function fee(
  reference: string,
  amount: number,
  { at, type, of }: { at: number; type: string; of?: string },
) {
  return {
    ledgerEntryReference: reference,
    feeDetails: { amount, type, createdAt: at },
    context: of === undefined ? {} : { ledgerEntryReference: of },
  }
}

interface Shown {
  ledgerEntryReference: string
  paymentDetails: { amount: number }
  context: { ledgerEntryReference?: string; productReference?: string }
}

/** `INV-1 10000`, or `unallocated 3500`. */
function booked(entries: Shown[]): string[] {
  return entries.map(({ paymentDetails, context }) => {
    return `${context.ledgerEntryReference ?? 'unallocated'} ${paymentDetails.amount}`
  })
}

async function left(tenant: TestTenant) {
  const claims = await tenant.get('get_account_claims', 'accountReference=ACC')
  const shown = claims.body.map((claim: Loose) => {
    return `${claim.claimReference} ${claim.status} ${claim.amount}+${claim.totalFees}`
  })
  const { rows } = await it.database.ownerPool.query(
    `select credit_minor as credit, (select coalesce(sum(outstanding_minor), 0)::bigint from quittance.item i
       where i.tenant_id = a.tenant_id and i.account_id = a.account_id and parent_seq is null and kind <> 'invoice') as account
     from quittance.account a where tenant_id = $1`,
    [tenant.tenantId],
  )
  return { claims: shown, account: rows[0].account, credit: rows[0].credit }
}

interface Row {
  strategy: string
  amount: number
  context?: Record<string, unknown>
  books: string[]
  claims: string[]
  account: number
  credit?: number
}

const ordered = 'ORDERED_LEDGER_ENTRIES'
const invoicesFirst = 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES'
const accountFirst = 'ACCOUNT_ENTRIES_THEN_ORDERED_INVOICES_WITH_FEES'
const custom = 'CUSTOM_ORDERED_FEES'

const rows: Row[] = [
  {
    strategy: ordered,
    amount: 12_000,
    books: ['INV-1 10000', 'FEE-1 500', 'AFEE-1 700', 'INV-2 800'],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 ACTIVE 7200+500'],
    account: 400,
  },
  {
    strategy: invoicesFirst,
    amount: 12_000,
    books: ['INV-1 10000', 'FEE-1 500', 'INV-2 1500'],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 ACTIVE 6500+500'],
    account: 1_100,
  },
  {
    strategy: accountFirst,
    amount: 12_000,
    books: ['AFEE-1 700', 'ADJ-1 400', 'INV-1 10000', 'FEE-1 500', 'INV-2 400'],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 ACTIVE 7600+500'],
    account: 0,
  },
  {
    strategy: custom,
    amount: 12_000,
    context: { feeLedgerEntriesOrder: ['PENALTY_FEE', 'PERCENT_DEBT_FEE'] },
    books: ['FEE-1 500', 'FEE-3 200', 'FEE-2 300', 'AFEE-1 700', 'INV-1 10000', 'INV-2 300'],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 ACTIVE 7700+0'],
    account: 400,
  },
  {
    strategy: custom,
    amount: 12_000,
    books: ['FEE-1 500', 'AFEE-1 700', 'FEE-2 300', 'FEE-3 200', 'INV-1 10000', 'INV-2 300'],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 ACTIVE 7700+0'],
    account: 400,
  },
  {
    strategy: invoicesFirst,
    amount: 12_000,
    context: { productReference: 'P2' },
    books: ['INV-2 8000', 'FEE-2 300', 'FEE-3 200', 'unallocated 3500'],
    claims: ['INV-1 ACTIVE 10000+500', 'INV-2 RESOLVED 0+0'],
    account: 1_100,
    credit: 3_500,
  },
  {
    strategy: ordered,
    amount: 25_000,
    books: [
      'INV-1 10000',
      'FEE-1 500',
      'AFEE-1 700',
      'INV-2 8000',
      'FEE-2 300',
      'ADJ-1 400',
      'FEE-3 200',
      'unallocated 4900',
    ],
    claims: ['INV-1 RESOLVED 0+0', 'INV-2 RESOLVED 0+0'],
    account: 0,
    credit: 4_900,
  },
  {
    strategy: invoicesFirst,
    amount: 10_200,
    books: ['INV-1 10000', 'FEE-1 200'],
    claims: ['INV-1 ACTIVE 0+300', 'INV-2 ACTIVE 8000+500'],
    account: 1_100,
  },
  {
    strategy: custom,
    amount: 900,
    context: { feeLedgerEntriesOrder: ['PERCENT_DEBT_FEE'] },
    books: ['FEE-2 300', 'FEE-1 500', 'AFEE-1 100'],
    claims: ['INV-1 ACTIVE 10000+0', 'INV-2 ACTIVE 8000+200'],
    account: 1_000,
  },
  {
    strategy: accountFirst,
    amount: 1_000,
    books: ['AFEE-1 700', 'ADJ-1 300'],
    claims: ['INV-1 ACTIVE 10000+500', 'INV-2 ACTIVE 8000+500'],
    account: 100,
  },
]

describe('match_account_payment books as the worked example of §7.3 says', () => {
  test.each(rows)('$strategy, $amount, $context', async (row) => {
    const tenant = await it.tenant()
    await freshAccount(tenant)
    expect(await left(tenant)).toMatchObject({
      claims: ['INV-1 ACTIVE 10000+500', 'INV-2 ACTIVE 8000+500'],
      account: 1_100,
    })
    const answer = await tenant.post('match_account_payment', [
      {
        accountReference: 'ACC',
        currency: 'EUR',
        totalAmount: row.amount,
        matchStrategy: row.strategy,
        ...(row.context ? { context: row.context } : {}),
      },
    ])
    expect(booked(answer.body.ACC.data)).toEqual(row.books)
    expect(await left(tenant)).toEqual({
      claims: row.claims,
      account: row.account,
      credit: row.credit ?? 0,
    })
    const rest = row.credit === undefined ? [] : [`Unallocated amount ${row.credit}`]
    expect(answer.body.ACC.messages).toEqual([
      'Successfully matched payment for account ACC',
      ...rest,
    ])
  })
})

type Step = { ledgerEntryReference: string; amount: number; reason: string; meta: object }
const step = (ledgerEntryReference: string, amount: number, reason: string): Step => {
  return { ledgerEntryReference, amount, reason, meta: {} }
}

async function accountWith(tenant: TestTenant, entries: object[]) {
  const answer = await tenant.post('create_accounts', {
    ACC: { currency: 'EUR', debtors: [person('D')], ledgerEntries: entries },
  })
  expect(answer.body.ACC.success).toBe(true)
}

const plainInvoice = (reference: string, amount: number) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate: '2026-01-31' },
  context: {},
})
const paymentOf = (reference: string, amount: number) => ({
  ledgerEntryReference: `PAY-${reference}-${amount}`,
  paymentDetails: { amount },
  context: { ledgerEntryReference: reference },
})

/** The entries that a call booked: kind and amount, in order. */
async function bookedBy(tenant: TestTenant, steps: Step[]) {
  const before = (await tenant.get('get_account', 'accountReference=ACC')).body.ledgerEntries.length
  const answer = await tenant.post('update_account_ledger_entries_amounts', [
    { accountReference: 'ACC', ledgerEntries: steps },
  ])
  const account = await tenant.get('get_account', 'accountReference=ACC')
  const entries = account.body.ledgerEntries.slice(before).map((entry: Loose) => {
    const kind = Object.keys(entry).find((key) => key.endsWith('Details'))!
    return `${kind.replace('Details', '')} ${entry[kind].amount} ${entry.context.ledgerEntryReference}`
  })
  return { answer: answer.body.ACC, entries }
}

describe('update_account_ledger_entries_amounts books as the worked examples of §8.3 say', () => {
  test('A: a chargeback restores a paid invoice and a payment settles another', async () => {
    const tenant = await it.tenant()
    const entries = [
      plainInvoice('INV_1', 100_000),
      plainInvoice('INV_2', 13_025),
      paymentOf('INV_1', 100_000),
    ]
    await accountWith(tenant, entries)
    expect((await left(tenant)).claims).toEqual(['INV_1 RESOLVED 0+0', 'INV_2 ACTIVE 13025+0'])
    const { entries: bookedEntries, answer } = await bookedBy(tenant, [
      step('INV_1', 10_000, 'CHARGEBACK'),
      step('INV_2', 0, 'PAYMENT'),
    ])
    expect(bookedEntries).toEqual(['chargeback 10000 INV_1', 'payment 13025 INV_2'])
    expect((await left(tenant)).claims).toEqual(['INV_1 ACTIVE 10000+0', 'INV_2 RESOLVED 0+0'])
    expect(answer).toMatchObject({ success: true, data: [{ accountReference: 'ACC' }] })
  })

  test('A, with 95000 paid: the chargeback is the difference of 5000', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV_1', 100_000), paymentOf('INV_1', 95_000)])
    expect((await bookedBy(tenant, [step('INV_1', 10_000, 'CHARGEBACK')])).entries).toEqual([
      'chargeback 5000 INV_1',
    ])
  })

  test('A, with nothing paid: lowering by CHARGEBACK is refused with 4013', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV_1', 100_000)])
    const { answer, entries } = await bookedBy(tenant, [step('INV_1', 10_000, 'CHARGEBACK')])
    expect(answer).toMatchObject({
      success: false,
      messageIds: [],
      messages: ['[4013] ParameterInputError: Amount direction does not fit the reason'],
    })
    expect(entries).toEqual([])
  })

  test('B: several steps on one reference lead to the last amount and change the claim once', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV', 10_000)])
    const steps = [
      step('INV', 12_000, 'INTEREST'),
      step('INV', 4_000, 'PAYMENT'),
      step('INV', 9_000, 'CHARGEBACK'),
    ]
    const { entries } = await bookedBy(tenant, steps)
    expect(entries).toEqual(['adjustment 2000 INV', 'payment 8000 INV', 'chargeback 5000 INV'])
    expect((await left(tenant)).claims).toEqual(['INV ACTIVE 9000+0'])
    const { rows } = await it.database.ownerPool.query(
      `select data from quittance.event where tenant_id = $1 and type = 'event.claimTotalAmount.updated'`,
      [tenant.tenantId],
    )
    expect(rows.map((row) => [row.data.oldAmount, row.data.amount])).toEqual([[10_000, 9_000]])
  })

  test('C: a waived fee leaves the principal alone', async () => {
    const tenant = await it.tenant()
    await freshAccount(tenant)
    expect((await bookedBy(tenant, [step('FEE-1', 0, 'WAIVED')])).entries).toEqual([
      'adjustment -500 FEE-1',
    ])
    expect((await left(tenant)).claims[0]).toBe('INV-1 ACTIVE 10000+0')
  })

  test('D: the amount as it is books nothing and succeeds', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV', 4_000)])
    const { answer, entries } = await bookedBy(tenant, [step('INV', 4_000, 'SYNC')])
    expect([answer.success, entries]).toEqual([true, []])
  })

  test('E: one wrong direction drops every step of its account and none of another', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV', 4_000), plainInvoice('INV-B', 900)])
    await tenant.post('create_accounts', {
      OTHER: {
        currency: 'EUR',
        debtors: [person('E')],
        ledgerEntries: [plainInvoice('INV-O', 700)],
      },
    })
    const answer = await tenant.post('update_account_ledger_entries_amounts', [
      {
        accountReference: 'ACC',
        ledgerEntries: [step('INV-B', 0, 'PAYMENT'), step('INV', 6_000, 'PAYMENT')],
      },
      { accountReference: 'OTHER', ledgerEntries: [step('INV-O', 0, 'PAYMENT')] },
    ])
    expect(answer.body).toMatchObject({ ACC: { success: false }, OTHER: { success: true } })
    expect((await left(tenant)).claims).toEqual(['INV ACTIVE 4000+0', 'INV-B ACTIVE 900+0'])
  })

  test('F: a chargeback reopens a managed claim that was paid (D-53)', async () => {
    const tenant = await it.tenant()
    await accountWith(tenant, [plainInvoice('INV', 2_500), paymentOf('INV', 2_500)])
    expect((await left(tenant)).claims).toEqual(['INV RESOLVED 0+0'])
    expect((await bookedBy(tenant, [step('INV', 2_500, 'CHARGEBACK')])).entries).toEqual([
      'chargeback 2500 INV',
    ])
    expect((await left(tenant)).claims).toEqual(['INV ACTIVE 2500+0'])
  })

  test('G: three references of one claim change it once and resolve it as paid', async () => {
    const tenant = await it.tenant()
    await freshAccount(tenant)
    const steps = [
      step('INV-2', 0, 'PAYMENT'),
      step('FEE-2', 0, 'PAYMENT'),
      step('FEE-3', 0, 'WAIVED'),
    ]
    expect((await bookedBy(tenant, steps)).entries).toEqual([
      'payment 8000 INV-2',
      'payment 300 FEE-2',
      'adjustment -200 FEE-3',
    ])
    expect((await left(tenant)).claims[1]).toBe('INV-2 RESOLVED 0+0')
    const { rows } = await it.database.ownerPool.query(
      `select type, data from quittance.event where tenant_id = $1 and data ->> 'claimRef' = 'INV-2' order by seq`,
      [tenant.tenantId],
    )
    expect(rows.map(({ type }) => type)).toEqual([
      'event.claim.created',
      'event.claimTotalAmount.updated',
      'event.claim.resolved',
    ])
    expect(rows[1].data).toMatchObject({ oldTotalAmount: 8_500, totalAmount: 0 })
    expect(rows[2].data).toMatchObject({ reason: 'CLAIM_PAID' })
  })
})
