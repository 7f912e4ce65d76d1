import { Stripe } from 'stripe'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeStripe, startFakeStripe } from '../../test/fakes/stripe.ts'
import { checkedApiBase } from './api-base.ts'
import { stripeAmount } from './stripe-amount.ts'
import { createStripe } from './stripe.ts'

const secretKey = 'sk_test_1'
const webhookSecret = 'whsec_1'
const now = new Date('2026-03-10T12:00:00.000Z')

let fake: FakeStripe
beforeAll(async () => {
  fake = await startFakeStripe(secretKey)
})
afterAll(() => fake.close())

const adapter = (key = secretKey) =>
  createStripe({
    apiBase: fake.apiBase,
    secretKey: key,
    webhookSecret,
    tenantId: 'tenant',
    clock: () => now,
  })
/** Stripe's own client, so that the fake is what Stripe's clients take for Stripe. */
const sdk = () =>
  new Stripe(secretKey, {
    host: '127.0.0.1',
    port: fake.port,
    protocol: 'http',
    maxNetworkRetries: 0,
  })

const orderOf = (key: string) => ({
  paymentId: key,
  amountMinor: 1_234,
  currency: 'EUR',
  description: 'Claim A & B',
  locale: 'de-AT',
  returnUrl: 'https://portal.example/back?x=1',
  cancelUrl: 'https://portal.example/left',
  idempotencyKey: key,
})
const chargeOf = (cardReference: string, key = cardReference) => ({
  amountMinor: 500,
  currency: 'EUR',
  cardReference,
  idempotencyKey: key,
  description: 'Bill 1',
})

/** A notice as Stripe sends it, signed by its own SDK. */
function noticeOf(type: string, object: object, of: { secret?: string; at?: Date } = {}) {
  const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } })
  const header = sdk().webhooks.generateTestHeaderString({
    payload,
    secret: of.secret ?? webhookSecret,
    timestamp: Math.floor((of.at ?? now).getTime() / 1_000),
  })
  return { headers: { 'stripe-signature': header }, body: Buffer.from(payload) }
}

describe('the Stripe adapter', () => {
  test('opens a session that Stripe’s own client reads the same', async () => {
    const started = await adapter().createCheckout(orderOf('one'))
    expect(started.redirectUrl).toContain(started.providerReference)
    const session = await sdk().checkout.sessions.retrieve(started.providerReference)
    expect(session).toMatchObject({
      status: 'open',
      amount_total: 1_234,
      currency: 'eur',
      client_reference_id: 'one',
      metadata: { quittancePayment: 'one', quittanceTenant: 'tenant' },
      locale: 'de',
      success_url: 'https://portal.example/back?x=1',
      cancel_url: 'https://portal.example/left',
    })
  })

  test('opens one session for one idempotency key', async () => {
    const first = await adapter().createCheckout(orderOf('twice'))
    expect(await adapter().createCheckout(orderOf('twice'))).toEqual(first)
  })

  test('reads a session of Stripe’s own client through every state', async () => {
    const made = await sdk().checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://a.example',
      line_items: [
        {
          quantity: 1,
          price_data: { currency: 'eur', unit_amount: 700, product_data: { name: 'x' } },
        },
      ],
    })
    const read = async () => (await adapter().readCheckout(made.id)).state
    expect(await read()).toBe('open')
    fake.complete(made.id, 'unpaid')
    expect(await read()).toBe('processing')
    fake.conclude(made.id, 'failed')
    expect(await adapter().readCheckout(made.id)).toMatchObject({
      state: 'declined',
      reason: 'debit_not_authorized',
    })
    fake.conclude(made.id, 'succeeded')
    expect(await read()).toBe('settled')
    fake.dispute(made.id, 'warning_needs_response')
    expect(await read(), 'an inquiry takes nothing back').toBe('settled')
    fake.dispute(made.id, 'won')
    expect(await read(), 'what was won is there again').toBe('settled')
    const { payment_intent: trackingId } = fake.dispute(made.id)
    expect(await adapter().readCheckout(made.id)).toEqual({
      state: 'disputed',
      trackingId,
      reason: 'fraudulent',
    })
  })

  test('closes what is open and leaves what is paid', async () => {
    const open = await adapter().createCheckout(orderOf('close-1'))
    const closed = await adapter().closeCheckout(open.providerReference)
    expect(closed).toMatchObject({ state: 'canceled', reason: 'expired' })
    const paid = await adapter().createCheckout(orderOf('close-2'))
    fake.complete(paid.providerReference)
    expect((await adapter().closeCheckout(paid.providerReference)).state).toBe('settled')
  })

  test('charges a card on file once for one key', async () => {
    const first = await adapter().chargeCard?.(chargeOf('pm_card_visa'))
    expect(first).toMatchObject({
      status: 'succeeded',
      provider: 'STRIPE',
      chargeReference: expect.stringMatching(/^ch_/),
    })
    expect(await adapter().chargeCard?.(chargeOf('pm_card_visa'))).toEqual(first)
  })

  test('answers a declined and an unknown card as declined', async () => {
    expect(await adapter().chargeCard?.(chargeOf('pm_card_chargeDeclined'))).toEqual({
      status: 'declined',
      reason: 'generic_decline',
    })
    expect(await adapter().chargeCard?.(chargeOf('pm_gone'))).toEqual({
      status: 'declined',
      reason: 'resource_missing',
    })
  })

  test('neither made nor declined while it is processed, a charge is not made again', async () => {
    const charge = { ...chargeOf('pm_card_slow'), isRepeat: true }
    const unknown = { code: 'provider_unavailable', kind: 'unavailable' }
    const made = () => fake.charges.filter(({ status }) => status === 'processing').length
    await expect(adapter().chargeCard?.(charge)).rejects.toMatchObject(unknown)
    fake.forgetKeys()
    await expect(adapter().chargeCard?.(charge)).rejects.toMatchObject(unknown)
    expect(made()).toBe(1)
    for (const one of fake.charges) one['status'] = 'succeeded'
    expect(await adapter().chargeCard?.(charge)).toMatchObject({ status: 'succeeded' })
  })

  test('refuses with what went wrong: a wrong key, a fault at Stripe, nobody there', async () => {
    await expect(adapter('sk_wrong').createCheckout(orderOf('k'))).rejects.toMatchObject({
      code: 'provider_refused',
    })
    fake.failures.push(500)
    await expect(adapter().createCheckout(orderOf('k'))).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
    const nobody = createStripe({
      apiBase: 'http://127.0.0.1:1',
      secretKey,
      webhookSecret,
      tenantId: 't',
      clock: () => now,
    })
    await expect(nobody.readCheckout('cs_1')).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
  })
})

