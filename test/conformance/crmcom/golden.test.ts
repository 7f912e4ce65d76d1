import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedCrmSamples } from '../../../src/demo/index.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import { base, type Client, clientOf, type Loose, openAccount } from './given.ts'
import { isSeedPresent, readSamples } from './seed.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

let client: Client
const samples = isSeedPresent ? readSamples() : new Map()

beforeAll(async () => {
  const tenant = await it.tenant('Demo')
  const { services, bookkeeper } = it.assembly
  await seedCrmSamples({ db: services.db, bookkeeper, now: it.now }, tenant.tenantId)
  client = await clientOf(it, tenant)
})

const move = (classification: string, lastReferenceNumber: number, lastNumber = 0) =>
  client.own('PATCH', `/sequences/${classification}`, { lastReferenceNumber, lastNumber })

/** Sends the body of a sample to the byte, but for the token in it. */
function replay(method: string): Promise<{ status: number; body: Loose }> {
  const text = String(samples.get(method)?.body)
  expect(text).toMatch(/,\s*[}\]]/)
  return client.post(
    method,
    text.replace(/"token":\s*"[0-9A-F]{32}"/, `"token": "${client.token}"`),
  )
}

/** The type of every member, by its path; lists by their first element. */
function shapeOf(value: Loose, path = ''): Record<string, string> {
  if (Array.isArray(value)) return value.length === 0 ? {} : shapeOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return { [path]: typeof value }
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, one]) => shapeOf(one, `${path}.${key}`)),
  )
}

/** Every member of the sample is there; where both say something it is of the same type. */
function expectShape(answer: Loose, sample: Loose): void {
  const [ours, theirs] = [shapeOf(answer), shapeOf(sample)]
  for (const [path, type] of Object.entries(theirs)) {
    const own =
      ours[path] ?? (Object.keys(ours).some((key) => path.startsWith(key)) ? 'object' : 'absent')
    expect([type, 'object'], `${path} is ${own}`).toContain(own)
  }
}

