import { beforeAll, expect, test } from 'vitest'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOf, type Statement, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs, many, write } from './history.ts'

const it = world()
let tenant: TestTenant

const call = (name: string, body?: object) =>
  it.inject({
    method: body ? 'POST' : 'GET',
    url: `/invoices/${name}`,
    headers: {
      apikey: tenant.payofin.apiKey,
      secretkey: tenant.payofin.secretKey,
      'content-type': 'application/json',
    },
    ...(body ? { payload: JSON.stringify(body) } : {}),
  })

const each = `from generate_series(1, ${many}) as n`
// Some thirty payments on each day of a year.
const at = `timestamptz '2025-03-10 12:00Z' + n * interval '52 minutes'`

/** Queries and payments of the first merchant. */
const collected = `
  insert into payofin_query (tenant_id, merchant_id, soot_code, subscriber_no, additional_no, firm_ref_no, customer_name,
    claim_reference, amount_minor, currency, commission_minor, profit_minor, due_on, created_at, valid_until)
  select $1::uuid, m.merchant_id, 1, 'A-' || n, '', 'f', 'Ada', 'C-' || n, 100, 'TRY', 0, 0, '2026-01-01', ${at}, ${at} ${each}
  join payofin_merchant m on m.tenant_id = $1::uuid;
  insert into payofin_payment (tenant_id, merchant_id, query_id, claim_reference, amount_minor, currency, commission_minor,
    profit_minor, balance_minor, shares, status, paid_at)
  select q.tenant_id, q.merchant_id, q.query_id, q.claim_reference, 100, 'TRY', 0, 0, 0, '[]', 'Paid', q.created_at
  from payofin_query q where q.tenant_id = $1::uuid order by q.query_id;
  insert into payofin_movement (tenant_id, merchant_id, seq, kind, debit, credit, amount_minor, effect, payment_id, note,
    created_at)
  select p.tenant_id, p.merchant_id, row_number() over (order by p.payment_id), 'PAYMENT', 'a', 'b', 100, -1, p.payment_id, '',
    p.paid_at
  from payofin_payment p where p.tenant_id = $1::uuid;
  update payofin_merchant set movement_seq = ${many} where tenant_id = $1::uuid`

beforeAll(async () => {
  tenant = await it.tenant()
  await call('sootlist')
  await write(it, tenant, collected)
  await fill(it, tenant, ['accounts', 'aroundClaims'])
}, fillingMs)

const ask = (subscriberNo: string) => ({
  sootCode: 1,
  subscriberNo,
  additionalNo: '',
  firmRefNo: 'f',
})
const idOf = async () => {
  const { rows } = await it.database.ownerPool.query<{ id: number }>(
    'select min(payment_id) + 17 as id from quittance.payofin_payment where tenant_id = $1',
    [tenant.tenantId],
  )
  return rows[0]!.id
}

async function expectBounded(
  table: string,
  most: number,
  work: () => Promise<unknown>,
  isWanted: (statement: Statement) => boolean = () => true,
) {
  const statements = (await statementsOf(work)).filter(isWanted)
  const { connection } = it.database
  const scans = await scansOf({ connection, tenantId: tenant.tenantId }, statements)
  expect(tablesIn(scans)).toContain(table)
  expectAtMost(most, scans)
}

const fine = { result: true, resultCode: 1 }

test.each([
  ['accountReference', 'A-17'],
  ['paymentReference', 'PR-17'],
  ['debtorReference', 'D-17'],
])(
  'a subscriber by %s is found among thousands without looking at the others',
  async (kind, no) => {
    const changed = await tenant.call({
      method: 'PATCH',
      url: '/q/v1/payofin/institutions/1',
      payload: { subscriberKind: kind },
    })
    expect(changed.status).toBe(200)
    await expectBounded('account', 20, async () => {
      const answer = await call('invoicequery', ask(no))
      expect(answer.body).toMatchObject({ ...fine, invoiceList: [{ invoiceNo: 'C-17' }] })
    })
  },
)

test('one payment is shown, and a receipt printed, without looking at the others', async () => {
  const invoicePaymentId = await idOf()
  await expectBounded('payofin_payment', 20, async () => {
    const shown = await call('invoicecheck', { invoicePaymentId })
    expect(shown.body).toMatchObject(fine)
    const printed = await call('invoicereceipt', { invoicePaymentList: [{ invoicePaymentId }] })
    expect(printed.body).toMatchObject(fine)
  })
})

test('the payments of a day are listed without reading those of other days', async () => {
  await expectBounded('payofin_payment', 60, async () => {
    const answer = await call('invoicelist', { firstDate: '2025-06-01', lastDate: '2025-06-01' })
    expect(answer.body).toMatchObject(fine)
    expect(answer.body.invoiceList.length).toBeGreaterThan(20)
  })
})

test('a payment looks for its debt and its float alone', async () => {
  const { body } = await call('invoicequery', ask('D-18'))
  const { invoiceQueryId } = body.invoiceList[0]
  await tenant.call({
    method: 'POST',
    url: `/q/v1/payofin/merchants/${tenant.payofin.merchantId}/top-ups`,
    payload: { amount: '1000.00' },
  })
  // What it books cannot be booked again; that reads of the book are bounded is for others to show.
  const isRead = ({ text }: Statement) => /^\s*select.*payofin_/s.test(text)
  await expectBounded(
    'payofin_query',
    20,
    async () => expect((await call('invoicepayment', { invoiceQueryId })).body).toMatchObject(fine),
    isRead,
  )
})

test.each([
  ['payments?limit=5', 'payofin_payment'],
  ['merchants/1/movements?limit=5', 'payofin_movement'],
])('our own door pages through %s', async (path, table) => {
  const url = `/q/v1/payofin/${path.replace('/1/', `/${tenant.payofin.merchantId}/`)}`
  await expectBounded(table, 20, async () => {
    expect((await tenant.call({ method: 'GET', url })).status).toBe(200)
  })
})
