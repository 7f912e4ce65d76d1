import { Stripe } from 'stripe'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Bookkeeper } from '../../../src/book/index.ts'
import {
  type CheckoutDeps,
  paymentWork,
  refreshPayment,
  takeNotice,
} from '../../../src/checkout/index.ts'
import { createGateways } from '../../../src/gateways/index.ts'
import { type FakeStripe, startFakeStripe } from '../../fakes/stripe.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import { balanceOf, done, claim, eventsOf, fee, invoice, linesOf, openAccount } from './given.ts'

const secretKey = 'sk_test_world'
const webhookSecret = 'whsec_world'
const it = world({ webhookAllow: ['127.0.0.1/32'] })
const noon = it.now
let fake: FakeStripe
let tenant: TestTenant
beforeAll(async () => {
  fake = await startFakeStripe(secretKey)
})
beforeEach(async () => {
  tenant = await it.tenant()
  await openAccount(tenant, [invoice('INV', 1_000), fee('FEE', 100, 'INV', { type: 'LATE' })])
  const body = { C: claim(500, { accountReference: 'ACC' }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  fake.seen.length = 0
  fake.failures.length = 0
})
afterEach(() => {
  it.now = noon
})
afterAll(async () => {
  await fake.close()
  await assertBooksBalance(it.database.ownerPool)
})

const send = (method: 'GET' | 'POST' | 'DELETE', url: string, body?: unknown) =>
  tenant.call({
    method,
    url: `/q/v1${url}`,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
const setStripe = (more: object = {}) => {
  const settings = { name: 'stripe', secretKey, webhookSecret, apiBase: fake.apiBase, ...more }
  return send('POST', '/payment-providers', settings)
}

/** Opens a payment at Stripe and answers its id and that of its session. */
async function started(...claims: [reference: string, amountMinor: number][]) {
  expect((await setStripe()).status).toBe(200)
  const shares = claims.map(([reference, amountMinor]) => ({ reference, amountMinor }))
  const answer = await send('POST', '/payments', { claims: shares, returnUrl: 'https://a.example' })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  const session = fake.sessions.get(answer.body.redirectUrl.split('/').at(-1))
  return { paymentId: answer.body.paymentId as string, sessionId: session?.id as string }
}

function signed(type: string, object: object) {
  const stripe = new Stripe(secretKey)
  const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } })
  const timestamp = Math.floor(it.now.getTime() / 1_000)
  const header = stripe.webhooks.generateTestHeaderString({
    payload,
    secret: webhookSecret,
    timestamp,
  })
  return { payload, headers: { 'stripe-signature': header, 'content-type': 'application/json' } }
}
const notify = (type: string, object: object) =>
  it.inject({
    method: 'POST',
    url: `/payments/notices/stripe/${tenant.tenantId}`,
    ...signed(type, object),
  })
const completed = (sessionId: string) =>
  notify('checkout.session.completed', fake.sessions.get(sessionId) ?? {})

const stateOf = async (paymentId: string) =>
  (await send('GET', `/payments/${paymentId}`)).body.state as string
const booked = async () => {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select kind || ' ' || amount_minor as line from quittance.entry
     where tenant_id = $1 and kind in ('payment', 'chargeback') order by account_id, seq`,
    [tenant.tenantId],
  )
  return rows.map(({ line }) => line)
}
const told = async (wanted: string) =>
  (await eventsOf(it, tenant)).filter(({ type }) => type === `event.${wanted}`).length

function depsWith(bookkeeper: Pick<Bookkeeper, 'submitGroup'>): CheckoutDeps {
  const { services, sealer } = it.assembly
  const { db, config, clock } = services
  const publicUrl = () => services.publicUrl()
  const nowOf = () => it.now
  const gateways = createGateways({ config, db, sealer, clock, nowOf, publicUrl })
  return { db, bookkeeper: bookkeeper as Bookkeeper, gateways, nowOf, publicUrl }
}

describe('the payment providers of a tenant', () => {
  test('are the sandbox until another is set up, and never show a secret', async () => {
    const before = await send('GET', '/payment-providers')
    expect(before.body.items).toEqual([
      { name: 'sandbox', isSetUp: false, apiBase: null, updatedAt: null },
    ])
    const set = await setStripe()
    const shown = { name: 'stripe', isSetUp: true, apiBase: fake.apiBase }
    expect(set.body).toMatchObject(shown)
    const after = await send('GET', '/payment-providers')
    expect(after.body.items).toMatchObject([shown])
    expect(JSON.stringify([set.body, after.body])).not.toMatch(/sk_test|whsec/)
    const { rows } = await it.database.ownerPool.query<{ text: string }>(
      `select encode(secret_key_sealed, 'escape') || encode(webhook_secret_sealed, 'escape') as text
       from quittance.payment_provider where tenant_id = $1`,
      [tenant.tenantId],
    )
    expect(rows[0]?.text).not.toMatch(/sk_test|whsec/)
    expect((await send('DELETE', '/payment-providers/stripe')).status).toBe(204)
    expect((await send('DELETE', '/payment-providers/stripe')).status).toBe(404)
    expect((await send('GET', '/payment-providers')).body).toEqual(before.body)
  })

  test('are refused at an address that is not Stripe’s, and where a field is not known', async () => {
    const elsewhere = await setStripe({ apiBase: 'http://169.254.169.254' })
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'provider_settings' } })
    expect((await setStripe({ more: true })).status).toBe(400)
    expect((await setStripe({ secretKey: 'a\nb' })).status).toBe(400)
  })
})

describe('a payment through Stripe', () => {
  test('is booked once when its notice comes, and again, and late ones of before', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId, 'unpaid')
    expect((await completed(sessionId)).status).toBe(200)
    expect(await stateOf(paymentId)).toBe('processing')
    expect(await booked()).toEqual([])
    fake.conclude(sessionId, 'succeeded')
    const session = fake.sessions.get(sessionId) ?? {}
    for (let round = 0; round < 2; round += 1) {
      await notify('checkout.session.async_payment_succeeded', session)
      await notify('checkout.session.completed', { ...session, payment_status: 'unpaid' })
      await notify('checkout.session.expired', session)
    }
    expect(await stateOf(paymentId)).toBe('settled')
    expect(await booked()).toEqual(['payment 100', 'payment 1000'])
    expect(await linesOf(tenant)).toContain('INV RESOLVED 0+0')
    expect(await told('claimDebtPayment.settled')).toBe(1)
    expect(await told('landingPagePayment.succeeded')).toBe(1)
  })

  test('is booked once by 50 notices, questions and disputes at the same time', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_000], ['C', 500])
    const { payment_intent: intent } = fake.complete(sessionId)
    const takeBack = () =>
      notify('charge.dispute.created', { payment_intent: intent, status: 'needs_response' })
    const ask = () => send('POST', `/payments/${paymentId}/refresh`)
    const settle = () => completed(sessionId)
    const notices = Array.from({ length: 10 }, () => [settle, settle, settle, ask, takeBack])
      .flat()
      .map((work) => work())
    const answers = await Promise.all(notices)
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    await takeBack()
    expect(await stateOf(paymentId)).toBe('disputed')
    expect((await booked()).toSorted()).toEqual([
      'chargeback 100',
      'chargeback 500',
      'chargeback 900',
      'payment 100',
      'payment 500',
      'payment 900',
    ])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_600, credit: 0 })
    expect(await told('multiClaimDebtPayment.settled')).toBe(1)
    expect(await told('multiClaimDebtPayment.disputed')).toBe(1)
    const { history } = (await send('GET', `/payments/${paymentId}`)).body
    expect(history.map(({ state }: { state: string }) => state)).toEqual([
      'open',
      'settled',
      'disputed',
    ])
  })

  test('is not booked a second time where the tenant booked the same payment by itself (D-25)', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    const { payment_intent: trackingId } = fake.complete(sessionId)
    const matched = await tenant.post('match_account_payment', [
      {
        accountReference: 'ACC',
        currency: 'EUR',
        totalAmount: 1_100,
        matchStrategy: 'ORDERED_LEDGER_ENTRIES',
        providerName: 'STRIPE',
        trackingId,
      },
    ])
    expect(matched.status).toBe(200)
    const before = await booked()
    expect(before).not.toEqual([])
    await completed(sessionId)
    expect(await stateOf(paymentId)).toBe('settled')
    expect(await booked()).toEqual(before)
  })

  test('is booked once when the server dies between the money and the booking', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId)
    const notice = signed('checkout.session.completed', fake.sessions.get(sessionId) ?? {})
    const at = {
      tenantId: tenant.tenantId,
      provider: 'stripe',
      notice: { headers: notice.headers, body: Buffer.from(notice.payload) },
    }
    const { bookkeeper } = it.assembly
    const before = { submitGroup: () => Promise.reject(new Error('died before')) }
    await expect(takeNotice(depsWith(before), at)).rejects.toThrow('died before')
    expect(await booked()).toEqual([])
    const after = {
      async submitGroup(...group: Parameters<Bookkeeper['submitGroup']>): Promise<never> {
        await bookkeeper.submitGroup(...group)
        throw new Error('died after')
      },
    } as unknown as Bookkeeper
    await expect(takeNotice(depsWith(after), at)).rejects.toThrow('died after')
    expect(await booked()).toEqual(['payment 100', 'payment 1000'])
    expect((await completed(sessionId)).status).toBe(200)
    expect(await booked()).toEqual(['payment 100', 'payment 1000'])
    expect(await stateOf(paymentId)).toBe('settled')
    expect(await told('claimDebtPayment.settled')).toBe(1)
    expect(await told('landingPagePayment.succeeded')).toBe(1)
  })

  test('keeps the change of state and the booking together', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId)
    const { bookkeeper } = it.assembly
    const broken = {
      submitGroup(...[commands]: Parameters<Bookkeeper['submitGroup']>) {
        const companions = () => [{ text: 'select 1 / 0', values: [] }]
        return bookkeeper.submitGroup(commands, { companions })
      },
    } as unknown as Bookkeeper
    const at = { tenantId: tenant.tenantId, paymentId }
    await expect(refreshPayment(depsWith(broken), at)).rejects.toThrow('division by zero')
    expect(await booked()).toEqual([])
    expect(await stateOf(paymentId)).toBe('open')
    await refreshPayment(depsWith(bookkeeper), at)
    expect(await booked()).toEqual(['payment 100', 'payment 1000'])
  })

  test('is found by the daily question when its dispute was told before anything else', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId)
    const { payment_intent: intent, ...dispute } = fake.dispute(sessionId)
    const early = await notify('charge.dispute.created', { ...dispute, payment_intent: intent })
    expect(early.status).toBe(200)
    await completed(sessionId)
    expect(await stateOf(paymentId)).toBe('settled')
    it.now = new Date(noon.getTime() + 86_400_000)
    const { services, bookkeeper } = it.assembly
    const work = paymentWork({ ...depsWith(bookkeeper), clock: services.clock, log: services.log })
    const round = async () => {
      await work.runDue(tenant.tenantId, new AbortController().signal)
      return booked()
    }
    await expect.poll(round, { timeout: 20_000 }).toContain('chargeback 1000')
  })

  test('fails to start where Stripe cannot be reached, which is told and leaves nothing to pay', async () => {
    expect((await setStripe()).status).toBe(200)
    fake.failures.push(500)
    const answer = await send('POST', '/payments', {
      claims: [{ reference: 'INV', amountMinor: 5 }],
      returnUrl: 'https://a.example',
    })
    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } })
    const { items } = (await send('GET', '/payments?claim=INV')).body
    expect(items).toMatchObject([{ state: 'failed', history: [{ state: 'open' }, {}] }])
    expect(await told('landingPagePaymentInit.failed')).toBe(1)
  })
})

describe('the address for notices', () => {
  test('refuses a notice that was tampered with, and changes nothing', async () => {
    const { paymentId, sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId, 'unpaid')
    const { payload, headers } = signed(
      'checkout.session.completed',
      fake.sessions.get(sessionId) ?? {},
    )
    const answer = await it.inject({
      method: 'POST',
      url: `/payments/notices/stripe/${tenant.tenantId}`,
      headers,
      payload: payload.replace('unpaid', 'paid'),
    })
    expect(answer).toMatchObject({ status: 400, body: { code: 'notice_not_signed' } })
    expect(await stateOf(paymentId)).toBe('open')
  })

  test('refuses a notice that is signed for another tenant', async () => {
    const { sessionId } = await started(['INV', 1_100])
    fake.complete(sessionId)
    tenant = await it.tenant('Other')
    expect((await setStripe({ webhookSecret: 'whsec_other' })).status).toBe(200)
    expect(await completed(sessionId)).toMatchObject({ status: 400 })
  })

  test('takes note of payments that are not ours without a word', async () => {
    await setStripe()
    const answer = await notify('checkout.session.completed', {
      id: 'cs_x',
      payment_status: 'paid',
    })
    expect(answer).toMatchObject({ status: 200, body: { received: true } })
  })

  test('is not found for a tenant or a provider that is none, and refuses what the sandbox never says', async () => {
    const post = (path: string, payload = '{}') =>
      it.inject({ method: 'POST', url: `/payments/notices/${path}`, payload })
    const { tenantId } = tenant
    expect((await post(`stripe/${tenantId}`)).status).toBe(404)
    expect((await post(`paypal/${tenantId}`)).status).toBe(404)
    expect((await post('stripe/00000000-0000-7000-8000-000000000000')).status).toBe(404)
    expect((await post('stripe/nobody')).status).toBe(400)
    expect((await post(`sandbox/${tenantId}`)).status).toBe(400)
    await setStripe()
    expect((await post(`stripe/${tenantId}`)).status).toBe(400)
    expect((await post(`stripe/${tenantId}`, 'x'.repeat(300_000))).status).toBe(413)
  })
})
