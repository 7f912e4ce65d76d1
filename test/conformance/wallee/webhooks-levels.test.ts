import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { watchables } from '../../../src/faces/wallee/webhooks/watchable.ts'
import { mailServer } from '../../messages.ts'
import { type Receiver, startReceiver } from '../../receiver.ts'
import { world } from '../../world.ts'
import { type Given, newBundle, newFlow, newInvoice, own, pay, theFlow, until } from './invoices.ts'
import { client, type Client } from './sign.ts'

type Json = Record<string, any>
type Kind = 'DunningCaseLevel' | 'ChargeFlowLevel' | 'ChargeFlow' | 'ChargeFlowLevelPaymentLink'

const mail = await mailServer()
const it = world({
  webhookAllow: ['127.0.0.1/32'],
  messages: {
    smtpUrl: mail.url,
    mailFrom: 'collections@acme.example',
    smsUrl: undefined,
    smsToken: undefined,
  },
})
// Registered after the world's own, so that it comes first: the server waits for connections to end.
afterAll(() => void mail.close())

let receiver: Receiver
let us: Client
let url: number
beforeEach(async () => {
  receiver = await startReceiver()
  us = client(it, await it.tenant('Sandbox', {}, true))
  url = (await made('/webhooks/urls', { url: receiver.url })).id
})
afterEach(() => receiver.close())

