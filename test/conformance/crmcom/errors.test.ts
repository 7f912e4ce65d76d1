import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  base,
  cash,
  type Client,
  clientOf,
  expectRefused,
  login,
  type Loose,
  openAccount,
  payWhole,
} from './given.ts'

const it = world({ tokenRateLimitPerMinute: 500 })
const noon = it.now
afterAll(() => assertBooksBalance(it.database.ownerPool))

let tenant: TestTenant
let client: Client

beforeAll(async () => {
  tenant = await it.tenant()
  client = await clientOf(it, tenant)
  await openAccount(tenant, {
    reference: 'A',
    invoices: [
      ['I1', 10_000],
      ['GONE', 100],
    ],
  })
  await openAccount(tenant, { reference: 'B', invoices: [['I2', 5_000]] })
  await tenant.call({ method: 'DELETE', url: '/q/v1/claims/GONE' })
  const period = { fromDate: '2026-02-01', toDate: '2026-02-28' }
  await client.own('POST', '/bills', {
    accountReference: 'B',
    ...period,
    invoices: ['I2'],
    number: 'B2',
  })
})

const payment = 'payments/create'
const identified = (number: string) => ({ accounts_receivable_identifier: { number } })

/** Everything that a refused call could have changed. */
async function stateOf(): Promise<string> {
  const { rows } = await it.database.ownerPool.query(
    `select (select count(*) from quittance.entry where tenant_id = $1) as entries,
       (select json_agg(p order by payment_id) from quittance.crm_payment p where tenant_id = $1) as payments,
       (select json_agg(c order by classification) from quittance.crm_counter c where tenant_id = $1
         and classification like 'PAYMENT%') as counters`,
    [tenant.tenantId],
  )
  return JSON.stringify(rows)
}

async function refusedWithoutTrace(
  name: string,
  ask: () => Promise<{ status: number; body: Loose }>,
): Promise<void> {
  const before = await stateOf()
  expectRefused(await ask(), name)
  expect(await stateOf()).toBe(before)
}

