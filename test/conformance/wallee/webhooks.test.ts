import { createPublicKey, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dateIn, instantOf } from '../../../src/kernel/dates.ts'
import { entityNamed } from '../../../src/faces/wallee/registry.ts'
import { watchables } from '../../../src/faces/wallee/webhooks/watchable.ts'
import { type Received, type Receiver, startReceiver } from '../../receiver.ts'
import { person, type TestTenant, world } from '../../world.ts'
import { make } from './doors.ts'
import { client, type Client } from './sign.ts'

const require = createRequire(import.meta.url)
const it = world({ webhookAllow: ['127.0.0.1/32'] })
const customers = 1_450_000_000_004
const invoices = 1_472_041_816_898
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

type Json = Record<string, any>

let receiver: Receiver
let base: string
let tenant: TestTenant
let us: Client
beforeAll(async () => {
  await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = it.assembly.app.server.address() as AddressInfo
  base = `http://127.0.0.1:${port}/api`
})
// One for each test: what the one before still had to say arrives nowhere.
afterEach(() => receiver.close())
beforeEach(async () => {
  receiver = await startReceiver()
  // Noon of a Tuesday: messages to debtors leave.
  it.now = new Date('2026-03-10T12:00:00.000Z')
  tenant = await it.tenant()
  us = client(it, tenant)
})

async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The first messages of this test, in the order in which they came. */
const arrived = (count: number): Promise<Received[]> =>
  until(() => (receiver.received.length >= count ? receiver.received : undefined))

