import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import {
  accountOf,
  balanceOf,
  claim,
  claimOf,
  done,
  eventsDuring,
  eventsOf,
  fee,
  invoice,
  linesOf,
  openAccount,
  reasonOf,
} from '../receeve/given.ts'
import {
  bookOf,
  collect,
  configure,
  createCase,
  item,
  type Json,
  reaches,
  readCase,
  unique,
  wholeCase,
} from './cases.ts'
import { client, type Client } from './sign.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

/** A tenant with the account ACC, on it the invoice I of 100.00 with a fee of 5.00, and a case on it. */
async function onInvoice(more: Json = {}) {
  const us = client(it, await it.tenant())
  await openAccount(us.tenant, [invoice('I', 10_000), fee('F', 500, 'I')])
  const skipping = await configure(us)
  const made = await createCase(us, {
    reference: 'I',
    externalId: unique('X'),
    collectorConfiguration: skipping,
    ...more,
  })
  return { us, made, id: made['id'] as number }
}

const native = (us: Client, method: 'GET' | 'POST', url: string, payload?: Json) =>
  us.tenant.call({ method, url: `/q/v1${url}`, ...(payload ? { payload } : {}) })
const placementOf = async (us: Client, reference: string) =>
  (await native(us, 'GET', `/claims/${reference}/placement`)).body

describe('a case on a claim that another door made', () => {
  test('takes the claim over with what it asks for, whom it is about and how it is called', async () => {
    const { us, made } = await onInvoice({ reference: 'I-2026-01-31' })
    expect(made).toMatchObject({
      state: 'PENDING',
      amount: 105,
      currency: 'EUR',
      billingAddress: { givenName: 'Ada', familyName: 'Byron', country: 'DE' },
    })
    expect(
      made['lineItems'].map((line: Json) => [line['type'], line['amountIncludingTax']]),
    ).toEqual([
      ['PRODUCT', 100],
      ['FEE', 5],
    ])
    expect(await linesOf(us.tenant)).toEqual(['I ACTIVE 10000+500'])
    await reaches(us, made['id'], 'PROCESSING')
    expect(await placementOf(us, 'I')).toMatchObject({ status: 'PLACED', agency: 'manual' })
  }, 30_000)

  test('collected through wallee, the claim, the account, its entries and the events agree through Receeve to the cent', async () => {
    const { us, id } = await onInvoice()
    const events = await eventsDuring(it, us.tenant, async () => {
      expect((await collect(us, id, '35.05', 'E-1')).status).toBe(200)
    })
    expect(await linesOf(us.tenant)).toEqual(['I ACTIVE 6995+0'])
    expect(await balanceOf(it, us.tenant)).toEqual({ balance: 6995, credit: 0 })
    const payments = (await accountOf(us.tenant))['ledgerEntries']
      .filter((entry: Json) => entry['paymentDetails'])
      .map((entry: Json) => entry['paymentDetails'].amount)
    expect(payments.toSorted()).toEqual([3005, 500])
    const updated = events.filter(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(updated).toMatchObject([{ data: { claimRef: 'I', originator: 'DCA' } }])
    expect((await readCase(us, id))['amount']).toBe(69.95)
  })

  test('paid through Receeve, the case asks for less, and closes when nothing is left', async () => {
    const { us, id } = await onInvoice()
    await reaches(us, id, 'PROCESSING')
    const pay = (totalAmount: number) =>
      us.tenant.post('match_account_payment', [
        {
          accountReference: 'ACC',
          currency: 'EUR',
          totalAmount,
          matchStrategy: 'ORDERED_LEDGER_ENTRIES',
        },
      ])
    await pay(2_550)
    expect((await readCase(us, id))['amount']).toBe(79.5)
    await pay(7_950)
    const closed = await reaches(us, id, 'CLOSED')
    expect(closed).toMatchObject({ amount: 0 })
    expect(await placementOf(us, 'I')).toMatchObject({ status: 'CLOSED' })
  }, 40_000)

  test('is refused in another currency, with other line items, twice at once, and for a claim that is over', async () => {
    const { us, made } = await onInvoice()
    const refusedAs = async (code: string, more: Json) => {
      const body = { reference: 'I', externalId: unique('X'), ...more }
      const answer = await us.v2('POST', '/debt-collection/cases', body)
      expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 422, body: { code } })
    }
    await refusedAs('claim_in_case', {})
    await us.v1('POST', `/debt-collection-case/close?id=${made['id']}`)
    await refusedAs('currency_mismatch', { currency: 'CHF' })
    await refusedAs('items_mismatch', { lineItems: [item(104.99)] })
    const again = await createCase(us, {
      reference: 'I',
      externalId: unique('X'),
      lineItems: [item(105)],
    })
    expect(again).toMatchObject({ state: 'PENDING', amount: 105 })
    await us.v1('POST', `/debt-collection-case/close?id=${again['id']}`)
    const resolved = [{ ref: 'I', reason: 'CLAIM_SOLD' }]
    await done(us.tenant, { operation: 'resolve_claims', body: resolved, key: 'I' })
    await refusedAs('reference_taken', {})
  })

  test('two creates at once on one claim make one case', async () => {
    const us = client(it, await it.tenant())
    await openAccount(us.tenant, [invoice('I', 10_000)])
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_one, index) =>
        us.v2('POST', '/debt-collection/cases', { reference: 'I', externalId: `X-${index}` }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201, 422, 422, 422, 422, 422,
    ])
    expect((await us.v1('POST', '/debt-collection-case/count')).body).toBe(1)
  })
})

