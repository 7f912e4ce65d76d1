import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import {
  type Given,
  invoiceOf,
  newBundle,
  newInvoice,
  own,
  pay,
  theFlow,
  unique,
} from './invoices.ts'
import { client, type Client } from './sign.ts'

type Json = Record<string, any>

const it = world()
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant('Sandbox', {}, true))
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

/** Does all that is due now, or becomes due on the way. */
const pass = (by: object = { minutes: 0 }) => own(us, 'POST', '/test-clock/advance', by)

const cases = '/payment/dunning-cases'
const caseOf = async (id: number): Promise<Json> => (await us.v2('GET', `${cases}/${id}`)).body

async function caseFor({ id }: Given): Promise<Json> {
  const found = await us.v2('GET', `${cases}/search?query=initialInvoice.id:${id}&order=id:DESC`)
  expect(found.body.data, JSON.stringify(found.body)).not.toHaveLength(0)
  return found.body.data[0]
}

/** An invoice on its way: its first reminder is written. */
async function inDunning(): Promise<{ invoice: Given; id: number }> {
  await theFlow(us)
  const invoice = await newInvoice(us, { dueDate: '2027-12-31' })
  await pass()
  return { invoice, id: (await caseFor(invoice)).id }
}

const levelsOf = async (id: number): Promise<Json[]> => {
  const filter = { type: 'LEAF', fieldName: 'dunningCase.id', operator: 'EQUALS', value: id }
  const orderBys = [{ fieldName: 'id', sorting: 'ASC' }]
  return (await us.v1('POST', '/dunning-case-level/search', { filter, orderBys })).body
}

/** How a case comes into each state that it can be in. */
const ways: Record<string, (at: { invoice: Given; id: number }) => Promise<unknown>> = {
  RUNNING: () => Promise.resolve(),
  SUSPENDED: ({ id }) => us.v2('POST', `${cases}/${id}/suspend`),
  SUCCEEDED: ({ invoice }) => pay(us, invoice, 10_000),
  DERECOGNIZED: ({ invoice }) =>
    us.v2('POST', `/payment/transactions/invoices/${invoice.id}/derecognize`),
  CANCELED: ({ invoice }) => us.v1('POST', `/charge-flow/cancel-charge-flow?id=${invoice.id}`),
  FAILED: () => pass({ days: 30 }),
}

