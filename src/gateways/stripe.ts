import type {
  CardCharge,
  CardChargeResult,
  CheckoutOrder,
  CheckoutReport,
  PaymentProvider,
  StartedCheckout,
} from './port.ts'
import type { StripeKeys } from './provider-settings.ts'
import { refuse } from './refusals.ts'
import { stripeAmount } from './stripe-amount.ts'
import {
  type CallStripe,
  createStripeClient,
  errorOf,
  isObject,
  type StripeAnswer,
} from './stripe-client.ts'
import { idOf, isChargedBack, readStripeNotice, textOf } from './stripe-notice.ts'

export interface StripeDeps extends StripeKeys {
  readonly tenantId: string
  readonly clock: () => Date
}

type Fields = Readonly<Record<string, unknown>>

const sessions = '/v1/checkout/sessions'
// What Stripe's page is translated to; for others it goes by the browser.
const stripeLanguages: ReadonlySet<string> = new Set(
  'bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh'.split(
    ' ',
  ),
)

/** Takes money with a tenant's own Stripe account: Checkout for debtors, PaymentIntents for cards on file. */
export function createStripe(deps: StripeDeps): PaymentProvider {
  const call = createStripeClient(deps)
  return {
    name: 'stripe',
    createCheckout: (order) => createSession(call, deps.tenantId, order),
    readCheckout: (reference) => readSession(call, reference),
    async closeCheckout(reference) {
      // A session that is complete or expired cannot be expired: how it stands says which.
      const path = `${sessions}/${encodeURIComponent(reference)}/expire`
      await call({ method: 'POST', path })
      return readSession(call, reference)
    },
    async readNotice(notice) {
      return readStripeNotice(notice, { secret: deps.webhookSecret, now: deps.clock() })
    },
    chargeCard: (charge) => chargeCard(call, charge),
  }
}

async function createSession(
  call: CallStripe,
  tenantId: string,
  order: CheckoutOrder,
): Promise<StartedCheckout> {
  const metadata = { quittancePayment: order.paymentId, quittanceTenant: tenantId }
  const answer = await call({
    method: 'POST',
    path: sessions,
    idempotencyKey: order.idempotencyKey,
    form: {
      mode: 'payment',
      client_reference_id: order.paymentId,
      success_url: order.returnUrl,
      cancel_url: order.cancelUrl,
      locale: languageOf(order.locale),
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: order.currency.toLowerCase(),
            unit_amount: stripeAmount(order.amountMinor, order.currency),
            product_data: { name: order.description },
          },
        },
      ],
      metadata,
      payment_intent_data: { metadata },
    },
  })
  const session = requireGood(answer)
  const providerReference = textOf(session['id'])
  const redirectUrl = textOf(session['url'])
  if (providerReference === undefined || redirectUrl === undefined) {
    throw refuse('provider_unavailable', 'Stripe answered no session')
  }
  return { providerReference, redirectUrl }
}

function languageOf(locale: string | undefined): string {
  const language = locale?.split('-')[0]?.toLowerCase() ?? ''
  return stripeLanguages.has(language) ? language : 'auto'
}

async function readSession(call: CallStripe, reference: string): Promise<CheckoutReport> {
  const answer = await call({
    method: 'GET',
    path: `${sessions}/${encodeURIComponent(reference)}`,
    form: { expand: ['payment_intent.latest_charge'] },
  })
  if (answer.status === 404) throw refuse('checkout_not_found')
  const session = requireGood(answer)
  const intent = isObject(session['payment_intent']) ? session['payment_intent'] : {}
  const trackingId = idOf(session['payment_intent'])
  switch (session['status']) {
    case 'open':
      return { state: 'open', trackingId }
    case 'expired':
      return { state: 'canceled', trackingId, reason: 'expired' }
    case 'complete':
      return session['payment_status'] === 'unpaid'
        ? unpaid(intent, trackingId)
        : paid(call, intent, trackingId)
    default:
      throw refuse('provider_unavailable', `a session that is ${String(session['status'])}`)
  }
}