describe('a case that makes its claim', () => {
  test('is a claim of the debtor at the Receeve door, who has one account for all cases', async () => {
    const us = client(it, await it.tenant())
    const skipping = await configure(us)
    const first = await createCase(us, wholeCase({ collectorConfiguration: skipping }))
    const second = await createCase(us, wholeCase({ collectorConfiguration: skipping }))
    const { account } = await bookOf(it, us, first['reference'])
    expect(await bookOf(it, us, second['reference'])).toMatchObject({ account, owed: 10_025 })
    const shown = await claimOf(us.tenant, first['reference'], account)
    expect(shown).toMatchObject({
      amount: 10_025,
      originalDueDate: '2026-02-01',
      primaryDebtor: { firstName: 'Ada', lastName: 'Byron' },
    })
    const credit = { [first['reference']]: { amount: 25, currency: 'EUR', originator: 'DCA' } }
    await done(us.tenant, {
      operation: 'credit_claims',
      body: credit,
      key: first['reference'],
    })
    expect((await readCase(us, first['id']))['amount']).toBe(100)
  })

  test('closed with a rest is recalled and keeps what was left; paid in full it is resolved', async () => {
    const us = client(it, await it.tenant())
    const skipping = await configure(us)
    const made = await createCase(us, wholeCase({ collectorConfiguration: skipping }))
    await reaches(us, made['id'], 'PROCESSING')
    await collect(us, made['id'], '50', 'E-1')
    const closed = await us.v1('POST', `/debt-collection-case/close?id=${made['id']}`)
    expect(closed.body).toMatchObject({ state: 'CLOSED', amount: 50.25 })
    const { reference } = made
    expect(await placementOf(us, reference)).toMatchObject({ status: 'RECALLED' })
    expect(await reasonOf(it, us.tenant, reference)).toEqual({ status: 'ACTIVE', reason: null })
    const credit = { [reference]: { amount: 5_025, currency: 'EUR', originator: 'CLIENT' } }
    await done(us.tenant, { operation: 'credit_claims', body: credit, key: reference })
    expect(await reasonOf(it, us.tenant, reference)).toMatchObject({ status: 'RESOLVED' })
    expect((await readCase(us, made['id']))['amount']).toBe(50.25)
  }, 30_000)

  test('whose debtor the book refuses waits in preparation and says why', async () => {
    const us = client(it, await it.tenant())
    const skipping = await configure(us)
    await us.tenant.post('create_claims', { TAKEN: claim(500, { currency: 'EUR' }) })
    await done(us.tenant, {
      operation: 'resolve_claims',
      body: [{ ref: 'TAKEN', reason: 'CLAIM_SOLD' }],
      key: 'TAKEN',
    })
    const taken = await us.v2('POST', '/debt-collection/cases', wholeCase({ reference: 'TAKEN' }))
    expect(taken.body.code).toBe('reference_taken')
    const made = await createCase(
      us,
      wholeCase({ collectorConfiguration: skipping, billingAddress: { country: 'CH' } }),
    )
    expect(made['state']).toBe('PREPARING')
    const refused = await us.v2('POST', `/debt-collection/cases/${made['id']}/mark-prepared`)
    expect(refused.body).toMatchObject({ code: 'case_incomplete' })
    expect(refused.body.message).toContain('billingAddress.familyName')
  })
})

