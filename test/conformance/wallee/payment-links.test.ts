import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import { unique } from './invoices.ts'
import { client, type Client } from './sign.ts'

type Json = Record<string, any>

const it = world()
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant('Verein <Linde>'))
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

const body = (more: Json = {}) => ({
  externalId: `L-${unique()}`,
  name: 'Summer & <sun>',
  currency: 'CHF',
  protectionMode: 'NO_PROTECTION',
  lineItems: [
    { uniqueId: '1', name: 'Ticket', type: 'PRODUCT', quantity: 2, amountIncludingTax: 40.5 },
  ],
  ...more,
})

async function make(more: Json = {}): Promise<Json> {
  const made = await us.v2('POST', '/payment/links', body(more))
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body
}

const pathOf = ({ url }: Json) => new URL(url).pathname + new URL(url).search
const open = (link: Json) => it.inject({ method: 'GET', url: pathOf(link) })
const person = {
  givenName: 'Ada',
  familyName: 'Byron',
  country: 'CH',
  emailAddress: 'ada@example.com',
}
const use = (link: Json, fields: Record<string, string> = person) =>
  it.inject({
    method: 'POST',
    url: pathOf(link),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  })

describe('a payment link', () => {
  test('asks who pays, opens a claim for them and leads to its page', async () => {
    const link = await make()
    const page = await open(link)
    expect(page.status).toBe(200)
    expect(page.body).toContain('Summer &amp; &lt;sun&gt;')
    expect(page.body).toContain('Verein &lt;Linde&gt;')
    expect(page.body).toContain('40.50')
    const used = await use(link)
    expect(used.status, JSON.stringify(used.body)).toBe(303)
    const lead = new URL(String(used.headers['location']))
    expect(lead.pathname).toMatch(/^\/c\/[1-9A-HJ-NP-Za-km-z]{18}$/)
    const claimPage = await it.inject({ method: 'GET', url: lead.pathname })
    expect(claimPage.status).toBe(200)
    const invoices = await us.v2('GET', '/payment/transactions/invoices?order=DESC&limit=1')
    expect(invoices.body.data[0]).toMatchObject({
      state: 'OPEN',
      amount: 40.5,
      billingAddress: { familyName: 'Byron', emailAddress: 'ada@example.com' },
      lineItems: [{ name: 'Ticket', quantity: 2, unitPriceIncludingTax: 20.25 }],
    })
  })

  test('is used as often as it says, also by many at once', async () => {
    const link = await make({ maximalNumberOfTransactions: 2 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => use(link)))
    const leads = answers.filter(({ status }) => status === 303)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    expect(leads.length).toBeGreaterThanOrEqual(1)
    expect(leads.length).toBeLessThanOrEqual(2)
    for (let left = 2 - leads.length; left > 0; left -= 1)
      expect((await use(link)).status).toBe(303)
    expect((await use(link)).status).toBe(404)
    expect((await open(link)).status).toBe(404)
  })

  test.each([
    ['before its time', { availableFrom: '2026-03-11T00:00:00.000Z' }],
    ['after its time', { availableUntil: '2026-03-10T00:00:00.000Z' }],
    ['while it is not active', { state: 'INACTIVE' }],
    ['without anything to pay for', { lineItems: [] }],
  ])('leads nowhere %s', async (_when, more) => {
    const link = await make(more)
    expect((await open(link)).status).toBe(404)
    expect((await use(link)).status).toBe(404)
  })

  test('leads nowhere once it is deleted, and stays readable', async () => {
    const link = await make()
    expect((await us.v2('DELETE', `/payment/links/${link.id}`)).status).toBe(204)
    expect((await open(link)).status).toBe(404)
    expect((await us.v2('GET', `/payment/links/${link.id}`)).body.state).toBe('DELETED')
  })

  test('that is protected opens only with its key', async () => {
    const link = await make({ protectionMode: 'ACCESS_KEY' })
    expect((await open(link)).status).toBe(200)
    expect((await it.inject({ method: 'GET', url: new URL(link.url).pathname })).status).toBe(404)
  })

  test('takes the address from its own address, or asks for it', async () => {
    const asked = await make({ billingAddressHandlingMode: 'REQUIRED_ON_PAYMENT_PAGE' })
    expect((await use(asked)).status).toBe(422)
    const address = { street: 'Weg 1', postcode: '3000', city: 'Bern' }
    expect((await use(asked, { ...person, ...address })).status).toBe(303)
    const told = await make({ billingAddressHandlingMode: 'REQUIRED_IN_URL' })
    const query = new URLSearchParams({ ...person, ...address })
    expect((await it.inject({ method: 'GET', url: pathOf(told) })).status).toBe(422)
    expect((await it.inject({ method: 'POST', url: `${pathOf(told)}?${query}` })).status).toBe(303)
  })

  test('that nobody knows, or that is no code, is not found', async () => {
    for (const code of ['1'.repeat(18), 'x', '..%2f'])
      expect((await it.inject({ method: 'GET', url: `/l/${code}` })).status, code).toBe(404)
    const garbage = await it.inject({ method: 'GET', url: '/l/%00' })
    expect([400, 404]).toContain(garbage.status)
  })

  test('is one under one external id, and is refused what nobody could pay', async () => {
    const wanted = body()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => us.v2('POST', '/payment/links', wanted)),
    )
    expect(new Set(answers.map(({ body: made }) => made.id)).size).toBe(1)
    const { currency: _currency, ...without } = body()
    expect((await us.v2('POST', '/payment/links', without)).status).toBe(422)
    const shipped = body({ shippingAddressHandlingMode: 'REQUIRED_IN_URL' })
    expect((await us.v1('POST', '/payment-link/create', shipped)).status).toBe(442)
    const lineItems = [
      { uniqueId: '1', name: 'T', type: 'PRODUCT', quantity: 1, amountIncludingTax: 0.001 },
    ]
    expect((await us.v2('POST', '/payment/links', body({ lineItems }))).status).toBe(422)
  })
})
