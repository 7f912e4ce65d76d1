import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import { cash, type Client, clientOf, expectRefused, type Loose, openAccount } from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

let tenant: TestTenant
let client: Client
beforeAll(async () => {
  tenant = await it.tenant()
  client = await clientOf(it, tenant)
  await openAccount(tenant, {
    reference: 'A',
    invoices: [
      ['I1', 100],
      ['I2', 200],
    ],
  })
})

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
const call = (method: Method, path: string, body?: Record<string, unknown>) =>
  tenant.call({ method, url: `/q/v1/crm${path}`, ...(body ? { payload: body } : {}) })

const kinds = ['types', 'categories', 'payment-methods', 'rejection-reasons', 'units', 'users']

describe('the configuration behind the CRM.COM door', () => {
  test('has the names of the published samples for a new tenant, and the user that tenant create prints', async () => {
    const fresh = await it.tenant()
    const names: Record<string, string[]> = {}
    for (const kind of kinds) {
      const answer = await fresh.call({ method: 'GET', url: `/q/v1/crm/${kind}` })
      names[kind] = answer.body.items.map((one: Loose) => one.name)
    }
    expect(names).toEqual({
      types: ['Payment 1', 'Invoices Balance Payment', 'Payment Cancellation'],
      categories: ['Invoice Payments', 'Bill Payments', 'Cancellation Because of Mistake'],
      'payment-methods': ['Bank Transfer', 'Direct Debit', 'Cash', 'Stripe Payment Gateway'],
      'rejection-reasons': ['Reject Due to Business Request', 'Reject Due to Error'],
      units: ['Admin Unit'],
      users: [fresh.crmcom.username],
    })
  })

  test.each(kinds)('is added, changed and taken out of use: %s', async (kind) => {
    const input = { name: 'New', ...(kind === 'types' ? { classification: 'PAYMENT' } : {}) }
    const made = await client.own('POST', `/${kind}`, { id: `PM7-${kind}`, ...input })
    expect(made).toMatchObject({ id: `PM7-${kind}`, name: 'New', alternativeCode: null })
    expect((await call('POST', `/${kind}`, input)).status).toBe(409)
    const changed = await client.own('PATCH', `/${kind}/${made.id}`, { alternativeCode: 'N' })
    expect(changed).toMatchObject({ name: 'New', alternativeCode: 'N' })
    expect((await call('DELETE', `/${kind}/${made.id}`)).status).toBe(204)
    expect((await call('DELETE', `/${kind}/${made.id}`)).status).toBe(404)
    expect((await call('PATCH', `/${kind}/${made.id}`, {})).status).toBe(404)
    const listed = await client.own('GET', `/${kind}`)
    expect(listed.items.map((one: Loose) => one.id)).not.toContain(made.id)
    // The name is free again.
    await client.own('POST', `/${kind}`, input)
  })

  test('refuses what cannot be read, and what names something that is not there', async () => {
    for (const [path, body] of [
      ['/types', { name: 'x' }],
      ['/types', { name: 'x', classification: 'REFUND' }],
      ['/units', { name: '' }],
      ['/units', { name: 'x', other: 1 }],
      ['/payment-methods', { name: 'x', gateway: 'no such word' }],
      [
        '/bills',
        { accountReference: 'A', fromDate: '2026-02-01', toDate: '2026-02-28', invoices: [] },
      ],
      ['/cards', { debtorReference: 'D-A', paymentGatewayReferenceNumber: 'c', lastDigits: '42' }],
    ] as const)
      expect((await call('POST', path, body)).status, path).toBe(400)
    for (const [path, body] of [
      ['/types', { name: 'x', classification: 'PAYMENT', methodIds: ['none'] }],
      ['/users', { name: 'x', unitId: 'none' }],
      ['/users/none/web-api-keys', undefined],
      [
        '/bills',
        {
          accountReference: 'none',
          fromDate: '2026-02-01',
          toDate: '2026-02-28',
          invoices: ['I1'],
        },
      ],
      [
        '/bills',
        { accountReference: 'A', fromDate: '2026-02-01', toDate: '2026-02-28', invoices: ['none'] },
      ],
      [
        '/cards',
        { debtorReference: 'none', paymentGatewayReferenceNumber: 'c', lastDigits: '4242' },
      ],
    ] as const)
      expect((await call('POST', path, body)).status, path).toBe(404)
  })

  test('keeps exactly one default rejection reason', async () => {
    const { items } = await client.own('GET', '/rejection-reasons')
    const [other, first] = [items[0], items.find((one: Loose) => one.isDefault === true)]
    expect((await call('DELETE', `/rejection-reasons/${first.id}`)).status).toBe(409)
    const undone = await call('PATCH', `/rejection-reasons/${first.id}`, { isDefault: false })
    expect(undone.status).toBe(409)
    await client.own('PATCH', `/rejection-reasons/${other.id}`, { isDefault: true })
    const after = await client.own('GET', '/rejection-reasons')
    const defaults = after.items.filter((one: Loose) => one.isDefault === true)
    expect(defaults.map((one: Loose) => one.id)).toEqual([other.id])
    await client.own('PATCH', `/rejection-reasons/${first.id}`, { isDefault: true })
  })

  test('keeps the first user, its name, and the name of every other', async () => {
    const { items } = await client.own('GET', '/users')
    expect((await call('DELETE', `/users/${items[0].id}`)).status).toBe(409)
    expect((await call('PATCH', `/users/${items[0].id}`, { name: 'x' })).status).toBe(400)
    const changed = await client.own('PATCH', `/users/${items[0].id}`, { email: 'a@example.com' })
    expect(changed.email).toBe('a@example.com')
  })

  test('shows a payment with what it named, also when that is out of use by now', async () => {
    const method = await client.own('POST', '/payment-methods', { name: 'Cheque' })
    const paid = await client.ok('payments/create', {
      ...cash('A', 1),
      payment_method_identifier: { name: 'Cheque' },
    })
    await call('DELETE', `/payment-methods/${method.id}`)
    const shown = await client.read('payments/show', { payment_identifier: `id=${paid.id}` })
    expect(shown.payment_method.name).toBe('Cheque')
    expectRefused(
      await client.post('payments/create', {
        ...cash('A', 1),
        payment_method_identifier: { name: 'Cheque' },
      }),
      'PAYMENTS.PAYMENTMETHODNOTFOUND',
    )
  })

  test('puts an invoice on one bill, and gives bills the next number that none has', async () => {
    const period = { accountReference: 'A', fromDate: '2026-02-01', toDate: '2026-02-28' }
    const chosen = await client.own('POST', '/bills', { ...period, number: '1', invoices: ['I1'] })
    expect((await call('POST', '/bills', { ...period, invoices: ['I1'] })).status).toBe(409)
    expect(
      (await call('POST', '/bills', { ...period, number: '1', invoices: ['I2'] })).status,
    ).toBe(409)
    const next = await client.own('POST', '/bills', { ...period, invoices: ['I2'] })
    expect(next.number).toBe('2')
    expect(await client.own('GET', `/bills/${chosen.id}`)).toEqual(chosen)
    const listed = await client.own('GET', '/bills?accountReference=A')
    expect(listed.items).toEqual([chosen, next])
  })

  test('keeps cards for their owner, each gateway reference once', async () => {
    const card = {
      debtorReference: 'D-A',
      paymentGatewayReferenceNumber: 'card_1',
      lastDigits: '4242',
    }
    const made = await client.own('POST', '/cards', card)
    expect((await call('POST', '/cards', card)).status).toBe(409)
    expect((await client.own('GET', '/cards?debtorReference=D-A')).items).toEqual([made])
    expect((await call('DELETE', `/cards/${made.id}`)).status).toBe(204)
    expect((await call('DELETE', `/cards/${made.id}`)).status).toBe(404)
  })

  test('moves a sequence forward only', async () => {
    const path = '/sequences/PAYMENT'
    await client.own('PATCH', path, { lastReferenceNumber: 500, lastNumber: 400 })
    expect((await call('PATCH', path, { lastNumber: 399 })).status).toBe(409)
    const paid = await client.ok('payments/create', cash('A', 1))
    expect(paid).toMatchObject({ number: '401', reference_number: '501' })
    const { items } = await client.own('GET', '/sequences')
    expect(items).toContainEqual({
      classification: 'PAYMENT',
      lastReferenceNumber: 501,
      lastNumber: 401,
    })
  })

  test('is another tenant’s own', async () => {
    const made = await client.own('POST', '/units', { name: 'Ours' })
    const stranger = await it.tenant()
    const answer = await stranger.call({
      method: 'PATCH',
      url: `/q/v1/crm/units/${made.id}`,
      payload: { name: 'Theirs' },
    })
    expect(answer.status).toBe(404)
  })

  test('makes one of what is asked for twice with the same Idempotency-Key', async () => {
    const ask = () =>
      tenant.call({
        method: 'POST',
        url: '/q/v1/crm/categories',
        headers: { 'idempotency-key': 'one' },
        payload: { name: 'Once' },
      })
    const [first, second] = [await ask(), await ask()]
    expect(second.body).toEqual(first.body)
    expect(second.headers['idempotent-replayed']).toBe('true')
  })
})