async function made(path: string, body: Json): Promise<Json> {
  const answer = await us.v2('POST', path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

const listen = (kind: Kind, more: Json = {}) =>
  made('/webhooks/listeners', { url, entity: watchables[kind].id, ...more })

/** Does all that is due now, or becomes due on the way. */
const pass = (by: object = { minutes: 0 }) => own(us, 'POST', '/test-clock/advance', by)

/** What listeners to a kind were told, as `<id> <state>`. */
const toldOf = (kind: Kind): string[] =>
  receiver.received
    .filter(({ body }) => body.listenerEntityTechnicalName === kind)
    .map(({ body }) => `${body.entityId} ${body.state}`)

/** Waits until a kind was told of that often; what comes too much is seen at the next look. */
async function told(kind: Kind, count: number): Promise<string[]> {
  await until(() => Promise.resolve(toldOf(kind).length >= count ? true : undefined)).catch(
    () => undefined,
  )
  return toldOf(kind)
}

async function levelsOf(invoice: Given): Promise<Json[]> {
  const filter = { type: 'LEAF', fieldName: 'invoice', operator: 'EQUALS', value: invoice.id }
  const orderBys = [{ fieldName: 'id', sorting: 'ASC' }]
  return (await us.v1('POST', '/dunning-case-level/search', { filter, orderBys })).body
}

const chargeLevel = async (id: number): Promise<Json> =>
  (await us.v2('GET', `/payment/charge-flows/levels/${id}`)).body

const cancel = (invoice: Given) => us.v1('POST', `/charge-flow/cancel-charge-flow?id=${invoice.id}`)

/** An invoice whose flow has sent its first message. */
async function inDunning(): Promise<Given> {
  await theFlow(us)
  const invoice = await newInvoice(us, { dueDate: '2027-12-31' })
  await pass()
  return invoice
}

describe('a listener to the levels of dunning cases', () => {
  test('is told when one is written, sent, followed by the next, and paid, as a read shows it', async () => {
    await listen('DunningCaseLevel')
    const invoice = await inDunning()
    const [first] = await levelsOf(invoice)
    expect(first).toMatchObject({ state: 'PENDING' })
    expect(await told('DunningCaseLevel', 2)).toEqual([
      `${first!.id} INITIALIZING`,
      `${first!.id} PENDING`,
    ])
    await pass({ days: 8 })
    const [, second] = await levelsOf(invoice)
    expect((await told('DunningCaseLevel', 4)).slice(2).toSorted()).toEqual(
      [`${first!.id} FAILED`, `${second!.id} PENDING`].toSorted(),
    )
    await pay(us, invoice, 10_000)
    await pass()
    expect((await told('DunningCaseLevel', 5)).slice(4)).toEqual([`${second!.id} SUCCEEDED`])
    expect((await levelsOf(invoice)).map(({ state }) => state)).toEqual(['FAILED', 'SUCCEEDED'])
    const body = receiver.received.at(-1)!.body
    expect(body).toMatchObject({ listenerEntityId: 1_450_000_000_003, entityId: second!.id })
  })

  test('is told that a level is cancelled with its case, once, whatever happens after that', async () => {
    await listen('DunningCaseLevel', { entityStates: ['CANCELED', 'SUCCEEDED'] })
    const invoice = await inDunning()
    await cancel(invoice)
    await pass()
    const [level] = await levelsOf(invoice)
    expect(await told('DunningCaseLevel', 1)).toEqual([`${level!.id} CANCELED`])
    await pay(us, invoice, 10_000)
    await pass({ days: 1 })
    expect(toldOf('DunningCaseLevel')).toEqual([`${level!.id} CANCELED`])
    expect((await levelsOf(invoice))[0]).toMatchObject({ state: 'CANCELED' })
  })

  test('is told of a message that comes back, and not of the payment that follows', async () => {
    await listen('DunningCaseLevel')
    const invoice = await inDunning()
    const [level] = await levelsOf(invoice)
    const { items } = await own(us, 'GET', `/messages?claimReference=${invoice.reference}`)
    await own(us, 'POST', '/messages/bounces', { messageId: items[0].id, kind: 'hard' })
    await pay(us, invoice, 10_000)
    await pass()
    const states = (await told('DunningCaseLevel', 3)).map((one) => one.split(' ')[1])
    expect(states).toEqual(['INITIALIZING', 'PENDING', 'FAILED'])
    expect((await levelsOf(invoice))[0]).toMatchObject({ id: level!.id, state: 'FAILED' })
    expect(await chargeLevel(level!.id)).toMatchObject({ state: 'FAILED' })
  })

  test('hears of a level that the gate kept back when the next one leaves', async () => {
    await listen('DunningCaseLevel')
    const address = { channel: 'email', address: 'ada@example.com' }
    await own(us, 'POST', '/suppressed-addresses', address)
    const invoice = await inDunning()
    expect((await levelsOf(invoice))[0]).toMatchObject({ state: 'FAILED' })
    expect(toldOf('DunningCaseLevel')).toEqual([])
    await pass({ days: 8 })
    const [first, second] = await levelsOf(invoice)
    expect((await told('DunningCaseLevel', 2)).toSorted()).toEqual(
      [`${first!.id} FAILED`, `${second!.id} PENDING`].toSorted(),
    )
  })

  test('is told of the last message of a flow that ends with it, as a read shows it', async () => {
    await listen('DunningCaseLevel')
    const steps = [{ id: 'only', type: 'email', bundleId: await newBundle(us) }]
    const document = { paths: { main: steps } }
    const flow = await own(us, 'POST', '/journeys', { name: 'Short', document })
    await own(us, 'POST', `/journeys/${flow.id}/assignments`, { default: true })
    const invoice = await newInvoice(us, { dueDate: '2027-12-31' })
    await pass()
    const [level] = await levelsOf(invoice)
    expect(level).toMatchObject({ state: 'FAILED' })
    expect(await told('DunningCaseLevel', 2)).toEqual([
      `${level!.id} INITIALIZING`,
      `${level!.id} FAILED`,
    ])
    // Whoever pays after the end: the flow had failed.
    await pay(us, invoice, 10_000)
    await pass({ days: 1 })
    expect((await levelsOf(invoice))[0]).toMatchObject({ state: 'FAILED' })
    expect(toldOf('DunningCaseLevel')).toHaveLength(2)
  })
})

describe('a listener to charge flows', () => {
  test('is told of the levels that are e-mails, once pending and once successful', async () => {
    await listen('ChargeFlowLevel')
    const invoice = await inDunning()
    await pay(us, invoice, 10_000)
    await pass()
    const [level] = await levelsOf(invoice)
    expect(await told('ChargeFlowLevel', 2)).toEqual([
      `${level!.id} PENDING`,
      `${level!.id} SUCCESSFUL`,
    ])
    expect(await chargeLevel(level!.id)).toMatchObject({ state: 'SUCCESSFUL' })
  })

  test('is told that a level failed when a letter takes its place, and nothing of the letter', async () => {
    await listen('ChargeFlowLevel')
    await listen('ChargeFlowLevel', { notifyEveryChange: true, entityStates: ['FAILED'] })
    const invoice = await inDunning()
    await pass({ days: 8 })
    await pay(us, invoice, 10_000)
    await pass()
    const [level] = await levelsOf(invoice)
    const states = (await told('ChargeFlowLevel', 5)).map((one) => String(one.split(' ')[1]))
    // The second listener hears of the arrival, too: something changed, the state did not.
    expect(states.toSorted()).toEqual(['FAILED', 'FAILED', 'PENDING', 'PENDING', 'PENDING'])
    expect(await chargeLevel(level!.id)).toMatchObject({ state: 'FAILED' })
  })

  test('is told once that a level has a payment link, without a state', async () => {
    await listen('ChargeFlowLevelPaymentLink')
    const invoice = await inDunning()
    await pass({ days: 8 })
    const [level] = await levelsOf(invoice)
    await told('ChargeFlowLevelPaymentLink', 1)
    expect(receiver.received.map(({ body }) => body)).toEqual([
      expect.objectContaining({ entityId: level!.id, listenerEntityId: 1_582_966_575_060 }),
    ])
    expect(receiver.received[0]!.body).not.toHaveProperty('state')
    expect(receiver.received[0]!.headers).toHaveProperty('x-signature')
    const path = `/payment/charge-flows/levels/payment-links/${level!.id}`
    expect((await us.v2('GET', path)).status).toBe(200)
  })

  test('is told of a flow that is made, gets a version, is assigned and is deleted', async () => {
    await listen('ChargeFlow', { notifyEveryChange: true })
    const { id, name } = await newFlow(us)
    const query = encodeURIComponent(`name:"${name}"`)
    const found = await us.v2('GET', `/payment/charge-flows/search?query=${query}`)
    const number = found.body.data[0].id
    const steps = [{ id: 'rest', type: 'wait', days: 1 }]
    await own(us, 'POST', `/journeys/${id}/versions`, { document: { paths: { main: steps } } })
    await own(us, 'POST', `/journeys/${id}/assignments`, { default: true })
    // Nothing changes.
    await own(us, 'POST', `/journeys/${id}/assignments`, { default: true })
    const path = `/q/v1/journeys/${id}`
    const gone = await us.tenant.call({ method: 'DELETE', url: path })
    expect(gone.status).toBe(204)
    await pass()
    expect(await told('ChargeFlow', 4)).toEqual([
      `${number} ACTIVE`,
      `${number} ACTIVE`,
      `${number} ACTIVE`,
      `${number} DELETED`,
    ])
  })

  test.each([
    ['ChargeFlowLevelPaymentLink', 'ACTIVE', /has no states/],
    ['ChargeFlowLevel', 'SUCCEEDED', /SUCCESSFUL/],
    ['DunningCaseLevel', 'SUCCESSFUL', /SUCCEEDED/],
    ['ChargeFlow', 'INACTIVE', /DELETED/],
  ] as const)('cannot wait for a %s to be %s', async (kind, state, says) => {
    const body = { url, entity: watchables[kind].id, entityStates: [state] }
    const answer = await us.v2('POST', '/webhooks/listeners', body)
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: { entityStates: expect.stringMatching(says) } },
    })
  })
})
