import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import { type Given, invoiceOf, linesOf, newInvoice, pay, unique } from './invoices.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

const refundOf = ({ id }: Given, amount: number, more: Record<string, unknown> = {}) => ({
  transaction: id,
  amount,
  type: 'MERCHANT_INITIATED_ONLINE',
  externalId: `R-${unique()}`,
  ...more,
})
const create = (body: object) => us.v2('POST', '/payment/refunds', body)
const ends = {
  'succeed in version 1': (id: number) => us.v1('POST', `/refund/succeed?refundId=${id}`),
  'succeed in version 2': (id: number) => us.v2('POST', `/payment/refunds/${id}/mark-succeeded`),
  'fail in version 1': (id: number) => us.v1('POST', `/refund/fail?refundId=${id}`),
  'fail in version 2': (id: number) => us.v2('POST', `/payment/refunds/${id}/mark-failed`),
}

async function paidInvoice(amount = 10_000): Promise<Given> {
  const given = await newInvoice(us)
  await pay(us, given, amount)
  return given
}

describe('a refund', () => {
  test('that a merchant gives back is booked when it succeeds, and is not asked for again', async () => {
    const given = await paidInvoice()
    const made = await create(refundOf(given, 25.5))
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    expect(made.body).toMatchObject({ state: 'PENDING', amount: 25.5, totalSettledAmount: 0 })
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000', 'payment 10000'])
    const done = await us.v2('POST', `/payment/refunds/${made.body.id}/mark-succeeded`)
    expect(done.body).toMatchObject({ state: 'SUCCESSFUL', totalSettledAmount: 25.5 })
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'payment 10000',
      'chargeback 2550',
      'adjustment -2550',
    ])
    expect(await invoiceOf(us, given.id)).toMatchObject({ state: 'PAID', outstandingAmount: 0 })
  })

  test('that a merchant gave back already is booked at once', async () => {
    const given = await paidInvoice()
    const body = refundOf(given, 100, { type: 'MERCHANT_INITIATED_OFFLINE' })
    const { transaction, ...first } = body
    const made = await us.v1('POST', '/refund/refund', { ...first, completion: transaction })
    expect(made.body, JSON.stringify(made.body)).toMatchObject({ state: 'SUCCESSFUL', amount: 100 })
    expect(made.body.transaction).toMatchObject({ id: given.id, refundedAmount: 100 })
    expect(await linesOf(us, given.account)).toContain('chargeback 10000')
  })

  test('that a customer took back is asked for again', async () => {
    const given = await paidInvoice()
    const made = await create(refundOf(given, 40, { type: 'CUSTOMER_INITIATED_AUTOMATIC' }))
    expect(made.body).toMatchObject({ state: 'SUCCESSFUL' })
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'payment 10000',
      'chargeback 4000',
    ])
    expect(await invoiceOf(us, given.id)).toMatchObject({ state: 'OVERDUE', outstandingAmount: 40 })
  })

  test('takes what was paid too much first, which is asked of nobody', async () => {
    const given = await newInvoice(us)
    await pay(us, given, 12_000)
    await create(refundOf(given, 20, { type: 'CUSTOMER_INITIATED_AUTOMATIC' }))
    expect(await invoiceOf(us, given.id)).toMatchObject({ state: 'PAID', outstandingAmount: 0 })
  })

  test('takes back lines, or makes them cheaper', async () => {
    const given = await newInvoice(us)
    const replaced = await us.v2('POST', `/payment/transactions/invoices/${given.id}/replace`, {
      externalId: `X-${unique()}`,
      lineItems: [
        { uniqueId: 'chair', name: 'Chair', type: 'PRODUCT', quantity: 3, amountIncludingTax: 100 },
        { uniqueId: 'lamp', name: 'Lamp', type: 'PRODUCT', quantity: 1, amountIncludingTax: 10 },
      ],
    })
    const { id } = replaced.body
    await us.v2('POST', `/payment/transactions/invoices/${id}/mark-paid`)
    const reduction = (
      lineItemUniqueId: string,
      quantityReduction: number,
      unitPriceReduction: number,
    ) => ({
      lineItemUniqueId,
      quantityReduction,
      unitPriceReduction,
    })
    const body = {
      transaction: id,
      type: 'MERCHANT_INITIATED_ONLINE',
      externalId: `R-${unique()}`,
      reductions: [reduction('chair', 1, 0.5), reduction('lamp', 0, 2.25)],
    }
    const made = await create(body)
    // Two of three chairs at 33.33 less 0.50 are 65.67: 34.33 goes back, and 2.25 for the lamp.
    expect(made.body, JSON.stringify(made.body)).toMatchObject({ amount: 36.58 })
    expect(made.body.lineItems).toMatchObject([
      { uniqueId: 'chair', quantity: 1, amountIncludingTax: 34.33 },
      { uniqueId: 'lamp', amountIncludingTax: 2.25 },
    ])
    expect(made.body.reducedLineItems).toMatchObject([
      { uniqueId: 'chair', quantity: 2, amountIncludingTax: 65.67 },
      { uniqueId: 'lamp', quantity: 1, amountIncludingTax: 7.75 },
    ])
    for (const wrong of [
      [reduction('sofa', 1, 0)],
      [reduction('chair', 4, 0)],
      [reduction('lamp', 0, 11)],
      [reduction('lamp', -1, 0)],
      [reduction('lamp', 0, 1), reduction('lamp', 0, 1)],
    ]) {
      const refused = await create({ ...body, externalId: `R-${unique()}`, reductions: wrong })
      expect(refused.status, JSON.stringify(wrong)).toBe(422)
    }
  })

  test('is one under one external id, also made by many at once', async () => {
    for (const type of ['MERCHANT_INITIATED_ONLINE', 'MERCHANT_INITIATED_OFFLINE']) {
      const given = await paidInvoice()
      const body = refundOf(given, 10, { type })
      const answers = await Promise.all(Array.from({ length: 10 }, () => create(body)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
      expect(new Set(answers.map(({ body: made }) => made.id)).size).toBe(1)
      const taken = (await linesOf(us, given.account)).filter((one) => one.startsWith('chargeback'))
      expect(taken).toEqual(type === 'MERCHANT_INITIATED_ONLINE' ? [] : ['chargeback 1000'])
    }
  })

  test('is not of more than was received, counting those on their way', async () => {
    const given = await paidInvoice(5_000)
    expect((await create(refundOf(given, 50.01))).body.code).toBe('exceeds_received')
    expect((await create(refundOf(given, 30))).status).toBe(201)
    expect((await create(refundOf(given, 20.01))).status).toBe(422)
    expect((await create(refundOf(given, 20))).status).toBe(201)
    for (const amount of [0, -1, 0.001])
      expect((await create(refundOf(given, amount))).status).toBe(422)
    const { amount: _amount, ...nothing } = refundOf(given, 1)
    expect((await create(nothing)).status).toBe(422)
    const { transaction: _transaction, ...ofNothing } = refundOf(given, 1)
    expect((await create(ofNothing)).status).toBe(422)
    expect((await create({ ...refundOf(given, 1), transaction: 999_999_999 })).status).toBe(422)
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000', 'payment 5000'])
  })

  test.each([
    ['MERCHANT_INITIATED_ONLINE', 'PENDING'],
    ['CUSTOMER_INITIATED_MANUAL', 'MANUAL_CHECK'],
  ])('of type %s waits as %s, ends once and in one way', async (type, state) => {
    for (const [name, end] of Object.entries(ends)) {
      const given = await paidInvoice()
      const made = await create(refundOf(given, 10, { type }))
      expect(made.body.state).toBe(state)
      const ended = await end(made.body.id)
      expect(ended.status, JSON.stringify(ended.body)).toBe(200)
      const isDone = name.startsWith('succeed')
      expect(ended.body.state).toBe(isDone ? 'SUCCESSFUL' : 'FAILED')
      const lines = await linesOf(us, given.account)
      expect(lines.includes('chargeback 1000')).toBe(isDone)
      for (const [, other] of Object.entries(ends)) {
        const refused = await other(made.body.id)
        expect([422, 442]).toContain(refused.status)
        expect(refused.body.message).toMatch(/state/)
      }
      expect(await linesOf(us, given.account)).toEqual(lines)
    }
  })

  test('that many end at once is booked once', async () => {
    const given = await paidInvoice()
    const { id } = (await create(refundOf(given, 10))).body
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => us.v2('POST', `/payment/refunds/${id}/mark-succeeded`)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    const taken = (await linesOf(us, given.account)).filter((one) => one.startsWith('chargeback'))
    expect(taken).toEqual(['chargeback 1000'])
  })

  test('comes as a letter', async () => {
    const given = await paidInvoice()
    const { id } = (await create(refundOf(given, 10))).body
    const { body } = await us.v2('GET', `/payment/refunds/${id}/document`)
    expect(body.title).toBe(`Rückzahlung zur Rechnung ${given.reference}`)
    expect(Buffer.from(body.data, 'base64').subarray(0, 5).toString()).toBe('%PDF-')
    expect((await us.v1('GET', `/refund/getRefundDocument?id=${id}`)).body).toEqual(body)
  })
})