async function made(path: string, body: Json): Promise<Json> {
  const answer = await us.v2('POST', path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

const newUrl = (more: Json = {}) => made('/webhooks/urls', { url: receiver.url, ...more })

async function listen(more: Json = {}): Promise<Json> {
  const url = more['url'] ?? (await newUrl()).id
  return made('/webhooks/listeners', { entity: customers, ...more, url })
}

async function rename(customer: Json, familyName: string): Promise<Json> {
  const { id, version } = customer
  const answer = await us.v2('PATCH', `/customers/${id}`, { version, familyName })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

const timeZone = 'Europe/Berlin'
const today = () => dateIn(it.now, timeZone)

const newClaim = (reference: string, more: Json = {}) =>
  tenant.post('create_claims', {
    [reference]: {
      amount: 4_000,
      currency: 'EUR',
      productReference: 'loan',
      originalDueDate: today(),
      currentDueDate: today(),
      totalFees: 0,
      primaryDebtor: person(`D-${reference}`),
      ...more,
    },
  })

const signaturePattern = /^algorithm=SHA256withECDSA, keyId=([0-9a-f-]{36}), signature=(.+)$/

function signatureOf({ headers }: Received): { keyId: string; signature: string } {
  const [, keyId = '', signature = ''] = signaturePattern.exec(String(headers['x-signature'])) ?? []
  return { keyId, signature }
}

describe('a listener', () => {
  test('is told which object is in which state since when, in the fields that receivers know', async () => {
    const listener = await listen()
    const customer = await made('/customers', { familyName: 'Muster' })
    const [message] = await arrived(1)
    expect(message!.body).toEqual({
      entityId: customer['id'],
      eventId: expect.any(Number),
      listenerEntityId: customers,
      listenerEntityTechnicalName: 'Customer',
      spaceId: tenant.wallee.spaceId,
      state: 'ACTIVE',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
      webhookListenerId: listener['id'],
    })
    expect(message!.headers['content-type']).toBe('application/json')
  })

  test('is told of every change or of new states alone, as it asked', async () => {
    const { id: url } = await newUrl()
    const ofAll = await listen({ url, notifyEveryChange: true })
    const ofStates = await listen({ url })
    const ofEnd = await listen({ url, entityStates: ['DELETED'] })
    const customer = await made('/customers', { familyName: 'Muster' })
    await rename(customer, 'Neu')
    await us.v2('DELETE', `/customers/${customer['id']}`)
    await arrived(6)
    const told = (listener: Json) =>
      receiver.received
        .filter(({ body }) => body.webhookListenerId === listener['id'])
        .map(({ body }) => body.state)
    expect(told(ofAll)).toEqual(['ACTIVE', 'ACTIVE', 'DELETED'])
    expect(told(ofStates)).toEqual(['ACTIVE', 'DELETED'])
    expect(told(ofEnd)).toEqual(['DELETED'])
    const numbers = receiver.received.map(({ body }) => body.eventId)
    expect(new Set(numbers).size).toBe(3)
  })

  test('that wants no signature gets neither one nor the state', async () => {
    const { id: url } = await newUrl()
    const answer = await us.v1('POST', '/webhook-listener/create', {
      entity: customers,
      url,
      enablePayloadSignatureAndState: false,
    })
    expect(answer.body).toMatchObject({ enablePayloadSignatureAndState: false, url: { id: url } })
    await made('/customers', {})
    const [message] = await arrived(1)
    expect(message!.headers['x-signature']).toBeUndefined()
    expect(message!.body).not.toHaveProperty('state')
  })

  test('hears of a debtor of another door too, once, with its number', async () => {
    await listen()
    await newClaim('C-1')
    await newClaim('C-2', { primaryDebtor: person('D-C-1') })
    await newClaim('C-3')
    await arrived(2)
    const { body } = await us.v2('GET', '/customers?limit=10')
    expect(receiver.received.map((message) => message.body.entityId)).toEqual(
      body.data.map(({ id }: Json) => id),
    )
  })

  test('is told of an invoice that is open, overdue at the beginning of a day, paid', async () => {
    await listen({ entity: invoices })
    await newClaim('C-1')
    const [open] = await arrived(1)
    expect(open!.body).toMatchObject({ listenerEntityTechnicalName: 'TransactionInvoice' })
    it.now = new Date(it.now.getTime() + dayMs)
    await arrived(2)
    const { clientId, clientSecret } = tenant.oauth
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const granted = await it.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
    })
    const paid = await tenant.post(
      'credit_claims',
      { 'C-1': { amount: 4_000, currency: 'EUR', originator: 'CLIENT' } },
      '',
      { authorization: `Bearer ${granted.body['access_token']}` },
    )
    expect(paid.status).toBe(200)
    const told = await arrived(3)
    expect(told.map(({ body }) => body.state)).toEqual(['OPEN', 'OVERDUE', 'PAID'])
    expect(new Set(told.map(({ body }) => body.entityId)).size).toBe(1)
    // Of the space's own day.
    const midnight = instantOf(today(), 0, timeZone)
    expect(new Date(told[1]!.body.timestamp)).toEqual(midnight)
  })

  test('is told that a claim was overdue when it came, and not once more at midnight', async () => {
    await listen({ entity: invoices })
    await newClaim('C-1', { originalDueDate: '2020-01-31', currentDueDate: '2020-01-31' })
    await newClaim('C-2')
    await arrived(2)
    it.now = new Date(it.now.getTime() + dayMs)
    const told = await arrived(3)
    // Notices are in order for each invoice, not among them.
    const invoicesTold = [...new Set(told.map(({ body }) => Number(body.entityId)))]
    const states = invoicesTold
      .toSorted((a, b) => a - b)
      .map((id) => told.filter(({ body }) => body.entityId === id).map(({ body }) => body.state))
    expect(states).toEqual([['OVERDUE'], ['OPEN', 'OVERDUE']])
  })

  test.each(['DebtCollectionCase', 'DunningCase', 'ManualTask', 'Refund'] as const)(
    'is told of a new %s, under the id that it has at these doors',
    async (name) => {
      const { id: entity, states } = watchables[name]
      await listen({ entity, entityStates: states })
      const { id } = await make(us, entityNamed(name))
      const [told] = await until(() => {
        const own = receiver.received.filter(({ body }) => body.entityId === id)
        return own.length > 0 ? own : undefined
      })
      expect(told!.body).toMatchObject({
        listenerEntityId: entity,
        listenerEntityTechnicalName: name,
      })
      const first = {
        DebtCollectionCase: /CREATE|PREPARING/,
        DunningCase: /RUNNING/,
        ManualTask: /OPEN/,
      }
      expect(told!.body.state).toMatch({ ...first, Refund: /PENDING/ }[name])
    },
  )

  test('is told how a refund, a task and a dunning case end', async () => {
    const { id: url } = await newUrl()
    for (const name of ['Refund', 'ManualTask', 'DunningCase'] as const)
      await listen({ url, entity: watchables[name].id })
    const refund = await make(us, entityNamed('Refund'))
    const task = await make(us, entityNamed('ManualTask'))
    const dunning = await make(us, entityNamed('DunningCase'))
    const done = [
      await us.v2('POST', `/payment/refunds/${refund['id']}/mark-succeeded`),
      await us.v2('POST', `/manual-tasks/${task['id']}/action/${task['actions'][0].id}`),
      await us.v2('POST', `/payment/dunning-cases/${dunning['id']}/suspend`),
      await us.v2(
        'POST',
        `/payment/transactions/invoices/${dunning['initialInvoice'].id}/mark-paid`,
      ),
    ]
    expect(done.map(({ status }) => status).filter((status) => status >= 300)).toEqual([])
    const told = (listenerEntityId: number, entityId: number) =>
      receiver.received
        .filter(({ body }) => body.listenerEntityId === listenerEntityId)
        .filter(({ body }) => body.entityId === entityId)
        .map(({ body }) => body.state)
    await until(() => {
      const states = told(watchables.DunningCase.id, dunning['id'])
      return states.at(-1) === 'SUCCEEDED' ? states : undefined
    })
    expect(told(watchables.DunningCase.id, dunning['id'])).toEqual([
      'RUNNING',
      'SUSPENDED',
      'SUCCEEDED',
    ])
    expect(told(watchables.Refund.id, refund['id'])).toEqual(['PENDING', 'SUCCESSFUL'])
    expect(told(watchables.ManualTask.id, task['id'])).toEqual(['OPEN', 'DONE'])
  })

  test('of another space or another tenant hears nothing', async () => {
    const others = client(it, await it.tenant())
    const { body: url } = await others.v2('POST', '/webhooks/urls', { url: `${receiver.url}/no` })
    await others.v2('POST', '/webhooks/listeners', { entity: customers, url: url.id })
    await listen()
    await made('/customers', {})
    await made('/customers', {})
    const told = await arrived(2)
    expect(told.map(({ path }) => path)).toEqual(['/hook', '/hook'])
  })
})

describe('a delivery', () => {
  test('that fails is repeated to the letter, with the same eventId, before the next of its object', async () => {
    receiver.react = () => 500
    await listen({ notifyEveryChange: true })
    const customer = await made('/customers', { familyName: 'Muster' })
    await arrived(1)
    await rename(customer, 'Neu')
    await made('/customers', { familyName: 'Other' })
    await arrived(2)
    // A failure that is recorded after the clock moved would be repeated later.
    await until(async () => {
      const { rows } = await it.database.ownerPool.query(
        `select from quittance.webhook_delivery
         where tenant_id = $1 and attempts > 0 and lease_until is null`,
        [tenant.tenantId],
      )
      return rows.length === 2 ? true : undefined
    })
    receiver.react = () => 200
    it.now = new Date(it.now.getTime() + 2 * minuteMs)
    const told = await arrived(5)
    const own = told.filter(({ body }) => body.entityId === customer['id'])
    expect(own).toHaveLength(3)
    expect(own[1]!.text).toBe(own[0]!.text)
    expect(own[2]!.body.eventId).toBeGreaterThan(own[1]!.body.eventId)
  })

  test('waits a minute, and is given up after seven days', async () => {
    receiver.react = () => 503
    const listener = await listen()
    await made('/customers', {})
    await arrived(1)
    it.now = new Date(it.now.getTime() + 50 * 1000)
    await made('/customers', {})
    await arrived(2)
    expect(receiver.received.map(({ body }) => body.entityId)).toHaveLength(2)
    const log = async () => {
      const { rows } = await it.database.ownerPool.query(
        `select d.state, d.expires_at - d.created_at as kept from quittance.webhook_delivery d
         join quittance.wallee_webhook_listener l using (tenant_id, subscription_id)
         where l.tenant_id = $1 and l.id = $2 order by d.place`,
        [tenant.tenantId, listener['id']],
      )
      return rows as Json[]
    }
    expect((await log()).map(({ state, kept }) => [state, kept.days])).toEqual([
      ['PENDING', 7],
      ['PENDING', 7],
    ])
  })

  test('is seen in the log of the native door, where the webhook cannot be changed', async () => {
    await listen()
    await made('/customers', {})
    await arrived(1)
    const list = await tenant.call({ method: 'GET', url: '/q/v1/webhooks' })
    expect(list.body.items).toMatchObject([{ format: 'wallee', eventTypes: ['Customer'] }])
    const path = `/q/v1/webhooks/${list.body.items[0].id}`
    const log = await until(async () => {
      const { body } = await tenant.call({ method: 'GET', url: `${path}/deliveries` })
      return body.items[0]?.state === 'DELIVERED' ? body.items : undefined
    })
    expect(log).toMatchObject([{ eventType: 'Customer ACTIVE', attempts: 1, responseStatus: 200 }])
    const removed = await tenant.call({ method: 'DELETE', url: path })
    expect(removed).toMatchObject({ status: 409, body: { code: 'webhook_of_listener' } })
  })

  test('ends when the receiver says it is gone, until somebody activates the listener', async () => {
    receiver.react = () => 410
    const listener = await listen()
    await made('/customers', {})
    await arrived(1)
    const path = `/webhooks/listeners/${listener['id']}`
    await until(async () => ((await us.v2('GET', path)).body.state === 'INACTIVE' ? 1 : undefined))
    await made('/customers', {})
    receiver.react = () => 200
    const change = { version: listener['version'], state: 'ACTIVE' }
    expect((await us.v2('PATCH', path, change)).body).toMatchObject({ state: 'ACTIVE' })
    const customer = await made('/customers', {})
    await until(() => receiver.received.find(({ body }) => body.entityId === customer['id']))
  })

  test('follows its URL: to a new address at once, nowhere while it is inactive', async () => {
    const url = await newUrl()
    await listen({ url: url['id'] })
    const path = `/webhooks/urls/${url['id']}`
    const off = await us.v2('PATCH', path, { version: 1, state: 'INACTIVE' })
    expect(off.body).toMatchObject({ state: 'INACTIVE', version: 2 })
    await made('/customers', {})
    const on = { version: 2, state: 'ACTIVE', url: `${receiver.url}/new` }
    expect((await us.v2('PATCH', path, on)).status).toBe(200)
    const customer = await made('/customers', {})
    const [message] = await arrived(1)
    expect(message).toMatchObject({ path: '/hook/new', body: { entityId: customer['id'] } })
  })
})

describe('the signature', () => {
  test('is ECDSA over the body, by the key that both versions serve under its id', async () => {
    await listen()
    await made('/customers', {})
    const [message] = await arrived(1)
    const { keyId, signature } = signatureOf(message!)
    const first = await us.v1('GET', `/webhook-encryption/read?id=${keyId}`)
    expect(first.body).toEqual({ id: keyId, publicKey: expect.any(String) })
    const second = await us.v2('GET', `/webhooks/encryption-keys/${keyId}`)
    expect(String(second.headers['content-type'])).toMatch(/^text\/plain/)
    expect(second.body).toBe(first.body.publicKey)
    const key = createPublicKey({
      key: Buffer.from(second.body, 'base64'),
      format: 'der',
      type: 'spki',
    })
    expect(key.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    const bytes = Buffer.from(message!.text)
    expect(verify('sha256', bytes, key, Buffer.from(signature, 'base64'))).toBe(true)
    bytes[5] = 0
    expect(verify('sha256', bytes, key, Buffer.from(signature, 'base64'))).toBe(false)
  })

  test('is taken by both SDKs that can check one, and not with another body', async () => {
    await listen()
    await made('/customers', {})
    const [message] = await arrived(1)
    const header = String(message!.headers['x-signature'])
    const { spaceId, userId, authenticationKey } = tenant.wallee
    // The SDKs sign with the machine's own time.
    it.now = new Date()
    const { PostFinanceCheckout } = require('postfinancecheckout-4')
    const config = { space_id: spaceId, user_id: userId, api_secret: authenticationKey }
    const four = new PostFinanceCheckout.api.WebhookEncryptionService(config)
    four.basePath = base
    const sdk = require('postfinancecheckout-5')
    const five = new sdk.WebhookEncryptionKeysService(
      new sdk.Configuration({
        basePath: `${base}/v2.0`,
        httpBearerAuth: new sdk.HttpBearerAuth(userId, authenticationKey),
      }),
    )
    for (const service of [four, five]) {
      expect(await service.isContentValid(header, message!.text)).toBe(true)
      expect(await service.isContentValid(header, `${message!.text} `)).toBe(false)
    }
  })

  test('keeps its key while our own keys change, and is not among them', async () => {
    await listen()
    await made('/customers', {})
    const [message] = await arrived(1)
    await tenant.call({ method: 'POST', url: '/q/v1/webhook-keys' })
    const { body } = await tenant.call({ method: 'GET', url: '/q/v1/webhook-keys' })
    expect(body.items.map(({ algorithm }: Json) => algorithm)).toEqual([
      'RSASSA-PKCS1-v1_5 with SHA-256',
    ])
    await made('/customers', {})
    const [, next] = await arrived(2)
    expect(signatureOf(next!).keyId).toBe(signatureOf(message!).keyId)
  })

  test('is checked by nobody else: the key does not exist for another account', async () => {
    await listen()
    await made('/customers', {})
    const [message] = await arrived(1)
    const { keyId } = signatureOf(message!)
    const others = client(it, await it.tenant())
    expect((await others.v2('GET', `/webhooks/encryption-keys/${keyId}`)).status).toBe(404)
    expect((await others.v1('GET', `/webhook-encryption/read?id=${keyId}`)).status).toBe(442)
    expect((await us.v2('GET', '/webhooks/encryption-keys/nonsense')).status).toBe(404)
  })

  test('of a space made later is checked with the account’s users, who name no space', async () => {
    const { body: accounts } = await us.v2('GET', '/accounts')
    const space = await made('/spaces', { account: accounts.data[0].id, name: 'Second' })
    const there = us.in(space['id'])
    const { body: url } = await there.v2('POST', '/webhooks/urls', { url: receiver.url })
    await there.v2('POST', '/webhooks/listeners', { entity: customers, url: url.id })
    await there.v2('POST', '/customers', {})
    const [message] = await arrived(1)
    expect(message!.body.spaceId).toBe(space['id'])
    const { keyId } = signatureOf(message!)
    expect((await us.v2('GET', `/webhooks/encryption-keys/${keyId}`)).status).toBe(200)
  })
})

describe('a listener is refused', () => {
  test('for objects that this platform has not, and states that the object has not', async () => {
    const { id: url } = await newUrl()
    const transaction = await us.v2('POST', '/webhooks/listeners', {
      entity: 1_472_041_829_003,
      url,
    })
    expect(transaction.status).toBe(422)
    expect(transaction.body.errors.entity).toMatch(/TransactionInvoice/)
    const states = { entity: customers, url, entityStates: ['FULFILL'] }
    expect((await us.v2('POST', '/webhooks/listeners', states)).status).toBe(422)
    expect((await us.v1('POST', '/webhook-listener/create', states)).status).toBe(442)
    const listener = await listen({ url })
    const change = { version: 1, entityStates: ['ACTIVE', 'OPEN'] }
    expect((await us.v2('PATCH', `/webhooks/listeners/${listener['id']}`, change)).status).toBe(422)
  })

  test('for a URL of another tenant, and a URL that leads into our own network', async () => {
    const others = client(it, await it.tenant())
    const { body: url } = await others.v2('POST', '/webhooks/urls', { url: receiver.url })
    const foreign = await us.v2('POST', '/webhooks/listeners', { entity: customers, url: url.id })
    expect(foreign.status).toBe(422)
    for (const inner of ['http://10.0.0.1/hook', 'ftp://example.com/', 'http://[::1]/hook']) {
      expect((await us.v2('POST', '/webhooks/urls', { url: inner })).status).toBe(400)
      expect((await us.v1('POST', '/webhook-url/create', { url: inner })).status).toBe(442)
    }
  })

  test('to lose its URL: one that listeners use is not deleted', async () => {
    const url = await newUrl()
    const listener = await listen({ url: url['id'] })
    const path = `/webhooks/urls/${url['id']}`
    expect((await us.v2('DELETE', path)).status).toBe(422)
    expect((await us.v2('DELETE', `/webhooks/listeners/${listener['id']}`)).status).toBe(204)
    expect((await us.v2('DELETE', path)).status).toBe(204)
    expect((await us.v2('GET', path)).body).toMatchObject({ state: 'DELETED' })
  })
})
