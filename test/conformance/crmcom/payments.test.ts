import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  balanceOf,
  cash,
  type Client,
  clientOf,
  expectRefused,
  invoiceLines,
  type Loose,
  openAccount,
  payWhole,
  postInvoice,
} from './given.ts'

const it = world()
const noon = it.now
afterEach(() => {
  it.now = noon
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Invoice = readonly [reference: string, amount: number, dueDate?: string]

async function prepared(...invoices: Invoice[]): Promise<Client> {
  const tenant = await it.tenant()
  await openAccount(tenant, { reference: 'A', invoices })
  return clientOf(it, tenant)
}

const cancelBody = (payment: { id: string }) => ({
  payment_identifier: { id: payment.id },
  type_identifier: { name: 'Payment Cancellation' },
})

const show = (client: Client, { id }: { id: string }) =>
  client.read('payments/show', { payment_identifier: `id=${id}` })

/** What the Receeve door says that the claims of account A ask for, in cents. */
async function owedAtReceeve(tenant: TestTenant): Promise<Record<string, number>> {
  const answer = await tenant.get('get_account_claims', 'accountReference=A')
  const claims: Loose[] = answer.body
  return Object.fromEntries(claims.map((one) => [one.claimReference, one.amount + one.totalFees]))
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await holds())) {
    expect(Date.now(), 'it came true in time').toBeLessThan(deadline)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('a draft', () => {
  test('books nothing, has a reference number and no number, and is issued now', async () => {
    const client = await prepared(['I1', 10_000])
    const draft = await client.ok('payments/create', cash('A', 60, { life_cycle_state: 'DRAFT' }))
    expect(draft).toMatchObject({
      life_cycle_state: 'DRAFT',
      number: null,
      posted_on: null,
      reference_number: '1',
      // Berlin, an hour ahead.
      issued_on: '2026-03-10T13:00:00',
    })
    expect(await balanceOf(client, 'A')).toBe(100)
    expect(await invoiceLines(client, 'A')).toEqual(['I1 100 of 100'])
  })

  test('is posted with the next number and pays what it was meant for first', async () => {
    const client = await prepared(['I1', 10_000, '2026-03-31'], ['I2', 5_000, '2026-04-30'])
    const draft = await client.ok(
      'payments/create',
      cash('A', 60, {
        life_cycle_state: 'DRAFT',
        invoices_to_pay_set: [{ invoice_identifier: { number: 'I2' } }],
      }),
    )
    it.now = new Date('2026-03-10T12:30:00.000Z')
    const posted = await client.ok('payments/post', { payment_identifier: { id: draft.id } })
    expect(posted).toMatchObject({
      life_cycle_state: 'POSTED',
      number: '1',
      posted_on: '2026-03-10T13:30:00',
    })
    expect(await invoiceLines(client, 'A')).toEqual(['I1 90 of 100', 'I2 0 of 50'])
    expect(await owedAtReceeve(client.tenant)).toEqual({ I1: 9_000, I2: 0 })
  })

  test('is rejected for the default reason unless one is named, and stays without a number', async () => {
    const client = await prepared()
    const draft = await client.ok('payments/create', cash('A', 60, { life_cycle_state: 'DRAFT' }))
    const identifier = { payment_identifier: { reference_number: draft.reference_number } }
    expect(await client.ok('payments/reject', identifier)).toMatchObject({
      life_cycle_state: 'REJECTED',
      number: null,
      posted_on: null,
    })
    const shown = await show(client, draft)
    expect(shown.rejection_reason.name).toBe('Reject Due to Error')
    for (const method of ['reject', 'post', 'update'])
      expectRefused(
        await client.post(`payments/${method}`, identifier),
        'PAYMENTS.PAYMENTNOTINDRAFTSTATE',
      )
    expectRefused(
      await client.post('payments/cancel', cancelBody(draft)),
      'PAYMENTS.PAYMENTNOTINPOSTEDSTATE',
    )
  })

  test('changes what an update names, adds to and removes from its sets, and keeps the rest', async () => {
    const client = await prepared(['I1', 10_000], ['I2', 5_000])
    const draft = await client.ok(
      'payments/create',
      cash('A', 60, {
        life_cycle_state: 'DRAFT',
        notes: 'first',
        udf_string_1: 'one',
        udf_float_1: 1.5,
        invoices_to_pay_set: [{ invoice_identifier: { number: 'I1' } }],
      }),
    )
    const updated = await client.ok('payments/update', {
      payment_identifier: { id: draft.id },
      payment_amount: '70.25',
      category_identifier: { code: 'IP' },
      payment_method_identifier: { alternative_code: 'BT' },
      back_office_code: 'BO-1',
      udf_string_1: null,
      udf_date_2: '2026-01-01T00:00:00',
      invoices_to_pay_set: [
        { action: 'REMOVE', invoice_identifier: { number: 'I1' } },
        { action: 'ADD', invoice_identifier: { number: 'I2' } },
      ],
    })
    expect(updated).toMatchObject({ life_cycle_state: 'DRAFT', payment_amount: 70.25 })
    const shown = await client.read('payments/show', {
      payment_identifier: 'back_office_code=BO-1',
    })
    expect(shown).toMatchObject({
      notes: 'first',
      udf_string_1: null,
      udf_float_1: 1.5,
      udf_date_2: '2026-01-01T00:00:00',
      category: { name: 'Invoice Payments', code: 'IP' },
      payment_method: { name: 'Bank Transfer' },
      invoices_to_pay_set: [{ number: 'I2' }],
    })
  })
})

describe('allocation', () => {
  test('pays the earliest due date first, to the cent, and leaves the rest as credit', async () => {
    const client = await prepared(['late', 5_001, '2026-06-30'], ['soon', 4_999, '2026-03-31'])
    await client.ok('payments/create', cash('A', '50.00'))
    expect(await invoiceLines(client, 'A')).toEqual(['late 50 of 50.01', 'soon 0 of 49.99'])
    await client.ok('payments/create', cash('A', 60))
    expect(await invoiceLines(client, 'A')).toEqual(['late 0 of 50.01', 'soon 0 of 49.99'])
    expect(await balanceOf(client, 'A')).toBe(-10)
  })

  test('takes up what a payment left as credit when the next invoice is posted, by whatever door', async () => {
    const client = await prepared()
    const paid = await client.ok('payments/create', cash('A', 60))
    expect(await balanceOf(client, 'A')).toBe(-60)
    await postInvoice(client.tenant, 'A', ['I1', 4_000])
    await until(async () => (await invoiceLines(client, 'A'))[0] === 'I1 0 of 40')
    await postInvoice(client.tenant, 'A', ['I2', 4_000])
    await until(async () => (await invoiceLines(client, 'A'))[1] === 'I2 20 of 40')
    expect(await balanceOf(client, 'A')).toBe(20)
    expect(await owedAtReceeve(client.tenant)).toEqual({ I1: 0, I2: 2_000 })
    // Cancelled, it is taken back from where it went.
    await client.ok('payments/cancel', cancelBody(paid))
    expect(await invoiceLines(client, 'A')).toEqual(['I1 40 of 40', 'I2 40 of 40'])
    expect(await balanceOf(client, 'A')).toBe(80)
  })

  test('leaves credit alone that the Receeve door booked: it is shown there and never spent (D-55)', async () => {
    const client = await prepared()
    const booked = await client.tenant.post('add_account_ledger_entries', [
      {
        accountReference: 'A',
        ledgerEntryReference: 'P',
        paymentDetails: { amount: 5_000 },
        context: {},
      },
    ])
    expect(booked.body.A).toMatchObject({ success: true })
    await postInvoice(client.tenant, 'A', ['I1', 4_000])
    await client.ok('payments/create', cash('A', 10))
    expect(await invoiceLines(client, 'A')).toEqual(['I1 30 of 40'])
    expect(await balanceOf(client, 'A')).toBe(-20)
  })

  test('takes nothing for a named invoice that is settled already, and goes on with the others', async () => {
    const client = await prepared(['I1', 1_000], ['I2', 2_000])
    await client.ok('payments/pay_invoice', payWhole('A', { invoice_identifier: { number: 'I1' } }))
    const named = { invoices_to_pay_set: [{ invoice_identifier: { number: 'I1' } }] }
    await client.ok('payments/create', cash('A', 5, named))
    expect(await invoiceLines(client, 'A')).toEqual(['I1 0 of 10', 'I2 15 of 20'])
  })
})

describe('paying a whole invoice or bill', () => {
  test('pays what is left of it, its fees included, before and after its due date', async () => {
    const client = await prepared(['I1', 10_000, '2026-03-31'])
    const fee = {
      accountReference: 'A',
      ledgerEntryReference: 'F',
      feeDetails: { amount: 250 },
      context: { ledgerEntryReference: 'I1' },
    }
    await client.tenant.post('add_account_ledger_entries', [fee])
    await client.ok('payments/create', cash('A', 2))
    const shown = await client.read('invoices/show', { invoice_identifier: 'number=I1' })
    expect(shown).toMatchObject({
      total_amount: 102.5,
      unsettled_amount: 100.5,
      outstanding_amount: 0,
    })
    it.now = new Date('2026-04-01T12:00:00.000Z')
    const later = await clientOf(it, client.tenant)
    const overdue = await later.read('invoices/show', { invoice_identifier: 'number=I1' })
    expect(overdue).toMatchObject({ unsettled_amount: 100.5, outstanding_amount: 100.5 })
    const identifier = { invoice_identifier: { reference_number: shown.reference_number } }
    const paid = await later.ok('payments/pay_invoice', payWhole('A', identifier))
    expect(paid.payment_amount).toBe(100.5)
    expectRefused(
      await later.post('payments/pay_invoice', payWhole('A', identifier)),
      'PAYMENTS.INVOICEALREADYSETTLED',
    )
    it.now = noon
    expect(await owedAtReceeve(client.tenant)).toEqual({ I1: 0 })
  })

  test('pays the invoices of a bill and nothing else', async () => {
    const client = await prepared(['I1', 1_000, '2026-03-01'], ['I2', 2_000], ['I3', 3_000])
    const bill = await client.own('POST', '/bills', {
      accountReference: 'A',
      fromDate: '2026-02-01',
      toDate: '2026-02-28',
      invoices: ['I2', 'I3'],
    })
    expect(bill.number).toBe('1')
    await client.ok(
      'payments/create',
      cash('A', 5, {
        bills_to_pay_set: [{ bill_identifier: { number: '1' } }],
      }),
    )
    const before = await client.read('bills/show', { bill_identifier: 'number=1' })
    expect(before).toMatchObject({
      status: 'PARTIALLY_SETTLED',
      total_billed_amount: 50,
      unsettled_amount: 45,
    })
    const paid = await client.ok(
      'payments/pay_bill',
      payWhole('A', { bill_identifier: { number: '1' } }),
    )
    expect(paid.payment_amount).toBe(45)
    expect(await invoiceLines(client, 'A')).toEqual(['I1 10 of 10', 'I2 0 of 20', 'I3 0 of 30'])
    expectRefused(
      await client.post('payments/pay_bill', payWhole('A', { bill_identifier: { number: '1' } })),
      'PAYMENTS.BILLALREADYSETTLED',
    )
    const query = { accounts_receivable_identifier: 'number=A' }
    expect(await client.read('bills/list', query)).toMatchObject([
      { number: '1', status: 'SETTLED' },
    ])
    expect(await client.read('bills/get_latest', { ...query, number: '1' })).toHaveLength(1)
  })

  test('happens once, however many ask for it at the same moment, and the money is exact', async () => {
    const client = await prepared(['I1', 12_345], ['I2', 100])
    const body = payWhole('A', { invoice_identifier: { number: 'I1' } })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.post('payments/pay_invoice', body)),
    )
    const codes: string[] = answers.map(({ body: { status } }) => status.code)
    codes.sort((a, b) => a.localeCompare(b))
    expect(codes).toEqual([
      ...Array.from(
        { length: 49 },
        () => 'COM.CRM.EXCEPTION.PAYMENTS.INVOICEALREADYSETTLEDEXCEPTION',
      ),
      'OK',
    ])
    expect(await invoiceLines(client, 'A')).toEqual(['I1 0 of 123.45', 'I2 1 of 1'])
    expect(await balanceOf(client, 'A')).toBe(1)
  })
})