/** Complete and not paid: money that takes days, or did not come. */
function unpaid(intent: Fields, trackingId: string | undefined): CheckoutReport {
  if (intent['status'] === 'canceled') return { state: 'canceled', trackingId, reason: 'canceled' }
  if (intent['status'] !== 'requires_payment_method') return { state: 'processing', trackingId }
  const error = isObject(intent['last_payment_error']) ? intent['last_payment_error'] : {}
  return { state: 'declined', trackingId, reason: textOf(error['code']) ?? 'payment_failed' }
}

async function paid(
  call: CallStripe,
  intent: Fields,
  trackingId: string | undefined,
): Promise<CheckoutReport> {
  const charge = isObject(intent['latest_charge']) ? intent['latest_charge'] : {}
  if (charge['disputed'] !== true) return { state: 'settled', trackingId }
  const answer = await call({
    method: 'GET',
    path: '/v1/disputes',
    form: { payment_intent: trackingId, limit: 10 },
  })
  const { data } = requireGood(answer)
  const disputes = Array.isArray(data) ? data.filter(isObject) : []
  const dispute = disputes.find(isChargedBack)
  if (!dispute) return { state: 'settled', trackingId }
  return { state: 'disputed', trackingId, reason: textOf(dispute['reason']) }
}

/** Charges a card whose owner is not there. `cus_…/pm_…` names the customer that a card belongs to. */
async function chargeCard(call: CallStripe, charge: CardCharge): Promise<CardChargeResult> {
  const made = charge.isRepeat ? await findCharge(call, charge.idempotencyKey) : undefined
  if (made) return resultOf(made)
  const [customer, card] = charge.cardReference.includes('/')
    ? charge.cardReference.split('/', 2)
    : [undefined, charge.cardReference]
  const answer = await call({
    method: 'POST',
    path: '/v1/payment_intents',
    idempotencyKey: charge.idempotencyKey,
    form: {
      amount: stripeAmount(charge.amountMinor, charge.currency),
      currency: charge.currency.toLowerCase(),
      payment_method: card,
      payment_method_types: ['card'],
      customer,
      description: charge.description,
      metadata: { [chargeKey]: charge.idempotencyKey },
      confirm: true,
      off_session: true,
      // A card that wants its owner there is declined instead of waiting for one who does not come.
      error_on_requires_action: true,
    },
  })
  const declined = declineOf(answer)
  if (declined !== undefined) return { status: 'declined', reason: declined }
  return resultOf(requireGood(answer))
}

// Under which a charge is found again.
const chargeKey = 'quittanceCharge'

/**
 * The charge that was made for a key before, if there is one: Stripe forgets keys after a day and would charge again. What
 * cannot be looked for is not charged.
 */
async function findCharge(call: CallStripe, key: string): Promise<Fields | undefined> {
  const answer = await call({
    method: 'GET',
    path: '/v1/payment_intents/search',
    form: { query: `metadata['${chargeKey}']:'${key}'`, limit: 10 },
  })
  const { data } = answer.body
  if (answer.status >= 400 || !Array.isArray(data)) {
    throw refuse('provider_unavailable', `Stripe answered ${answer.status} to a search`)
  }
  const intents = data.filter(isObject)
  const withStatus = (status: string) => intents.find((intent) => intent['status'] === status)
  return withStatus('succeeded') ?? withStatus('processing')
}

function resultOf(intent: Fields): CardChargeResult {
  // It may still take the money, so it is neither a charge nor a refusal: it is asked for again later.
  if (intent['status'] === 'processing') {
    throw refuse('provider_unavailable', 'a charge that is still processing')
  }
  const chargeReference = idOf(intent['latest_charge']) ?? textOf(intent['id'])
  if (intent['status'] !== 'succeeded' || chargeReference === undefined) {
    return { status: 'declined', reason: String(intent['status']) }
  }
  return { status: 'succeeded', chargeReference, provider: 'STRIPE' }
}

/** Why a card was not charged: its bank said no, or Stripe knows no such card. */
function declineOf(answer: StripeAnswer): string | undefined {
  const error = errorOf(answer)
  if (answer.status === 402) return error.code
  return answer.status === 400 && error.code === 'resource_missing' ? error.code : undefined
}

function requireGood(answer: StripeAnswer): Fields {
  if (answer.status < 400) return answer.body
  const { code, message } = errorOf(answer)
  throw refuse('provider_refused', `${code} ${message}`.trim())
}