describe.runIf(isSeedPresent)('the published samples', () => {
  test('pay an invoice by its reference number, in the number sequence of payments', async () => {
    const answer = await replay('payments/pay_invoice')
    const sample = samples.get('payments/pay_invoice').answer
    expectShape(answer.body, sample)
    const { payment_amount, life_cycle_state, number, reference_number } = sample.data
    expect(answer.body.status).toEqual(sample.status)
    expect(answer.body.data).toMatchObject({
      payment_amount,
      life_cycle_state,
      number,
      reference_number,
    })
    expect(Object.keys(answer.body.data).toSorted()).toEqual(Object.keys(sample.data).toSorted())
  })

  test('pay a bill by its number', async () => {
    const answer = await replay('payments/pay_bill')
    const sample = samples.get('payments/pay_bill').answer
    expectShape(answer.body, sample)
    const { payment_amount, life_cycle_state, number, reference_number } = sample.data
    expect(answer.body.data).toMatchObject({
      payment_amount,
      life_cycle_state,
      number,
      reference_number,
    })
  })

  test('post, reject and cancel drafts that they name by reference number', async () => {
    const draft = (account: string) => ({
      accounts_receivable_identifier: { number: account },
      type_identifier: { name: 'Payment 1' },
      life_cycle_state: 'DRAFT',
      payment_method_identifier: { name: 'Cash' },
      payment_amount: 50,
    })
    expect((await client.ok('payments/create', draft('192'))).reference_number).toBe('117')
    expect((await client.ok('payments/create', draft('192'))).reference_number).toBe('118')
    for (const method of ['payments/post', 'payments/reject']) {
      const answer = await replay(method)
      const sample = samples.get(method).answer
      expectShape(answer.body, sample)
      const { payment_amount, life_cycle_state, number, reference_number } = sample.data
      expect(answer.body.data).toMatchObject({
        payment_amount,
        life_cycle_state,
        number,
        reference_number,
      })
    }
    const cancelled = await replay('payments/cancel')
    const sample = samples.get('payments/cancel').answer
    expectShape(cancelled.body, sample)
    expect(cancelled.body.data).toMatchObject({
      // Ruled otherwise than the sample, which says POSTED: the true state.
      payment: { number: '102', reference_number: '117', life_cycle_state: 'CANCELLED' },
      payment_cancellation: { number: '35', reference_number: '26', life_cycle_state: 'POSTED' },
    })
  })

  test('charge a card for a bill and name the gateway', async () => {
    await move('PAYMENT', 276, 244)
    const answer = await replay('payments/create')
    const sample = samples.get('payments/create').answer
    expectShape(answer.body, sample)
    expect(answer.body.data).toMatchObject({
      payment_amount: 50,
      processed_by_payment_gateway: 'STRIPE',
      payment_gateway_reference_number: expect.stringMatching(/^ch_/),
      life_cycle_state: 'POSTED',
      number: '245',
      reference_number: '277',
    })
    const shown = await client.read('payments/show', { payment_identifier: 'number=245' })
    expect(shown).toMatchObject({
      received_on: '2015-03-02T09:12:54',
      notes: 'Payment note',
      udf_string_8: 'udf string 8',
      udf_float_4: 40,
      udf_date_4: '2014-08-05T15:49:59',
      received_by_user: { username: 'mpadministrator' },
      bills_to_pay_set: [{ number: '163', bill_status: 'SETTLED' }],
    })
  })

  test('show a payment with every member of the sample', async () => {
    const paid = await client.ok('payments/create', {
      accounts_receivable_identifier: { number: '192' },
      type_identifier: { name: 'Invoices Balance Payment' },
      life_cycle_state: 'POSTED',
      payment_method_identifier: { name: 'Bank Transfer' },
      payment_amount: '60',
      received_by_user_identifier: { username: 'JackH' },
      invoices_to_pay_set: [{ invoice_identifier: { number: 'I00000294' } }],
    })
    const answer = await client.get('payments/show', {
      payment_identifier: `number=${paid.number}`,
    })
    const sample = samples.get('payments/show').answer
    expectShape(answer.body, sample)
    const { data } = answer.body
    expect(Object.keys(data).toSorted()).toEqual(
      [...Object.keys(sample.data), 'notes', 'back_office_code'].toSorted(),
    )
    const owner = sample.data.accounts_receivable.account_owner
    expect(data).toMatchObject({
      payment_amount: 60,
      life_cycle_state: 'POSTED',
      category: null,
      rejection_reason: null,
      bills_to_pay_set: [],
      type: {
        classification: 'PAYMENT',
        name: 'Invoices Balance Payment',
        alternative_code: 'INVBALPAY',
      },
      payment_method: {
        name: 'Bank Transfer',
        description: 'Bank Transfer',
        alternative_code: 'BT',
      },
      accounts_receivable: {
        number: '192',
        life_cycle_state: 'ACTIVE',
        account_owner: { type: owner.type, name: owner.name, last_name: owner.last_name },
      },
      received_by_user: { username: 'JackH', person_name: 'JackH' },
      received_by_unit: {
        name: 'Admin Unit',
        group_name: 'Main Group',
        community_name: 'Main Community',
        alternative_code: 'MG',
      },
      invoices_to_pay_set: [
        {
          number: 'I00000294',
          reference_number: '322',
          total_amount: 138,
          outstanding_amount: 0,
          life_cycle_state: 'POSTED',
        },
      ],
    })
    expect(data.accounts_receivable.account_owner.demographics).toMatchObject({
      gender: 'MALE',
      date_of_birth: { year: 1985, month: 4, day: 6 },
    })
    for (const id of [data.id, data.accounts_receivable.id]) expect(id).toMatch(/^[0-9A-F]{32}$/)
  })

  test('list payments oldest first and the latest newest first, with the fields asked for', async () => {
    const account = 'accounts_receivable_identifier=number=192'
    const type = 'type_identifier=name=Invoices%20Balance%20Payment'
    const latest = await it.inject({
      method: 'GET',
      url: `${base}/payments/get_latest?token=${client.token}&${account}&${type}&number=2&fields_set=id,number,reference_number`,
    })
    expectShape(latest.body, samples.get('payments/get_latest').answer)
    expect(latest.body.data.map(Object.keys)).toEqual([
      expect.arrayContaining(['number', 'id', 'reference_number']),
      expect.arrayContaining(['number', 'id', 'reference_number']),
    ])
    const numbers = latest.body.data.map((one: Loose) => Number(one.reference_number))
    expect(numbers).toEqual(numbers.toSorted((a: number, b: number) => b - a))
    const listed = await it.inject({
      method: 'GET',
      url: `/payments/list/?token=${client.token}&${account}&${type}&fields_set=life_cycle_state,id,reference_number`,
    })
    expectShape(listed.body, samples.get('payments/list').answer)
    expect(listed.body.data.map((one: Loose) => Number(one.reference_number))).toEqual(
      numbers.toReversed(),
    )
  })

  test('call the cancelled payment posted for a tenant whose client wants the sample as it is', async () => {
    const tenant = await it.tenant('Echo', { echoPostedOnCancel: true })
    const echo = await clientOf(it, tenant)
    await openAccount(tenant, { reference: 'A' })
    const { id } = await echo.ok('payments/create', {
      accounts_receivable_identifier: { number: 'A' },
      type_identifier: { name: 'Payment 1' },
      life_cycle_state: 'POSTED',
      payment_method_identifier: { name: 'Cash' },
      payment_amount: 50,
    })
    const cancelled = await echo.ok('payments/cancel', {
      payment_identifier: { id },
      type_identifier: { name: 'Payment Cancellation' },
    })
    expect(cancelled.payment.life_cycle_state).toBe('POSTED')
    const shown = await echo.read('payments/show', { payment_identifier: `id=${id}` })
    expect(shown.life_cycle_state).toBe('CANCELLED')
  })
})