describe('cancelling', () => {
  test('takes the payment back whole and lets other credit take up what is open again', async () => {
    const client = await prepared(['I1', 10_000])
    const first = await client.ok('payments/create', cash('A', 100))
    const second = await client.ok('payments/create', cash('A', 30))
    expect(await balanceOf(client, 'A')).toBe(-30)
    const answer = await client.ok('payments/cancel', {
      ...cancelBody(first),
      category_identifier: { name: 'Cancellation Because of Mistake' },
      notes: 'typed twice',
      issue_reason: 'mistake',
      back_office_code: 'BO',
    })
    expect(answer).toMatchObject({
      payment: { id: first.id, life_cycle_state: 'CANCELLED', number: '1' },
      payment_cancellation: {
        payment_amount: 100,
        number: '1',
        reference_number: '1',
        life_cycle_state: 'POSTED',
      },
    })
    expect(await invoiceLines(client, 'A')).toEqual(['I1 70 of 100'])
    expect(await balanceOf(client, 'A')).toBe(70)
    expect(await owedAtReceeve(client.tenant)).toEqual({ I1: 7_000 })
    expect((await show(client, first)).life_cycle_state).toBe('CANCELLED')
    await client.ok('payments/cancel', cancelBody(second))
    expect(await balanceOf(client, 'A')).toBe(100)
  })

  test('happens once, however many ask for it at the same moment', async () => {
    const client = await prepared(['I1', 10_000])
    const paid = await client.ok('payments/create', cash('A', 150))
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.post('payments/cancel', cancelBody(paid))),
    )
    expect(answers.filter(({ body }) => body.status.code === 'OK')).toHaveLength(1)
    for (const answer of answers.filter(({ body }) => body.status.code !== 'OK'))
      expectRefused(answer, 'PAYMENTS.PAYMENTNOTINPOSTEDSTATE')
    expect(await balanceOf(client, 'A')).toBe(100)
  })

  test('reverses only what is left of a payment whose money was charged back before', async () => {
    const client = await prepared(['I1', 10_000])
    const paid = await client.ok('payments/create', cash('A', 100))
    const account = await client.tenant.get('get_account', 'accountReference=A')
    const entry = account.body.ledgerEntries.find((one: Loose) => one.paymentDetails)
    const back = await client.tenant.post('add_account_ledger_entries', [
      {
        accountReference: 'A',
        ledgerEntryReference: 'CB',
        chargebackDetails: { amount: 4_000 },
        context: { ledgerEntryReference: entry.ledgerEntryReference },
      },
    ])
    expect(back.body.A).toMatchObject({ success: true })
    await client.ok('payments/cancel', cancelBody(paid))
    expect(await balanceOf(client, 'A')).toBe(100)
  })

  test('owes the account what a payment put on a claim that was deleted since', async () => {
    const client = await prepared(['I1', 10_000])
    const paid = await client.ok('payments/create', cash('A', 40))
    const deleted = await client.tenant.call({ method: 'DELETE', url: '/q/v1/claims/I1' })
    expect(deleted.status).toBe(204)
    const before = await balanceOf(client, 'A')
    await client.ok('payments/cancel', cancelBody(paid))
    expect(await balanceOf(client, 'A')).toBe(before + 40)
  })
})