describe('a notice of Stripe', () => {
  const session = { id: 'cs_1', object: 'checkout.session', payment_intent: 'pi_1' }
  const told = { providerReference: 'cs_1', trackingId: 'pi_1' }
  const cases: [type: string, object: object, notice: object | undefined][] = [
    [
      'checkout.session.completed',
      { ...session, payment_status: 'paid' },
      { ...told, state: 'settled' },
    ],
    [
      'checkout.session.completed',
      { ...session, payment_status: 'unpaid' },
      { ...told, state: 'processing' },
    ],
    ['checkout.session.async_payment_succeeded', session, { ...told, state: 'settled' }],
    [
      'checkout.session.async_payment_failed',
      session,
      { ...told, state: 'declined', reason: 'payment_failed' },
    ],
    ['checkout.session.expired', session, { ...told, state: 'canceled', reason: 'expired' }],
    [
      'charge.dispute.created',
      { payment_intent: 'pi_1', status: 'needs_response', reason: 'fraudulent' },
      { trackingId: 'pi_1', state: 'disputed', reason: 'fraudulent' },
    ],
    [
      'charge.dispute.created',
      { payment_intent: 'pi_1', status: 'warning_needs_response' },
      undefined,
    ],
    ['customer.created', { id: 'cus_1' }, undefined],
  ]
  for (const [type, object, notice] of cases) {
    test(`${type} tells ${JSON.stringify(notice ?? 'nothing')}`, async () => {
      const read = await adapter().readNotice(noticeOf(type, object))
      expect(read).toEqual(notice === undefined ? [] : [notice])
    })
  }

  test('is refused when it was changed, signed by another, too old, or not signed', async () => {
    const good = noticeOf('customer.created', {})
    const refused: [string, Parameters<ReturnType<typeof adapter>['readNotice']>[0]][] = [
      ['changed', { ...good, body: Buffer.from(good.body.toString().replace('evt_1', 'evt_2')) }],
      ['another secret', noticeOf('customer.created', {}, { secret: 'whsec_2' })],
      ['old', noticeOf('customer.created', {}, { at: new Date(now.getTime() - 301_000) })],
      ['no header', { ...good, headers: {} }],
      ['no time', { ...good, headers: { 'stripe-signature': 'v1=00' } }],
      ['odd signature', { ...good, headers: { 'stripe-signature': 't=1773144000,v1=zz' } }],
    ]
    for (const [name, notice] of refused) {
      await expect(adapter().readNotice(notice), name).rejects.toMatchObject({
        code: 'notice_not_signed',
      })
    }
  })
})

describe('the amount that Stripe is told', () => {
  const cases: [amountMinor: number, currency: string, amount: number][] = [
    [1_234, 'EUR', 1_234],
    [1_234, 'JPY', 1_234],
    [1_230, 'KWD', 1_230],
    [5, 'ISK', 500],
    [12_300, 'MGA', 123],
  ]
  test.each(cases)('is for %i minor units of %s %i', (amountMinor, currency, amount) => {
    expect(stripeAmount(amountMinor, currency)).toBe(amount)
  })

  test('is refused where Stripe cannot say it', () => {
    for (const [amountMinor, currency] of [
      [1_234, 'KWD'],
      [150, 'MGA'],
      [Number.MAX_SAFE_INTEGER, 'ISK'],
    ] as const) {
      expect(() => stripeAmount(amountMinor, currency), currency).toThrow(
        expect.objectContaining({ code: 'amount_not_payable' }),
      )
    }
  })
})

describe('the address that a secret key is sent to', () => {
  test('is Stripe’s, or within the networks that the operator allows', () => {
    expect(checkedApiBase('https://api.stripe.com/', [])).toBe('https://api.stripe.com')
    expect(checkedApiBase('http://127.0.0.1:12111', ['127.0.0.0/8'])).toBe('http://127.0.0.1:12111')
  })

  test('is no other', () => {
    const others = [
      'http://api.stripe.com',
      'https://api.stripe.com.evil.example',
      'https://evilstripe.com',
      'http://127.0.0.1:12111',
      'http://[::1]:80',
      'http://169.254.169.254/latest',
      'https://user@api.stripe.com',
      'file:///etc/passwd',
      'nonsense',
    ]
    for (const text of others) {
      expect(() => checkedApiBase(text, ['10.0.0.0/8']), text).toThrow(
        expect.objectContaining({ code: 'provider_settings' }),
      )
    }
  })
})