describe('a dunning case', () => {
  test.each(Object.entries(ways))(
    'comes to be %s, before and after it was noticed',
    async (state, come) => {
      const at = await inDunning()
      expect(await caseOf(at.id)).toMatchObject({ state: 'RUNNING' })
      await come(at)
      const shown = await caseOf(at.id)
      expect(shown.state).toBe(state)
      await pass()
      expect((await caseOf(at.id)).state).toBe(state)
      const ends = ['succeededOn', 'derecognizedOn', 'canceledOn', 'failedOn']
      const named = {
        SUCCEEDED: 'succeededOn',
        DERECOGNIZED: 'derecognizedOn',
        CANCELED: 'canceledOn',
        FAILED: 'failedOn',
      }
      expect(ends.filter((name) => shown[name] !== undefined)).toEqual(
        [named[state as keyof typeof named]].filter(Boolean),
      )
    },
  )

  test.each(Object.entries(ways))(
    'that is %s is suspended only while it goes on',
    async (state, come) => {
      const at = await inDunning()
      await come(at)
      await pass()
      const goesOn = state === 'RUNNING' || state === 'SUSPENDED'
      const second = await us.v2('POST', `${cases}/${at.id}/suspend`)
      expect(second.status, JSON.stringify(second.body)).toBe(goesOn ? 204 : 422)
      const first = await us.v1('POST', `/dunning-case/suspend?id=${at.id}`)
      expect(first.status).toBe(goesOn ? 200 : 442)
      expect((await caseOf(at.id)).state).toBe(goesOn ? 'SUSPENDED' : state)
    },
  )

  test.each(Object.entries(ways))(
    'that is %s lets another begin only when it is over',
    async (state, come) => {
      const at = await inDunning()
      await come(at)
      await pass()
      const goesOn = state === 'RUNNING' || state === 'SUSPENDED'
      const isAsked = ['RUNNING', 'SUSPENDED', 'FAILED', 'CANCELED'].includes(state)
      const begun = await us.v1(
        'POST',
        `/dunning-case/create-from-invoice?invoiceId=${at.invoice.id}`,
      )
      if (!isAsked || goesOn) {
        expect([409, 442]).toContain(begun.status)
        return
      }
      expect(begun.status, JSON.stringify(begun.body)).toBe(200)
      expect(begun.body).toMatchObject({ state: 'RUNNING', initialInvoice: { id: at.invoice.id } })
      expect(begun.body.id).not.toBe(at.id)
      expect((await caseOf(at.id)).state).toBe(state)
    },
  )

  test('is begun through version 2 without an answer', async () => {
    const at = await inDunning()
    await us.v1('POST', `/charge-flow/cancel-charge-flow?id=${at.invoice.id}`)
    const begun = await us.v2('POST', `${cases}/invoice/${at.invoice.id}`)
    expect(begun.status, JSON.stringify(begun.body)).toBe(204)
    expect((await caseFor(at.invoice)).state).toBe('RUNNING')
    expect((await us.v2('POST', `${cases}/invoice/999999999`)).status).toBe(404)
  })

  test('goes on by itself at the planned end of its suspension, as version 1 words it too', async () => {
    const { id } = await inDunning()
    const end = new Date(Date.parse((await pass()).now) + 86_400_000)
    const worded = encodeURIComponent(end.toUTCString())
    expect(
      (await us.v1('POST', `/dunning-case/suspend?id=${id}&plannedEndDate=${worded}`)).status,
    ).toBe(442)
    const text = `${end.toString().replace(/GMT.*/, '')}GMT+0000 (Coordinated Universal Time)`
    const first = await us.v1(
      'POST',
      `/dunning-case/suspend?id=${id}&plannedEndDate=${encodeURIComponent(text).replaceAll('%20', '+')}`,
    )
    expect(first.status, JSON.stringify(first.body)).toBe(200)
    expect((await caseOf(id)).state).toBe('SUSPENDED')
    await pass({ days: 2 })
    expect((await caseOf(id)).state).toBe('RUNNING')
    const past = '2020-01-01T00:00:00.000Z'
    expect((await us.v2('POST', `${cases}/${id}/suspend?plannedEndDate=${past}`)).status).toBe(400)
  })

  test('has levels, of which the newest waits for the payment', async () => {
    const { id, invoice } = await inDunning()
    expect(await levelsOf(id)).toMatchObject([
      {
        state: 'PENDING',
        mostRecentLevel: true,
        invoice: invoice.id,
        timeoutOn: expect.any(String),
      },
    ])
    await pass({ days: 8 })
    expect(await levelsOf(id)).toMatchObject([
      { state: 'FAILED', mostRecentLevel: false, failedOn: expect.any(String) },
      { state: 'PENDING', mostRecentLevel: true },
    ])
    await pay(us, invoice, 10_000)
    expect(await levelsOf(id)).toMatchObject([
      { state: 'FAILED' },
      { state: 'SUCCEEDED', succeededOn: expect.any(String) },
    ])
  })
})

describe('a dunning flow', () => {
  test('is a journey, and has a level for each step that writes to the debtor', async () => {
    const { name } = await theFlow(us)
    const query = encodeURIComponent(`name:"${name}"`)
    const found = await us.v2('GET', `/payment/dunning-flows/search?query=${query}&expand=type`)
    const [flow] = found.body.data
    expect(flow).toMatchObject({
      name,
      state: 'ACTIVE',
      priority: 1,
      type: { name: { 'en-US': 'General' } },
    })
    const { body } = await us.v2(
      'GET',
      `/payment/dunning-flows/levels/search?query=flow.id:${flow.id}&expand=reminderTemplate&order=priority:ASC`,
    )
    expect(body.data).toMatchObject([
      {
        name: 'reminder',
        period: 'P7DT0H0M',
        priority: 1,
        title: { en: 'Please pay' },
        reminderTemplate: { name: expect.stringMatching(/^email/) },
      },
      { name: 'last', period: 'P14DT0H0M', priority: 2, documentText: { en: 'Pay' } },
    ])
  })
})