describe('a case that others decide on', () => {
  test('closes when the claim is taken back from the agency at our own door', async () => {
    const { us, id } = await onInvoice()
    await reaches(us, id, 'PROCESSING')
    const recalled = await native(us, 'POST', '/claims/I/placement/recall', {})
    expect(recalled.status, JSON.stringify(recalled.body)).toBe(200)
    expect(await reaches(us, id, 'CLOSED')).toMatchObject({ amount: 105 })
  }, 40_000)

  test.each([
    ['MARK_AS_REVIEWED', 'PROCESSING'],
    ['CLOSE', 'CLOSED'],
  ])(
    'does what its review task was done with: %s',
    async (action, state) => {
      const us = client(it, await it.tenant())
      const made = await createCase(us, wholeCase())
      expect(made['state']).toBe('REVIEWING')
      const { body } = await native(us, 'GET', '/tasks')
      expect(body.items).toHaveLength(1)
      const completed = await native(us, 'POST', `/tasks/${body.items[0].id}/complete`, { action })
      expect(completed.status, JSON.stringify(completed.body)).toBe(200)
      await reaches(us, made['id'], state)
    },
    40_000,
  )

  test('tells of each state once, with the state before', async () => {
    const { us, id } = await onInvoice()
    await reaches(us, id, 'PROCESSING')
    await us.v1('POST', `/debt-collection-case/close?id=${id}`)
    const told = (await eventsOf(it, us.tenant)).filter(
      ({ type }) => type === 'event.debtCollectionCase.changed',
    )
    expect(told.map(({ data }) => [data['previousState'], data['state']])).toEqual([
      [null, 'CREATE'],
      ['CREATE', 'PENDING'],
      ['PENDING', 'PROCESSING'],
      ['PROCESSING', 'CLOSED'],
    ])
  }, 40_000)
})

test('the test clock of a sandbox takes a case through its year in one step', async () => {
  const us = client(it, await it.tenant('Sandbox', { debtCollectionTimeoutDays: 30 }, true))
  const skipping = await configure(us)
  const made = await createCase(us, wholeCase({ collectorConfiguration: skipping }))
  const advance = (to: string) => native(us, 'POST', '/test-clock/advance', { to })
  const moved = await advance('2026-03-12T12:00:00.000Z')
  expect(moved.status, JSON.stringify(moved.body)).toBe(200)
  const placed = await readCase(us, made['id'])
  expect(placed).toMatchObject({ state: 'PROCESSING' })
  expect(placed['processingTimeoutOn']).toMatch(/^2026-04-09/)
  await advance('2026-04-10T12:00:00.000Z')
  const closed = await readCase(us, made['id'])
  expect(closed).toMatchObject({ state: 'CLOSED', closedOn: placed['processingTimeoutOn'] })
  expect(await placementOf(us, made['reference'])).toMatchObject({ status: 'RECALLED' })
}, 30_000)