describe('logging in', () => {
  test('takes organisation, username and password together, and nothing else', async () => {
    for (const wrong of [
      { password: 'x' },
      { username: 'nobody' },
      { organisation: 'Q999999' },
      { organisation: 'x' },
    ])
      expectRefused(await login(it, tenant, wrong), 'AUTHENTICATION.INVALIDCREDENTIALS')
    const other = await it.tenant()
    const crossed = await login(it, tenant, { organisation: other.crmcom.organisation })
    expectRefused(crossed, 'AUTHENTICATION.INVALIDCREDENTIALS')
    const lacking = await login(it, tenant, { password: undefined })
    expectRefused(lacking, 'WEBAPI.MANDATORYPARAMETERMISSING')
  })

  test('gives tokens of 32 capital hexadecimal digits, several at once, each good for two hours', async () => {
    const [first, second] = [await clientOf(it, tenant), await clientOf(it, tenant)]
    expect(first.token).toMatch(/^[0-9A-F]{32}$/)
    expect(second.token).not.toBe(first.token)
    const read = (one: Client) =>
      one.get('payments/list', { accounts_receivable_identifier: 'number=A' })
    await first.ok('authentication/token/release', {})
    expectRefused(await read(first), 'AUTHENTICATION.INVALIDTOKEN')
    it.now = new Date(noon.getTime() + 2 * 3_600_000 - 1)
    expect((await read(second)).body.status.code).toBe('OK')
    it.now = new Date(noon.getTime() + 2 * 3_600_000)
    expectRefused(await read(second), 'AUTHENTICATION.INVALIDTOKEN')
    it.now = noon
  })

  test('keeps tokens and keys as hashes only', async () => {
    const { rows } = await it.database.ownerPool.query(
      `select string_agg(t::text, ' ') as text from quittance.crm_token t`,
    )
    expect(rows[0].text.toUpperCase()).not.toContain(client.token)
  })

  test('works by web API key, HTTP Basic without a password, until its user is removed', async () => {
    const added = await client.own('POST', '/users', { name: 'shop' })
    const { key } = await client.own('POST', `/users/${added.id}/web-api-keys`)
    const ask = (user: string) =>
      it.inject({
        method: 'POST',
        url: `${base}/authentication/web_api_key/token`,
        headers: { authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` },
      })
    const granted = await ask(key)
    expect(granted.body.data.token).toMatch(/^[0-9A-F]{32}$/)
    // A key is no token, and a token no key.
    expectRefused(
      await it.inject({ method: 'GET', url: `${base}/payments/show?token=${key}` }),
      'AUTHENTICATION.INVALIDTOKEN',
    )
    expectRefused(await ask(client.token), 'AUTHENTICATION.INVALIDCREDENTIALS')
    const asUser = await login(it, tenant, { username: 'shop', password: added.login.password })
    expect(asUser.body.status.code).toBe('OK')
    await client.own('DELETE', `/users/${added.id}`)
    expectRefused(await ask(key), 'AUTHENTICATION.INVALIDCREDENTIALS')
    const after = await login(it, tenant, { username: 'shop', password: added.login.password })
    expectRefused(after, 'AUTHENTICATION.INVALIDCREDENTIALS')
  })

  test('works for a named unit, and not for one that is not there', async () => {
    const unit = await client.own('POST', '/units', { name: 'Shop' })
    const granted = await login(it, tenant, { unit: unit.id })
    const { token } = granted.body.data
    const made = await client.ok('payments/create', {
      ...cash('A', 1, { life_cycle_state: 'DRAFT' }),
      token,
    })
    const shown = await client.read('payments/show', { payment_identifier: `id=${made.id}` })
    expect(shown.received_by_unit.name).toBe('Shop')
    expectRefused(await login(it, tenant, { unit: 'none' }), 'UNITS.UNITNOTFOUND')
  })

  test('is slowed down by user, so that a password cannot be tried often', async () => {
    const other = await it.tenant()
    const statuses: number[] = []
    for (let count = 0; count < 501; count += 1) {
      const answer = await login(it, other, { password: 'guess' })
      statuses.push(answer.status)
    }
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect((await login(it, tenant)).status).toBe(200)
  })
})

describe('what cannot be read', () => {
  test.each([
    ['a body that is no JSON', '{"token":'],
    ['a body that is no object', '[]'],
    ['an identifier that is no object', { accounts_receivable_identifier: 'number=A' }],
    ['an identifier whose value is no text', { accounts_receivable_identifier: { number: 1 } }],
    ['an amount that is no number', { payment_amount: 'ten' }],
    ['a date that is none', { received_on: '2026-02-30T00:00:00' }],
    ['a date with a zone', { received_on: '2026-02-20T00:00:00Z' }],
    ['a user-defined float that is none', { udf_float_1: 'x' }],
    ['a user-defined date that is none', { udf_date_1: '2026-02-20' }],
    ['a user-defined string that is a number', { udf_string_1: 1 }],
    ['a state that does not exist', { life_cycle_state: 'CANCELLED' }],
    ['a set that is no list', { invoices_to_pay_set: {} }],
    ['notes that are no text', { notes: ['x'] }],
  ])('is refused: %s', async (_, wrong) => {
    const body = typeof wrong === 'string' ? wrong : { ...cash('A', 10), ...wrong }
    await refusedWithoutTrace('WEBAPI.INVALIDPARAMETERVALUE', () => client.post(payment, body))
  })

  test('is refused where pay_invoice asks for another state than posted', async () => {
    const draft = { invoice_identifier: { number: 'I1' }, life_cycle_state: 'DRAFT' }
    await refusedWithoutTrace('WEBAPI.INVALIDPARAMETERVALUE', () =>
      client.post('payments/pay_invoice', payWhole('A', draft)),
    )
  })
})

describe('what has to be given', () => {
  test.each([
    'accounts_receivable_identifier',
    'type_identifier',
    'life_cycle_state',
    'payment_method_identifier',
    'payment_amount',
  ])('is refused when it is missing: %s', async (name) => {
    await refusedWithoutTrace('WEBAPI.MANDATORYPARAMETERMISSING', () =>
      client.post(payment, { ...cash('A', 10), [name]: undefined }),
    )
  })

  test('is refused for reads and for the other methods alike', async () => {
    const absent = 'WEBAPI.MANDATORYPARAMETERMISSING'
    for (const method of ['show', 'list', 'get_latest'])
      expectRefused(await client.get(`payments/${method}`), absent)
    const account = { accounts_receivable_identifier: 'number=A' }
    expectRefused(await client.get('payments/get_latest', account), absent)
    for (const method of ['post', 'reject', 'cancel', 'update', 'pay_invoice', 'pay_bill'])
      expectRefused(await client.post(`payments/${method}`, {}), absent)
    expectRefused(await client.get('payments/configuration/payment_methods/list'), absent)
  })
})

describe('an identifier', () => {
  test.each([
    [{}],
    [{ number: 'A', name: 'Ada Byron' }],
    [{ number: 'A', other: 'x' }],
    [{ number: null }],
  ])('has exactly one field: %j', async (identifier) => {
    await refusedWithoutTrace('WEBAPI.ONLYONESEMIOPTIONALPARAMETERALLOWED', () =>
      client.post(payment, { ...cash('A', 10), accounts_receivable_identifier: identifier }),
    )
  })

  test('has exactly one field in a query too', async () => {
    const list = (text: string) =>
      it.inject({ method: 'GET', url: `${base}/payments/list?token=${client.token}&${text}` })
    const name = 'accounts_receivable_identifier'
    const code = 'WEBAPI.ONLYONESEMIOPTIONALPARAMETERALLOWED'
    expectRefused(await list(`${name}=number=A&${name}=name=x`), code)
    expectRefused(await list(`${name}=number`), code)
    expectRefused(await list(`${name}=number=`), code)
    for (const text of ['number=A', 'number%3DA', 'name=Ada+Byron', 'name=Ada%20Byron'])
      expect((await list(`${name}=${text}`)).body.status.code).not.toBe(
        `COM.CRM.EXCEPTION.${code}EXCEPTION`,
      )
  })

  test('keeps what stands behind its first equals sign', async () => {
    await openAccount(tenant, { reference: 'a=b' })
    const query = { accounts_receivable_identifier: 'number=a=b' }
    expect((await client.read('accounts_receivable/show', query)).number).toBe('a=b')
  })

  test('is refused by a field that its object does not have', async () => {
    const wrong = [
      ['accounts_receivable_identifier', { reference_number: 'A' }],
      ['category_identifier', { alternative_code: 'IP' }],
      ['type_identifier', { code: 'P1' }],
    ] as const
    for (const [name, identifier] of wrong)
      await refusedWithoutTrace('WEBAPI.INVALIDIDENTIFIERFIELD', () =>
        client.post(payment, { ...cash('A', 10), [name]: identifier }),
      )
    expectRefused(
      await client.get('bills/show', { bill_identifier: 'reference_number=1' }),
      'WEBAPI.INVALIDIDENTIFIERFIELD',
    )
  })

  test.each([
    [
      'ACCOUNTSRECEIVABLE.ACCOUNTSRECEIVABLENOTFOUND',
      { accounts_receivable_identifier: { id: 'x' } },
    ],
    ['FINANCIALTRANSACTIONS.TYPENOTFOUND', { type_identifier: { name: 'x' } }],
    ['FINANCIALTRANSACTIONS.CATEGORYNOTFOUND', { category_identifier: { code: 'x' } }],
    ['PAYMENTS.PAYMENTMETHODNOTFOUND', { payment_method_identifier: { id: 'x' } }],
    ['USERS.USERNOTFOUND', { received_by_user_identifier: { username: 'x' } }],
    ['UNITS.UNITNOTFOUND', { received_by_unit_identifier: { name: 'x' } }],
    [
      'INVOICES.INVOICENOTFOUND',
      { invoices_to_pay_set: [{ invoice_identifier: { number: 'x' } }] },
    ],
    ['BILLS.BILLNOTFOUND', { bills_to_pay_set: [{ bill_identifier: { number: 'x' } }] }],
  ])('names something that is there, or is refused: %s', async (code, wrong) => {
    await refusedWithoutTrace(code, () => client.post(payment, { ...cash('A', 10), ...wrong }))
  })

  test('names a payment, a reason and an invoice that are there', async () => {
    for (const text of [
      'id=x',
      'number=x',
      'number=999',
      'reference_number=01',
      'back_office_code=x',
    ])
      expectRefused(
        await client.get('payments/show', { payment_identifier: text }),
        'PAYMENTS.PAYMENTNOTFOUND',
      )
    for (const text of ['id=x', 'reference_number=99', 'back_office_code=x'])
      expectRefused(
        await client.get('invoices/show', { invoice_identifier: text }),
        'INVOICES.INVOICENOTFOUND',
      )
    const draft = await client.ok(payment, cash('A', 1, { life_cycle_state: 'DRAFT' }))
    const body = {
      payment_identifier: { id: draft.id },
      rejection_reason_identifier: { name: 'x' },
    }
    await refusedWithoutTrace('PAYMENTS.REJECTIONREASONNOTFOUND', () =>
      client.post('payments/reject', body),
    )
  })

  test('by a name that two accounts have is refused, not answered with the first', async () => {
    await refusedWithoutTrace('ACCOUNTSRECEIVABLE.ACCOUNTSRECEIVABLENOTUNIQUE', () =>
      client.post(payment, {
        ...cash('A', 10),
        accounts_receivable_identifier: { name: 'Ada Byron' },
      }),
    )
    await openAccount(tenant, {
      reference: 'C',
      debtor: { firstName: 'Grace', lastName: 'Hopper' },
    })
    const query = { accounts_receivable_identifier: 'name=Grace Hopper' }
    expect((await client.read('accounts_receivable/show', query)).number).toBe('C')
  })

  test('does not reach another tenant', async () => {
    const other = await clientOf(it, await it.tenant())
    const query = { accounts_receivable_identifier: 'number=A' }
    const code = 'ACCOUNTSRECEIVABLE.ACCOUNTSRECEIVABLENOTFOUND'
    expectRefused(await other.get('accounts_receivable/show', query), code)
    expectRefused(
      await other.get('invoices/show', { invoice_identifier: 'number=I1' }),
      'INVOICES.INVOICENOTFOUND',
    )
    expectRefused(
      await other.get('bills/show', { bill_identifier: 'number=B2' }),
      'BILLS.BILLNOTFOUND',
    )
  })
})

describe('a payment is refused', () => {
  test.each([[0], [-5], ['10.001'], ['0.00']])('whose amount is %s', async (amount) => {
    await refusedWithoutTrace('PAYMENTS.INVALIDPAYMENTAMOUNT', () =>
      client.post(payment, cash('A', amount)),
    )
  })

  test('that names an invoice or bill of another account', async () => {
    const invoice = { invoice_identifier: { number: 'I2' } }
    const bill = { bill_identifier: { number: 'B2' } }
    const invoiceCode = 'PAYMENTS.INVOICENOTOWNEDBYACCOUNTSRECEIVABLE'
    const billCode = 'PAYMENTS.BILLNOTOWNEDBYACCOUNTSRECEIVABLE'
    for (const [code, method, body] of [
      [invoiceCode, payment, cash('A', 10, { invoices_to_pay_set: [invoice] })],
      [billCode, payment, cash('A', 10, { bills_to_pay_set: [bill] })],
      [invoiceCode, 'payments/pay_invoice', payWhole('A', invoice)],
      [billCode, 'payments/pay_bill', payWhole('A', bill)],
    ] as const)
      await refusedWithoutTrace(code, () => client.post(method, body))
  })

  test('that names a cancelled invoice', async () => {
    const invoice = { invoice_identifier: { number: 'GONE' } }
    await refusedWithoutTrace('PAYMENTS.INVOICENOTINPOSTEDSTATE', () =>
      client.post('payments/pay_invoice', payWhole('A', invoice)),
    )
  })

  test('of a type of another classification', async () => {
    await refusedWithoutTrace('FINANCIALTRANSACTIONS.INVALIDCLASSIFICATION', () =>
      client.post(payment, { ...cash('A', 10), type_identifier: { name: 'Payment Cancellation' } }),
    )
    const posted = await client.ok(payment, cash('B', 1))
    const body = { payment_identifier: { id: posted.id }, type_identifier: { name: 'Payment 1' } }
    await refusedWithoutTrace('FINANCIALTRANSACTIONS.INVALIDCLASSIFICATION', () =>
      client.post('payments/cancel', body),
    )
  })

  test('whose category or method its type does not allow', async () => {
    const methods = await client.own('GET', '/payment-methods')
    const bank = methods.items.find((one: Loose) => one.name === 'Bank Transfer')
    await client.own('POST', '/types', {
      name: 'Bank only',
      classification: 'PAYMENT',
      methodIds: [bank.id],
      categoryIds: [],
      defaultMethodId: bank.id,
    })
    const type = { type_identifier: { name: 'Bank only' } }
    await refusedWithoutTrace('FINANCIALTRANSACTIONS.PAYMENTMETHODNOTALLOWED', () =>
      client.post(payment, { ...cash('A', 10), ...type }),
    )
    const method = { payment_method_identifier: { name: 'Bank Transfer' } }
    const category = { category_identifier: { name: 'Invoice Payments' } }
    await refusedWithoutTrace('FINANCIALTRANSACTIONS.CATEGORYNOTALLOWED', () =>
      client.post(payment, { ...cash('A', 10), ...type, ...method, ...category }),
    )
    const listed = await client.read('payments/configuration/payment_methods/list', {
      payment_type_identifier: 'name=Bank only',
    })
    expect(listed).toMatchObject([{ default: true, payment_method: { name: 'Bank Transfer' } }])
  })

  test('whose back office code another payment has, also at the same moment', async () => {
    const body = cash('B', 1, { back_office_code: 'BO-1' })
    const answers = await Promise.all([client.post(payment, body), client.post(payment, body)])
    const codes: string[] = answers.map((answer) => answer.body.status.code)
    codes.sort((a, b) => a.localeCompare(b))
    expect(codes).toEqual([
      'COM.CRM.EXCEPTION.FINANCIALTRANSACTIONS.BACKOFFICECODENOTUNIQUEEXCEPTION',
      'OK',
    ])
    await refusedWithoutTrace('FINANCIALTRANSACTIONS.BACKOFFICECODENOTUNIQUE', () =>
      client.post(payment, body),
    )
  })

  test('by a gateway-linked method without a card, with another owner’s card, or with a card and no gateway', async () => {
    const method = { payment_method_identifier: { name: 'Stripe Payment Gateway' } }
    await client.own('POST', '/cards', {
      debtorReference: 'D-B',
      paymentGatewayReferenceNumber: 'card_b',
      lastDigits: '1111',
    })
    const card = { card_identifier: { last_digits: '1111' } }
    await refusedWithoutTrace('PAYMENTS.CARDMANDATORY', () =>
      client.post(payment, { ...cash('A', 10), ...method }),
    )
    await refusedWithoutTrace('PAYMENTGATEWAYS.CARDNOTFOUND', () =>
      client.post(payment, { ...cash('A', 10), ...method, ...card }),
    )
    await refusedWithoutTrace('PAYMENTS.CARDNOTAPPLICABLE', () =>
      client.post(payment, { ...cash('B', 10), ...card }),
    )
  })

  test('from a wallet', async () => {
    const { accounts_receivable_identifier: _account, ...rest } = cash('A', 10)
    await refusedWithoutTrace('PAYMENTS.WALLETNOTSUPPORTED', () =>
      client.post(payment, { ...rest, wallet_identifier: { number: 'W1' } }),
    )
  })

  test('twice: a posted one is not posted, rejected or changed again, a cancelled one not cancelled', async () => {
    const posted = await client.ok(payment, cash('B', 1))
    const identifier = { payment_identifier: { id: posted.id } }
    for (const method of ['post', 'reject', 'update'])
      await refusedWithoutTrace('PAYMENTS.PAYMENTNOTINDRAFTSTATE', () =>
        client.post(`payments/${method}`, identifier),
      )
    const cancel = { ...identifier, type_identifier: { name: 'Payment Cancellation' } }
    await client.ok('payments/cancel', cancel)
    await refusedWithoutTrace('PAYMENTS.PAYMENTNOTINPOSTEDSTATE', () =>
      client.post('payments/cancel', cancel),
    )
  })
})

describe('the door itself', () => {
  test('answers an unknown path with 404 in the envelope, on both of its roots', async () => {
    for (const url of [`${base}/payments/none`, `${base}/none`, '/payments/none']) {
      const answer = await it.inject({ method: 'GET', url })
      expect(answer.status).toBe(404)
      expect(answer.body).toMatchObject({
        status: { code: 'COM.CRM.EXCEPTION.WEBAPI.METHODNOTFOUNDEXCEPTION' },
        data: null,
      })
    }
  })

  test('ignores unknown members and tolerates trailing commas, which our other doors refuse', async () => {
    const body = JSON.stringify({ token: client.token, ...identified('B'), other: [1] })
    const text = body.replace(/\}$/, ',}')
    expectRefused(await client.post(payment, text), 'WEBAPI.MANDATORYPARAMETERMISSING')
    const native = await tenant.call({
      method: 'POST',
      url: '/q/v1/crm/units',
      headers: { 'content-type': 'application/json' },
      payload: '{"name":"x",}',
    })
    expect(native.status).toBe(400)
  })

  test('wants a token for everything, and says so before anything else', async () => {
    for (const token of [undefined, '', 'x', 'A'.repeat(32), 7]) {
      const posted = await it.inject({
        method: 'POST',
        url: '/payments/create',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ token }),
      })
      expectRefused(posted, 'AUTHENTICATION.INVALIDTOKEN')
    }
    expectRefused(
      await it.inject({ method: 'GET', url: `${base}/bills/list` }),
      'AUTHENTICATION.INVALIDTOKEN',
    )
  })

  test('survives what is hostile with an envelope', async () => {
    const hostile = [
      '\u0000',
      '{"token":"\\u0000"}',
      `{"token":"${client.token}","payment_identifier":{"id":"\\u0000"}}`,
      `{"token":"${client.token}","payment_identifier":{"__proto__":"x"}}`,
      `{"token":"${client.token}","payment_identifier":{"number":"99999999999999999999"}}`,
    ]
    for (const body of hostile) {
      const answer = await client.post('payments/post', body)
      expect(answer.status).toBe(200)
      expect(answer.body.status.code).toMatch(/^COM\.CRM\.EXCEPTION\.(?!SYSTEM)/)
    }
    const urls = ['%zz', '%00', `number=${'9'.repeat(50)}`, 'number=1e5']
    for (const text of urls) {
      const url = `${base}/payments/show?token=${client.token}&payment_identifier=${text}`
      const answer = await it.inject({ method: 'GET', url })
      expect(answer.status).toBe(200)
      expect(answer.body.status.code).toMatch(/^COM\.CRM\.EXCEPTION\.(?!SYSTEM)/)
    }
  })

  test('lists rejection reasons with the one that is the default', async () => {
    const reasons = await client.read('payments/configuration/rejection_reasons/list')
    expect(reasons).toMatchObject([
      {
        default: false,
        rejection_reason: { name: 'Reject Due to Business Request', alternative_code: 'RDTBR' },
      },
      { default: true, rejection_reason: { name: 'Reject Due to Error' } },
    ])
  })

  test('publishes its contract', async () => {
    const contract = await it.inject({ method: 'GET', url: '/docs/crmcom.json' })
    expect(contract.body.paths).toHaveProperty([`${base}/payments/pay_invoice`])
    expect(Object.keys(contract.body.paths)).toHaveLength(21)
    const result = await new Validator().validate(structuredClone(contract.body))
    expect(result).toMatchObject({ valid: true })
  })
})
