import { request } from 'undici'
import { refuse } from './refusals.ts'

export interface StripeClientDeps {
  readonly apiBase: string
  readonly secretKey: string
}

export type Form = { readonly [name: string]: FormValue | undefined }
type FormValue = string | number | boolean | Form | readonly (FormValue | undefined)[]

export interface StripeCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly form?: Form
  readonly idempotencyKey?: string
}

export interface StripeAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export type CallStripe = (call: StripeCall) => Promise<StripeAnswer>

const timeoutMs = 15_000
const answerBytesMax = 1024 * 1024
// The version whose answers `stripe.ts` reads; an account's own version may be any.
const apiVersion = '2025-03-31.basil'

/** Calls Stripe's API as its own SDK does. Refuses when no answer comes, or one that says it is Stripe's fault. */
export function createStripeClient({ apiBase, secretKey }: StripeClientDeps): CallStripe {
  return async ({ method, path, form, idempotencyKey }) => {
    const text = form === undefined ? '' : encodeForm(form)
    const query = method === 'GET' && text !== '' ? `?${text}` : ''
    const answer = await send(`${apiBase}${path}${query}`, {
      method,
      headers: {
        authorization: `Bearer ${secretKey}`,
        'stripe-version': apiVersion,
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(method === 'POST' ? { body: text } : {}),
    })
    if (answer.status >= 500 || answer.status === 429) {
      throw refuse('provider_unavailable', `Stripe answered ${answer.status}`)
    }
    // Another request with this key runs: its outcome is not known yet.
    if (answer.status === 409) throw refuse('provider_unavailable', 'Stripe is busy with this')
    return answer
  }
}

async function send(
  url: string,
  options: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string },
): Promise<StripeAnswer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { statusCode: status, body } = await request(url, { ...options, signal })
    const text = await body.text()
    if (text.length > answerBytesMax) throw new Error('the answer is too long')
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) throw new Error('the answer is no object')
    return { status, body: value }
  } catch (error) {
    throw refuse('provider_unavailable', error instanceof Error ? error.message : undefined)
  }
}

/** `a[b][0]=c`, the way Stripe reads nested values. */
export function encodeForm(form: Form): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(form)) append(pairs, name, value)
  return pairs.toString()
}

function append(pairs: URLSearchParams, name: string, value: FormValue | undefined): void {
  if (value === undefined) return
  if (typeof value !== 'object') {
    pairs.append(name, String(value))
    return
  }
  for (const [key, member] of Object.entries(value)) append(pairs, `${name}[${key}]`, member)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The words of an error answer, fit to be shown: Stripe puts no secrets in them but part of a key. */
export function errorOf({ body }: StripeAnswer): { code: string; message: string; type: string } {
  const error = isObject(body['error']) ? body['error'] : {}
  const text = (field: string) => (typeof error[field] === 'string' ? error[field] : '')
  return {
    type: text('type'),
    code: text('decline_code') || text('code') || text('type') || 'refused',
    message: text('message').slice(0, 200),
  }
}