describe('a charge flow', () => {
  test('is applied, gives its page and writes where it is told to', async () => {
    const { invoice } = await inDunning()
    await us.v1('POST', `/charge-flow/cancel-charge-flow?id=${invoice.id}`)
    const applied = await us.v1('POST', `/charge-flow/applyFlow?id=${invoice.id}`)
    expect(applied.body, JSON.stringify(applied.body)).toMatchObject({
      id: invoice.id,
      currency: 'CHF',
    })
    const page = await us.v1(
      'GET',
      `/charge-flow/fetch-charge-flow-payment-page-url?id=${invoice.id}`,
    )
    expect(page.body).toMatch(/^http.*\/c\/[1-9A-HJ-NP-Za-km-z]{18}$/)
    expect((await it.inject({ method: 'GET', url: new URL(page.body).pathname })).status).toBe(200)
    const recipient = 'ada+new@example.org'
    const update = (type: number, to: string) =>
      us.v1(
        'POST',
        `/charge-flow/updateRecipient?transactionId=${invoice.id}&type=${type}&recipient=${encodeURIComponent(to)}`,
      )
    expect((await update(1_400_000_430_001, recipient)).status).toBe(200)
    expect((await invoiceOf(us, invoice.id)).billingAddress.emailAddress).toBe(recipient)
    expect((await update(1_400_000_430_002, '+41790000000')).status).toBe(200)
    for (const [type, to] of [
      [7, recipient],
      [1_400_000_430_001, 'nobody'],
      [1_400_000_430_002, '079'],
    ] as const)
      expect((await update(type, to)).status).toBe(442)
  })

  test('sends the message of a level again, while the invoice is asked for', async () => {
    const { invoice, id } = await inDunning()
    const [level] = await levelsOf(id)
    const messages = async () =>
      (await own(us, 'GET', `/messages?claimReference=${invoice.reference}`)).items as Json[]
    const before = (await messages()).length
    const sent = await us.v1('POST', `/charge-flow-level/sendMessage?id=${level!.id}`)
    expect(sent.body, JSON.stringify(sent.body)).toMatchObject({
      id: level!.id,
      state: 'PENDING',
      configuration: { name: 'reminder', period: 'P7DT0H0M', type: 1_400_000_430_001 },
      transaction: { id: invoice.id },
    })
    const again = `/payment/charge-flows/levels/${level!.id}/send-message`
    expect((await us.v2('POST', again)).status).toBe(204)
    await pass()
    const all = await messages()
    expect(all).toHaveLength(before + 2)
    expect(all.every(({ bundleId }) => bundleId === all[0]!.bundleId)).toBe(true)
    const links = await us.v2('GET', `/payment/charge-flows/levels/payment-links/${level!.id}`)
    expect(links.body.paymentLink).toMatch(/\/c\/[1-9A-HJ-NP-Za-km-z]{18}$/)
    await pay(us, invoice, 10_000)
    expect((await us.v2('GET', `/payment/charge-flows/levels/${level!.id}`)).body.state).toBe(
      'SUCCESSFUL',
    )
    expect((await us.v2('POST', again)).status).toBe(422)
  })
})

describe('a manual task', () => {
  const make = async (actions: string[]) => {
    const task = await own(us, 'POST', '/tasks', {
      title: `Call ${unique()}`,
      details: 'Today',
      actions,
    })
    const { body } = await us.v2('GET', '/manual-tasks?order=DESC&limit=1')
    return { task, shown: body.data[0] as Json }
  }

  test('is done by one of its actions, once', async () => {
    const { task, shown } = await make(['Approve', 'Reject'])
    expect(shown.actions.map(({ label }: Json) => label['en-US'])).toEqual(['Approve', 'Reject'])
    const path = `/manual-tasks/${shown.id}`
    const said = await us.v2('GET', `${path}/notification`)
    expect(said.body).toBe(`${task.title}\n\nToday`)
    expect((await us.v2('POST', `${path}/action/7`)).status).toBe(404)
    const reject = `${path}/action/${shown.actions[1].id}`
    expect((await us.v2('POST', reject)).status).toBe(204)
    expect(await own(us, 'GET', `/tasks/${task.id}`)).toMatchObject({
      status: 'DONE',
      action: 'Reject',
    })
    expect((await us.v2('GET', path)).body.state).toBe('DONE')
    expect((await us.v2('POST', reject)).status).toBeGreaterThanOrEqual(409)
  })

  test('without a choice is simply done', async () => {
    const { task, shown } = await make([])
    expect(shown.actions).toHaveLength(1)
    const done = await us.v2('POST', `/manual-tasks/${shown.id}/action/${shown.actions[0].id}`)
    expect(done.status).toBe(204)
    expect(await own(us, 'GET', `/tasks/${task.id}`)).toMatchObject({
      status: 'DONE',
      action: null,
    })
  })
})

describe('a document template', () => {
  test('is a bundle, of the type of its channel', async () => {
    await newBundle(us, 'sms')
    const { body } = await us.v2('GET', '/document-templates?order=DESC&limit=1&expand=type.group')
    expect(body.data[0]).toMatchObject({
      state: 'ACTIVE',
      type: { title: { 'en-US': 'Text message' }, group: { id: 1_400_000_420_002 } },
    })
  })
})
