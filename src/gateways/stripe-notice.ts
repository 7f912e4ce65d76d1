import { createHmac, timingSafeEqual } from 'node:crypto'
import { decodeUtf8, readJson } from '../kernel/json.ts'
import type { CheckoutNotice, RawNotice } from './port.ts'
import { refuse } from './refusals.ts'
import { isObject } from './stripe-client.ts'

const toleranceSeconds = 300
const signaturesMax = 10

type Fields = Readonly<Record<string, unknown>>

/** What a webhook call of Stripe tells of checkouts; refuses one that is not signed with the secret, or too old. */
export function readStripeNotice(
  notice: RawNotice,
  { secret, now }: { secret: string; now: Date },
): readonly CheckoutNotice[] {
  requireSignature(notice, { secret, now })
  const event = eventOf(notice.body)
  const data = isObject(event['data']) ? event['data'] : {}
  const object = isObject(data['object']) ? data['object'] : {}
  const told = tell(String(event['type']), object)
  return told ? [told] : []
}

/** https://docs.stripe.com/webhooks#verify-manually */
function requireSignature(
  { headers, body }: RawNotice,
  { secret, now }: { secret: string; now: Date },
): void {
  const header = headers['stripe-signature']
  if (typeof header !== 'string') throw refuse('notice_not_signed')
  const parts = header.split(',').map((part) => part.split('=', 2))
  const time = parts.find(([name]) => name === 't')?.[1] ?? ''
  if (!/^\d{1,12}$/.test(time)) throw refuse('notice_not_signed')
  if (Math.abs(now.getTime() / 1_000 - Number(time)) > toleranceSeconds) {
    throw refuse('notice_not_signed', 'it is too old')
  }
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest()
  const given = parts.filter(([name]) => name === 'v1').slice(0, signaturesMax)
  // Several while a secret is being replaced.
  const isSigned = given.some(([, hex = '']) => {
    const signature = Buffer.from(hex, 'hex')
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  })
  if (!isSigned) throw refuse('notice_not_signed')
}

function eventOf(body: Buffer): Fields {
  try {
    const { value } = readJson(decodeUtf8(body))
    if (isObject(value)) return value
  } catch {
    // Said below: signed or not, it is no event.
  }
  throw refuse('notice_unreadable')
}

function tell(type: string, object: Fields): CheckoutNotice | undefined {
  switch (type) {
    case 'checkout.session.completed':
      return ofSession(object, object['payment_status'] === 'unpaid' ? 'processing' : 'settled')
    case 'checkout.session.async_payment_succeeded':
      return ofSession(object, 'settled')
    case 'checkout.session.async_payment_failed':
      return { ...ofSession(object, 'declined'), reason: 'payment_failed' }
    case 'checkout.session.expired':
      return { ...ofSession(object, 'canceled'), reason: 'expired' }
    case 'charge.dispute.created':
    case 'charge.dispute.funds_withdrawn':
      return ofDispute(object)
    default:
      return undefined
  }
}

function ofSession(session: Fields, state: CheckoutNotice['state']): CheckoutNotice {
  return {
    providerReference: textOf(session['id']),
    trackingId: idOf(session['payment_intent']),
    state,
  }
}

function ofDispute(dispute: Fields): CheckoutNotice | undefined {
  const trackingId = idOf(dispute['payment_intent'])
  if (trackingId === undefined || !isChargedBack(dispute)) return undefined
  return { trackingId, state: 'disputed', reason: textOf(dispute['reason']) }
}

/** An inquiry takes no money back, and may never become more; a dispute that was won or prevented has given it again. */
export function isChargedBack(dispute: Fields): boolean {
  const status = String(dispute['status'])
  return !status.startsWith('warning_') && status !== 'won' && status !== 'prevented'
}

export const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** The id of what Stripe names by its id, or shows whole where it was asked to. */
export function idOf(value: unknown): string | undefined {
  return isObject(value) ? textOf(value['id']) : textOf(value)
}