describe('numbers', () => {
  test('have no gap and no double after a thousand posts at once, refused ones between them', async () => {
    const client = await prepared(['I1', 10_000_000])
    await openAccount(client.tenant, { reference: 'B' })
    const drafts: Loose[] = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        client.ok(
          'payments/create',
          cash(index % 2 === 0 ? 'A' : 'B', 1, { life_cycle_state: 'DRAFT' }),
        ),
      ),
    )
    const posts = drafts.flatMap(({ id }, index) =>
      // Every tenth twice, and some that are refused as they are booked.
      index % 10 === 0 ? [id, id] : [id],
    )
    const answers = await Promise.all(
      posts.map((id) => client.post('payments/post', { payment_identifier: { id } })),
    )
    const posted = answers.filter(({ body }) => body.status.code === 'OK')
    const numbers = posted.map(({ body }) => Number(body.data.number)).toSorted((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
    const references = drafts.map((one) => Number(one.reference_number)).toSorted((a, b) => a - b)
    expect(references).toEqual(numbers)
    expect(await balanceOf(client, 'A')).toBe(99_500)
    expect(await balanceOf(client, 'B')).toBe(-500)
  }, 240_000)

  test('have no gap and no double where connections break while they are given', async () => {
    const client = await prepared(['I1', 1_000_000])
    const drafts: Loose[] = await Promise.all(
      Array.from({ length: 200 }, () =>
        client.ok('payments/create', cash('A', 1, { life_cycle_state: 'DRAFT' })),
      ),
    )
    const post = ({ id }: Loose) => client.post('payments/post', { payment_identifier: { id } })
    const breaking = Array.from({ length: 20 }, () =>
      it.database.ownerPool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'quittance-bookkeeper' and datname = current_database()`,
      ),
    )
    const [broken] = await Promise.all([Promise.all(breaking), ...drafts.map(post)])
    expect(broken.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)).toBeGreaterThan(0)
    // Whoever was not told what became of its payment asks again, when the lease of the first call is over.
    it.now = new Date(noon.getTime() + 3 * 60_000)
    const states = async (): Promise<Loose[]> =>
      client.read('payments/list', { accounts_receivable_identifier: 'number=A' })
    const left = (await states()).filter((one) => one.life_cycle_state === 'DRAFT')
    await Promise.all(left.map(post))
    const payments = await states()
    expect(new Set(payments.map((one) => one.life_cycle_state))).toEqual(new Set(['POSTED']))
    const numbers = payments.map((one) => Number(one.number)).toSorted((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(await balanceOf(client, 'A')).toBe(9_800)
  }, 120_000)

  test('count for each classification and tenant by itself', async () => {
    const [one, other] = [await prepared(), await prepared()]
    const first = await one.ok('payments/create', cash('A', 1))
    const second = await one.ok('payments/create', cash('A', 1))
    const third = await other.ok('payments/create', cash('A', 1))
    expect([first.number, second.number, third.number]).toEqual(['1', '2', '1'])
    const cancelled = await one.ok('payments/cancel', cancelBody(second))
    expect(cancelled.payment_cancellation.number).toBe('1')
    expectRefused(
      await one.get('payments/show', { payment_identifier: `id=${third.id}` }),
      'PAYMENTS.PAYMENTNOTFOUND',
    )
  })
})

describe('cards', () => {
  async function withCard(reference = 'card_good'): Promise<Client> {
    const client = await prepared(['I1', 10_000])
    await client.own('POST', '/cards', {
      debtorReference: 'D-A',
      paymentGatewayReferenceNumber: reference,
      lastDigits: '4242',
    })
    return client
  }
  const method = { payment_method_identifier: { name: 'Stripe Payment Gateway' } }
  const card = { card_identifier: { last_digits: '4242' } }
  const invoiced = { invoice_identifier: { number: 'I1' } }

  async function chargesOf(client: Client): Promise<number[]> {
    const { rows } = await it.database.ownerPool.query<{ amount: string }>(
      'select amount_minor as amount from quittance.sandbox_charge where tenant_id = $1',
      [client.tenant.tenantId],
    )
    return rows.map(({ amount }) => Number(amount))
  }

  test('are charged once for an invoice that fifty ask to pay at the same moment', async () => {
    const client = await withCard()
    const body = payWhole('A', { ...method, ...card, ...invoiced })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.post('payments/pay_invoice', body)),
    )
    const paid = answers.filter(({ body: { status } }) => status.code === 'OK')
    expect(paid).toHaveLength(1)
    expect(paid[0]?.body.data).toMatchObject({
      processed_by_payment_gateway: 'STRIPE',
      payment_gateway_reference_number: expect.stringMatching(/^ch_/),
      reference_number: '1',
      number: '1',
    })
    expect(await chargesOf(client)).toEqual([10_000])
    expect(await balanceOf(client, 'A')).toBe(0)
  })

  test('that are declined book nothing, leave no payment and no gap', async () => {
    const client = await withCard('card_declined_1')
    expectRefused(
      await client.post('payments/create', cash('A', 10, { ...method, ...card })),
      'PAYMENTS.PAYMENTDECLINEDBYGATEWAY',
    )
    const query = { accounts_receivable_identifier: 'number=A' }
    expect(await client.read('payments/list', query)).toEqual([])
    expect(await balanceOf(client, 'A')).toBe(100)
    const draft = { ...method, ...card, life_cycle_state: 'DRAFT' }
    const { id, reference_number } = await client.ok('payments/create', cash('A', 10, draft))
    expect(reference_number).toBe('1')
    expectRefused(
      await client.post('payments/post', { payment_identifier: { id } }),
      'PAYMENTS.PAYMENTDECLINEDBYGATEWAY',
    )
    expect(await show(client, { id })).toMatchObject({ life_cycle_state: 'DRAFT', number: null })
    expect(await client.ok('payments/reject', { payment_identifier: { id } })).toMatchObject({
      life_cycle_state: 'REJECTED',
    })
  })

  test('charged by a request that died before it booked are posted by timed work, once', async () => {
    const client = await withCard()
    const posted = await client.ok('payments/create', cash('A', 25, { ...method, ...card }))
    const { rows } = await it.database.ownerPool.query<{ id: string }>(
      `select payment_id as id from quittance.crm_payment where tenant_id = $1`,
      [client.tenant.tenantId],
    )
    // The same charge again, as a server leaves it that stops between charging and booking.
    await it.database.ownerPool.query(
      `insert into quittance.crm_payment (tenant_id, payment_id, classification, account_id, state, amount_minor, type_id,
         method_id, issued_at, updated_at, details, lease_id, leased_until, is_charging)
       select tenant_id, gen_random_uuid(), classification, account_id, 'NEW', amount_minor, type_id, method_id,
         issued_at, updated_at, details, gen_random_uuid(), $2, true from quittance.crm_payment where payment_id = $1`,
      [rows[0]?.id, new Date(it.now.getTime() - 1)],
    )
    const query = { accounts_receivable_identifier: 'number=A' }
    await until(async () => (await client.read('payments/list', query)).length === 2)
    expect(await chargesOf(client)).toEqual([2_500, 2_500])
    expect(await balanceOf(client, 'A')).toBe(50)
    const listed: Loose[] = await client.read('payments/list', query)
    expect(listed.map((one) => one.number)).toEqual([posted.number, '2'])
  })
})
