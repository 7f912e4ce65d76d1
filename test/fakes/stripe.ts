import { randomBytes } from 'node:crypto'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'

type Fields = Record<string, any>

export interface FakeStripe {
  readonly apiBase: string
  readonly port: number
  readonly sessions: Map<string, Fields>
  readonly disputes: Fields[]
  /** Charges of cards on file. */
  readonly charges: Fields[]
  /** As Stripe does a day later: the same key is a new request. */
  forgetKeys(): void
  /** `METHOD path status`, one for each request. */
  readonly seen: string[]
  /** Statuses to answer with instead, one per request. */
  readonly failures: number[]
  /** Cards that are declined for now. */
  readonly withoutMoney: Set<string>
  /** What the debtor does on Stripe's page. */
  complete(sessionId: string, how?: 'paid' | 'unpaid'): Fields
  /** What becomes of a payment that takes days. */
  conclude(sessionId: string, how: 'succeeded' | 'failed'): Fields
  /** What a debtor's bank does. */
  dispute(sessionId: string, status?: string): Fields
  close(): Promise<void>
}

const newName = (prefix: string) => `${prefix}_${randomBytes(8).toString('hex')}`

/** As much of Stripe's API as payments need, as its own SDK takes it. */
export async function startFakeStripe(secretKey: string): Promise<FakeStripe> {
  const app = Fastify()
  await app.register(formbody)
  const sessions = new Map<string, Fields>()
  const intents = new Map<string, Fields>()
  const disputes: Fields[] = []
  const charges: Fields[] = []
  const seen: string[] = []
  const failures: number[] = []
  const withoutMoney = new Set<string>()
  const answers = new Map<string, { request: string; status: number; body: Fields }>()

  app.addHook('onSend', async (request, reply) => {
    seen.push(`${request.method} ${request.url.split('?')[0]} ${reply.statusCode}`)
  })
  app.addHook('onRequest', async (request, reply) => {
    const failure = failures.shift()
    if (failure !== undefined) return fail(reply, failure, { type: 'api_error' })
    if (request.headers.authorization !== `Bearer ${secretKey}`) {
      return fail(reply, 401, { type: 'invalid_request_error', message: 'Invalid API Key' })
    }
    return undefined
  })

  /** The same key with the same parameters is answered the same; with others it is refused. */
  function once(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (form: Fields) => { status: number; body: Fields },
  ) {
    const key = request.headers['idempotency-key'] as string | undefined
    const text = JSON.stringify(request.body ?? {})
    const known = key === undefined ? undefined : answers.get(key)
    if (known && known.request !== text) {
      return fail(reply, 400, { type: 'idempotency_error', message: 'Keys are for one request' })
    }
    const answer = known ?? work(nested(request.body ?? {}))
    if (key !== undefined) answers.set(key, { request: text, ...answer })
    return reply.code(answer.status).send(answer.body)
  }

  app.post('/v1/checkout/sessions', (request, reply) =>
    once(request, reply, (form) => {
      const id = newName('cs_test')
      const price = form.line_items['0'].price_data
      const session = {
        id,
        object: 'checkout.session',
        status: 'open',
        payment_status: 'unpaid',
        amount_total: Number(price.unit_amount) * Number(form.line_items['0'].quantity),
        currency: price.currency,
        client_reference_id: form.client_reference_id ?? null,
        metadata: form.metadata ?? {},
        locale: form.locale ?? null,
        success_url: form.success_url,
        cancel_url: form.cancel_url,
        payment_intent: null,
        url: `https://checkout.stripe.com/c/pay/${id}`,
      }
      sessions.set(id, session)
      return { status: 200, body: session }
    }),
  )
  app.get('/v1/checkout/sessions/:id', (request, reply) => {
    const session = sessions.get((request.params as Fields).id)
    if (!session) return missing(reply)
    const query = nested(request.query as Fields)
    const isExpanded = Object.values(query.expand ?? {}).includes('payment_intent.latest_charge')
    const intent = intents.get(session.payment_intent)
    return { ...session, ...(isExpanded && intent ? { payment_intent: intent } : {}) }
  })
  app.post('/v1/checkout/sessions/:id/expire', (request, reply) => {
    const session = sessions.get((request.params as Fields).id)
    if (!session) return missing(reply)
    if (session.status !== 'open') {
      return fail(reply, 400, { type: 'invalid_request_error', message: 'Not open' })
    }
    session.status = 'expired'
    return session
  })
  app.post('/v1/payment_intents', (request, reply) =>
    once(request, reply, (form) => {
      const id = newName('pi')
      const method = String(form.payment_method)
      if (method.startsWith('pm_card_chargeDeclined') || withoutMoney.has(method)) {
        const error = { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' }
        return { status: 402, body: { error } }
      }
      if (method === 'pm_gone') {
        const error = { type: 'invalid_request_error', code: 'resource_missing' }
        return { status: 400, body: { error } }
      }
      const amount = Number(form.amount)
      const intent = {
        id,
        object: 'payment_intent',
        amount,
        currency: form.currency,
        metadata: form.metadata ?? {},
        status: method === 'pm_card_slow' ? 'processing' : 'succeeded',
        latest_charge: newName('ch'),
      }
      charges.push(intent)
      return { status: 200, body: intent }
    }),
  )
  app.get('/v1/payment_intents/search', (request, reply) => {
    const query = String((request.query as Fields).query)
    const [, name = '', value] = /^metadata\['([^']+)'\]:'([^']*)'$/.exec(query) ?? []
    if (value === undefined) return fail(reply, 400, { type: 'invalid_request_error' })
    const data = charges.filter((intent) => intent.metadata[name] === value)
    return { object: 'search_result', data, has_more: false }
  })
  app.get('/v1/disputes', (request) => {
    const { payment_intent: wanted } = request.query as Fields
    const data = disputes.filter((dispute) => dispute.payment_intent === wanted)
    return { object: 'list', data, has_more: false }
  })

  const apiBase = await app.listen({ port: 0, host: '127.0.0.1' })
  const sessionOf = (id: string) => sessions.get(id)!
  const intentOf = (session: Fields) => intents.get(session.payment_intent)!
  return {
    apiBase,
    port: Number(new URL(apiBase).port),
    sessions,
    disputes,
    charges,
    forgetKeys: () => answers.clear(),
    seen,
    failures,
    withoutMoney,
    complete(sessionId, how = 'paid') {
      const session = sessionOf(sessionId)
      const id = newName('pi')
      const charge = { id: newName('ch'), disputed: false }
      const status = how === 'paid' ? 'succeeded' : 'processing'
      intents.set(id, { id, object: 'payment_intent', status, latest_charge: charge })
      Object.assign(session, { status: 'complete', payment_status: how, payment_intent: id })
      return session
    },
    conclude(sessionId, how) {
      const session = sessionOf(sessionId)
      if (how === 'succeeded') session.payment_status = 'paid'
      Object.assign(intentOf(session), {
        status: how === 'succeeded' ? 'succeeded' : 'requires_payment_method',
        ...(how === 'failed' ? { last_payment_error: { code: 'debit_not_authorized' } } : {}),
      })
      return session
    },
    dispute(sessionId, status = 'needs_response') {
      const intent = intentOf(sessionOf(sessionId))
      intent.latest_charge.disputed = true
      const dispute = {
        id: newName('dp'),
        object: 'dispute',
        payment_intent: intent.id,
        reason: 'fraudulent',
        status,
      }
      disputes.push(dispute)
      return dispute
    },
    close: () => app.close(),
  }
}

function missing(reply: FastifyReply) {
  return fail(reply, 404, { type: 'invalid_request_error', code: 'resource_missing' })
}

// oxlint-disable-next-line max-params -- a reply with its two parts
function fail(reply: FastifyReply, status: number, error: Fields): FastifyReply {
  return reply.code(status).send({ error })
}

/** `{ 'a[b]': 1 }` as `{ a: { b: 1 } }`. */
function nested(flat: Fields): Fields {
  const whole: Fields = {}
  for (const [name, value] of Object.entries(flat)) {
    const steps = name.replaceAll(']', '').split('[')
    let parent = whole
    for (const step of steps.slice(0, -1)) parent = parent[step] ??= {}
    parent[steps.at(-1)!] = value
  }
  return whole
}
