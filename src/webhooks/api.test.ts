import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../test/receiver.ts'
import { person, type TestTenant, world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'

const it = world({ webhookAllow: ['127.0.0.1/32'] })
const url = 'https://93.184.216.34/hook'
let receiver: Receiver
let tenant: TestTenant
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())
beforeEach(async () => {
  receiver.received.length = 0
  receiver.react = () => 200
  tenant = await it.tenant()
})

interface Page {
  body: { items: { id: string }[]; nextCursor: string | null }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
// oxlint-disable-next-line max-params -- a request as one says it
const call = (method: Method, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  callAs(tenant, { method, path, body, headers })

function callAs(
  who: TestTenant,
  request: { method: Method; path: string; body?: unknown; headers?: Record<string, string> },
) {
  const { method, path, body, headers = {} } = request
  return who.call({
    method,
    url: `/q/v1${path}`,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
}

const create = async (more: object = {}) =>
  (await call('POST', '/webhooks', { url, eventTypes: ['*'], ...more })).body

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const newClaim = (reference: string) =>
  tenant.post('create_claims', {
    [reference]: {
      amount: 4_000,
      currency: 'EUR',
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-02-28',
      totalFees: 0,
      primaryDebtor: person('D'),
    },
  })

async function delivered(id: string) {
  return until(async () => {
    const { body } = await call('GET', `/webhooks/${id}/deliveries?state=DELIVERED`)
    return body.items.length > 0 ? body.items : undefined
  })
}

describe('a webhook', () => {
  test('is created, shown, changed and deleted', async () => {
    const answer = await call('POST', '/webhooks', {
      url,
      eventTypes: ['event.claim.created.v1', 'event.claim.resolved'],
    })
    expect(answer.status).toBe(201)
    const created = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      format: 'quittance',
      url,
      eventTypes: ['event.claim.created', 'event.claim.resolved'],
      isActive: true,
      inactiveReason: null,
      isPaused: false,
      pauseReason: null,
      pausedAt: null,
      failingSince: null,
      createdAt: '2026-03-10T12:00:00.000Z',
      updatedAt: '2026-03-10T12:00:00.000Z',
    }
    expect(answer.body).toEqual(created)
    const path = `/webhooks/${answer.body.id}`
    expect(await call('GET', path)).toMatchObject({ status: 200, body: created })
    const changed = await call('PATCH', path, { eventTypes: ['*'], isActive: false })
    expect(changed).toMatchObject({
      status: 200,
      body: { ...created, eventTypes: ['*'], isActive: false },
    })
    expect((await call('GET', path)).body).toEqual(changed.body)
    expect(await call('DELETE', path)).toMatchObject({ status: 204, body: '' })
    for (const method of ['GET', 'DELETE'] as const)
      expect((await call(method, path)).status).toBe(404)
  })

  test('comes in a list by pages, the oldest first', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) ids.push((await create({ url: `${url}/${n}` })).id)
    const pages: string[][] = []
    let next: string | null = ''
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`
      const page: Page = await call('GET', `/webhooks?limit=2${cursor}`)
      pages.push(page.body.items.map(({ id }) => id))
      next = page.body.nextCursor
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
  })

  test('is refused beyond the 100th', async () => {
    await it.database.ownerPool.query(
      `insert into quittance.webhook_subscription (tenant_id, subscription_id, url, event_types, is_active,
         created_at, updated_at)
       select $1, gen_random_uuid(), 'https://example.com', '["*"]', true, now(), now() from generate_series(1, 100)`,
      [tenant.tenantId],
    )
    const answer = await call('POST', '/webhooks', { url, eventTypes: ['*'] })
    expect(answer).toMatchObject({ status: 409, body: { code: 'too_many_webhooks' } })
  })
})

describe('what does not fit is refused as problem+json', () => {
  test.each([
    ['no URL', { eventTypes: ['*'] }, 'invalid_request'],
    ['no event types', { url }, 'invalid_request'],
    ['none of them', { url, eventTypes: [] }, 'invalid_request'],
    ['a field that does not exist', { url, eventTypes: ['*'], isactive: true }, 'invalid_request'],
    ['another type', { url: 5, eventTypes: ['*'] }, 'invalid_request'],
    ['a list for a body', [], 'invalid_request'],
    ['an unknown event', { url, eventTypes: ['event.claim.exploded'] }, 'unknown_event_type'],
    ['a private address', { url: 'http://10.0.0.1/', eventTypes: ['*'] }, 'webhook_url_refused'],
    ['a file', { url: 'file:///etc/passwd', eventTypes: ['*'] }, 'webhook_url_refused'],
  ])('%s', async (_what, body, code) => {
    const answer = await call('POST', '/webhooks', body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.body).toMatchObject({
      type: `urn:quittance:${code}`,
      status: 400,
      code,
      detail: expect.stringMatching(/./),
    })
  })

  test.each([
    ['PATCH', '', {}],
    ['PATCH', '', { url: 'http://169.254.169.254/' }],
    ['PATCH', '', { eventTypes: ['nonsense'] }],
    ['PATCH', '', { isPaused: false }],
    ['GET', '/deliveries?state=LOST', undefined],
    ['GET', '/deliveries?limit=0', undefined],
    ['GET', '/deliveries?limit=201', undefined],
    ['GET', '/deliveries?cursor=x', undefined],
  ] as const)('%s …%s %j', async (method, path, body) => {
    const { id } = await create()
    const before = await call('GET', `/webhooks/${id}`)
    expect(await call(method, `/webhooks/${id}${path}`, body)).toMatchObject({ status: 400 })
    expect((await call('GET', `/webhooks/${id}`)).body).toEqual(before.body)
  })

  test('an id that is none, and a cursor that is none', async () => {
    expect((await call('GET', '/webhooks/nonsense')).status).toBe(400)
    expect((await call('GET', '/webhooks?cursor=nonsense')).status).toBe(400)
    expect((await call('GET', `/webhooks/${newId()}`)).status).toBe(404)
  })
})

test('without a token, nothing', async () => {
  for (const [method, path] of [
    ['GET', '/webhooks'],
    ['POST', '/webhooks'],
    ['GET', `/webhooks/${newId()}`],
    ['PATCH', `/webhooks/${newId()}`],
    ['DELETE', `/webhooks/${newId()}`],
    ['GET', `/webhooks/${newId()}/deliveries`],
    ['POST', `/webhooks/${newId()}/deliveries/${newId()}/redeliver`],
    ['GET', '/webhook-keys'],
    ['POST', '/webhook-keys'],
  ] as const) {
    const headers = { authorization: 'Bearer nonsense' }
    const answer = await it.inject({ method, url: `/q/v1${path}`, headers })
    expect([path, answer.status]).toEqual([path, 401])
  }
})

test('the ids of another tenant are not found, and its webhooks stay as they are', async () => {
  const { id } = await create({ url: receiver.url })
  await newClaim('C')
  const [{ messageId }] = await delivered(id)
  const before = await call('GET', `/webhooks/${id}`)
  const other = await it.tenant('Other')
  const told = receiver.received.length
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { isActive: false }],
    ['DELETE', '', undefined],
    ['GET', '/deliveries', undefined],
    ['POST', `/deliveries/${messageId}/redeliver`, undefined],
  ] as const) {
    const answer = await callAs(other, { method, path: `/webhooks/${id}${path}`, body })
    expect([method, path, answer.status]).toEqual([method, path, 404])
  }
  expect((await callAs(other, { method: 'GET', path: '/webhooks' })).body.items).toEqual([])
  expect((await call('GET', `/webhooks/${id}`)).body).toEqual(before.body)
  expect(receiver.received).toHaveLength(told)
  const own = await call('GET', '/webhook-keys')
  const theirs = await callAs(other, { method: 'GET', path: '/webhook-keys' })
  expect(theirs.body.items[0].keyId).not.toBe(own.body.items[0].keyId)
})

describe('Idempotency-Key', () => {
  test('a repeated create gives the first answer and makes one webhook', async () => {
    const headers = { 'idempotency-key': newId() }
    const body = { url, eventTypes: ['*'] }
    const first = await call('POST', '/webhooks', body, headers)
    const again = await call('POST', '/webhooks', body, headers)
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect((await call('GET', '/webhooks')).body.items).toHaveLength(1)
    const changed = await call(
      'POST',
      '/webhooks',
      { ...body, eventTypes: ['event.note.created'] },
      headers,
    )
    expect(changed).toMatchObject({ status: 422, body: { code: 'key_reused' } })
  })

  test('a refused request leaves its key free', async () => {
    const headers = { 'idempotency-key': newId() }
    const path = `/webhooks/${newId()}`
    expect((await call('DELETE', path, undefined, headers)).status).toBe(404)
    expect((await call('DELETE', path, undefined, headers)).status).toBe(404)
    const { id } = await create()
    const own = { 'idempotency-key': newId() }
    expect((await call('DELETE', `/webhooks/${id}`, undefined, own)).status).toBe(204)
    const again = await call('DELETE', `/webhooks/${id}`, undefined, own)
    expect(again).toMatchObject({ status: 204, headers: { 'idempotent-replayed': 'true' } })
  })

  test('a repeated rotation rotates once', async () => {
    const headers = { 'idempotency-key': newId() }
    const first = await call('POST', '/webhook-keys', undefined, headers)
    const again = await call('POST', '/webhook-keys', undefined, headers)
    expect(first.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect((await call('GET', '/webhook-keys')).body.items).toEqual([first.body])
  })
})

test('what is booked through another door is delivered soon, logged, and can be sent again', async () => {
  const { id } = await create({ url: receiver.url, eventTypes: ['event.claim.created'] })
  await newClaim('C')
  const [logged] = await delivered(id)
  const [first] = receiver.received
  expect(first!.body.payload.details).toMatchObject({
    messageType: 'event.claim.created.v1',
    claimRef: 'C',
    amount: 4_000,
  })
  expect(first!.body.payload.user).toEqual({ originator: 'ClientAPI' })
  expect(logged).toEqual({
    messageId: first!.body.payload.messageId,
    eventType: 'event.claim.created',
    state: 'DELIVERED',
    attempts: 1,
    nextAttemptAt: null,
    lastAttemptAt: '2026-03-10T12:00:00.000Z',
    responseStatus: 200,
    error: null,
    createdAt: '2026-03-10T12:00:00.000Z',
    deliveredAt: '2026-03-10T12:00:00.000Z',
  })
  const path = `/webhooks/${id}/deliveries/${logged.messageId}/redeliver`
  expect(await call('POST', path)).toMatchObject({
    status: 202,
    body: { messageId: logged.messageId, state: 'PENDING' },
  })
  await until(async () => receiver.received[1])
  expect(receiver.received[1]!.body).toEqual(first!.body)
  const unknown = `/webhooks/${id}/deliveries/${newId()}/redeliver`
  expect(await call('POST', unknown)).toMatchObject({
    status: 404,
    body: { code: 'delivery_not_found' },
  })
})

test('the delivery log comes by pages, the newest first, and by state', async () => {
  const { id } = await create({ url: receiver.url, eventTypes: ['event.claim.created'] })
  for (let n = 0; n < 5; n += 1) await newClaim(`C${n}`)
  await until(async () => {
    const { body } = await call('GET', `/webhooks/${id}/deliveries?state=DELIVERED`)
    return body.items.length === 5 ? true : undefined
  })
  const all = (await call('GET', `/webhooks/${id}/deliveries`)).body
  expect(all.nextCursor).toBeNull()
  const first = (await call('GET', `/webhooks/${id}/deliveries?limit=3`)).body
  const second = (
    await call('GET', `/webhooks/${id}/deliveries?limit=3&cursor=${first.nextCursor}`)
  ).body
  expect([...first.items, ...second.items]).toEqual(all.items)
  expect(second.nextCursor).toBeNull()
  const claimOf = (messageId: string) =>
    receiver.received.find(({ body }) => body.payload.messageId === messageId)!.body.payload.details
      .claimRef
  expect(all.items.map(({ messageId }: { messageId: string }) => claimOf(messageId))).toEqual([
    'C4',
    'C3',
    'C2',
    'C1',
    'C0',
  ])
  for (const state of ['PENDING', 'FAILED'])
    expect((await call('GET', `/webhooks/${id}/deliveries?state=${state}`)).body.items).toEqual([])
})