describe('over a socket', () => {
  const require = createRequire(import.meta.url)
  let us: Client
  let base: string
  beforeAll(async () => {
    // The SDK signs with the machine's own time.
    it.now = new Date()
    us = client(it, await it.tenant())
    await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = it.assembly.app.server.address() as AddressInfo
    base = `http://127.0.0.1:${port}/api`
  })

  /** The debt routes, which no SDK covers, over the exported base of the version 2 SDK. */
  function debtService() {
    const { BaseAPI, Configuration, HttpBearerAuth } = require('postfinancecheckout-5')
    const { userId, authenticationKey, spaceId } = us.tenant.wallee
    const config = new Configuration({
      basePath: `${base}/v2.0`,
      httpBearerAuth: new HttpBearerAuth(userId, authenticationKey),
    })
    const api = new BaseAPI(config)
    const call = async (
      ...[method, path, query = {}, body]: [string, string, Json?, Json?]
    ): Promise<Json> => {
      const headers: Json = { Space: String(spaceId) }
      const target = `/debt-collection/${path}`
      await config.httpBearerAuth.applyToRequest(target, method, query, headers)
      if (body) headers['Content-Type'] = 'application/json'
      const sent = { path: target, method, headers, query, ...(body ? { body } : {}) }
      const response = await api.request(sent)
      return response.status === 204 ? {} : response.json()
    }
    return { call }
  }

  test('the SDK postfinancecheckout-5 takes a case from its creation to its end', async () => {
    const debt = debtService()
    const collectors = await debt.call('GET', 'collectors', { limit: 10 })
    const configuration = await debt.call(
      'POST',
      'configurations',
      {},
      {
        collector: collectors['data'][0].id,
        skipReviewEnabled: true,
      },
    )
    const made = await debt.call(
      'POST',
      'cases',
      { expand: new Set(['collectorConfiguration.collector']) },
      wholeCase({ collectorConfiguration: configuration['id'] }),
    )
    expect(made).toMatchObject({
      state: 'PENDING',
      collectorConfiguration: { collector: { name: { 'en-US': 'Manual collection' } } },
    })
    const { id } = made
    const receipt = await debt.call('POST', `cases/${id}/payment-receipts`, {
      collectedAmount: 0.1 + 0.2,
      externalId: 'E 1/ä'.replace('ä', 'a'),
    })
    expect(receipt).toMatchObject({ amount: 0.3, debtCollectionCase: id })
    const document = await debt.call('POST', `cases/${id}/documents`, {
      fileName: 'größe.txt',
      content: Buffer.from('x'.repeat(60_000)).toString('base64'),
    })
    expect(document).toMatchObject({ fileName: 'größe.txt', mimeType: 'text/plain' })
    const listed = await debt.call('GET', `cases/${id}/documents`)
    expect(listed['data']).toHaveLength(1)
    const found = await debt.call('GET', 'cases/search', { query: `state:PENDING amount:<100` })
    expect(found['data'].concat((await debt.call('GET', 'cases'))['data'])[0].id).toBe(id)
    const closed = await debt.call('POST', `cases/${id}/close`)
    expect(closed).toMatchObject({ state: 'CLOSED', amount: 99.95 })
    await expect(debt.call('DELETE', `cases/${id}`)).rejects.toMatchObject({
      response: { status: 422 },
    })
  })

  test('version 1, signed by hand, carries a document in the address', async () => {
    const made = await createCase(us, wholeCase())
    const content = encodeURIComponent(Buffer.from('y'.repeat(100_000)).toString('base64'))
    const path = `/debt-collection-case/attachDocument?id=${made['id']}&fileName=y.txt&contentBase64=${content}`
    const { macHeaders } = await import('./sign.ts')
    const target = `/api${path}&spaceId=${us.spaceId}`
    const { userId, authenticationKey: key } = us.tenant.wallee
    const response = await fetch(base.replace('/api', '') + target, {
      method: 'POST',
      headers: macHeaders({ userId, key, at: new Date() }, 'POST', target),
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ fileName: 'y.txt' })
  })
})
