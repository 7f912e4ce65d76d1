import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callContext } from '../../../src/book/index.ts'
import { bookDoneRefund, planRefund } from '../../../src/invoices/index.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import {
  type Given,
  invoiceOf,
  linesOf,
  moveTo,
  newInvoice,
  newMovable,
  pay,
  payClaim,
  unique,
} from './invoices.ts'
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

/** What each account asks for less its credit, what was paid there and what went back: `200 of 300-100`. */
async function booksOf(accounts: readonly string[]): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select (a.outstanding_minor - a.credit_minor) / 100 || ' of ' || coalesce(sum(e.amount_minor)
         filter (where e.kind = 'payment') / 100, 0)::int || '-' || coalesce(sum(e.amount_minor)
         filter (where e.kind = 'chargeback') / 100, 0)::int as line
     from unnest($2::text[]) with ordinality as w(reference, place)
     join quittance.account a on a.tenant_id = $1 and a.reference = w.reference
     left join quittance.entry e on e.tenant_id = a.tenant_id and e.account_id = a.account_id
     group by a.outstanding_minor, a.credit_minor, w.place order by w.place`,
    [us.tenant.tenantId, accounts],
  )
  return rows.map(({ line }) => line)
}

const remove = ({ reference }: Given) =>
  us.tenant.call({ method: 'DELETE', url: `/q/v1/claims/${reference}` })
const succeed = (id: number) => us.v2('POST', `/payment/refunds/${id}/mark-succeeded`)

describe('D-75: a refund of an invoice that was paid and then moved', () => {
  /** 300 of 500 paid in the first account, then 100 in the second; the invoice is in the third. */
  async function movedInvoice() {
    const given = await newMovable(us)
    await payClaim(us, given, 30_000)
    await moveTo(us, given, given.accounts[1]!)
    await payClaim(us, given, 10_000)
    await moveTo(us, given, given.accounts[2]!)
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-0', '0 of 100-0', '100 of 0-0'])
    return given
  }

  test('that a merchant gave back takes the newest money first, where it was booked, all at once', async () => {
    const given = await movedInvoice()
    const type = 'MERCHANT_INITIATED_OFFLINE'
    expect((await create(refundOf(given, 60, { type }))).body.state).toBe('SUCCESSFUL')
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-0', '0 of 100-60', '100 of 0-0'])
    expect((await create(refundOf(given, 200, { type }))).body.state).toBe('SUCCESSFUL')
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-160', '0 of 100-100', '100 of 0-0'])
    const shown = { state: 'OVERDUE', outstandingAmount: 100 }
    expect(await invoiceOf(us, given.id)).toMatchObject(shown)
    expect((await create(refundOf(given, 140.01, { type }))).body.code).toBe('exceeds_received')
  })

  test('that was planned beside another of the same money is booked whole or not at all', async () => {
    const given = await movedInvoice()
    const { tenantId } = us.tenant
    const order = () => ({
      externalId: `R-${unique()}`,
      invoice: given.id,
      type: 'MERCHANT_INITIATED_OFFLINE' as const,
      amount: '250',
      createdBy: 1,
    })
    const { db } = it.assembly.services
    const plans = await Promise.all(
      [order(), order()].map((one) =>
        inTransaction(db, { tenantId, now: it.now }, (tx) => planRefund(tx, one)),
      ),
    )
    const outcomes = []
    for (const plan of plans) {
      const context = callContext(
        { tenantId, timeZone: 'UTC', settings: {} },
        { originator: 'Test' },
      )
      const { commands, options } = bookDoneRefund(context, plan, it.now)
      outcomes.push(await it.assembly.bookkeeper.submitGroup<unknown>(commands, options))
    }
    const refused = { refusal: expect.objectContaining({ code: 'exceeds_received' }) }
    expect(outcomes).toEqual([
      [{ result: undefined }, { result: undefined }],
      [refused, refused],
    ])
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-150', '0 of 100-100', '100 of 0-0'])
  })

  test('that a customer took back is asked for again where the invoice is', async () => {
    const given = await movedInvoice()
    await create(refundOf(given, 150, { type: 'CUSTOMER_INITIATED_AUTOMATIC' }))
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-50', '0 of 100-100', '250 of 0-0'])
    expect(await invoiceOf(us, given.id)).toMatchObject({ outstandingAmount: 250 })
  })

  test('leaves an invoice paid that a merchant gives back, and reopens one that a customer takes back', async () => {
    for (const type of ['MERCHANT_INITIATED_OFFLINE', 'CUSTOMER_INITIATED_AUTOMATIC']) {
      const given = await newMovable(us)
      await payClaim(us, given, 50_000)
      await moveTo(us, given, given.accounts[1]!)
      const paid = await invoiceOf(us, given.id)
      it.now = new Date(it.now.getTime() + 60_000)
      await create(refundOf(given, 40, { type }))
      const isAsked = type.startsWith('CUSTOMER')
      const { state, outstandingAmount, paidOn } = await invoiceOf(us, given.id)
      expect({ state, outstandingAmount }).toEqual(
        isAsked
          ? { state: 'OVERDUE', outstandingAmount: 40 }
          : { state: 'PAID', outstandingAmount: 0 },
      )
      if (!isAsked) expect(paidOn).toBe(paid['paidOn'])
    }
  })

  test('succeeds once when the invoice moved while the refund was on its way', async () => {
    const given = await newMovable(us)
    await payClaim(us, given, 30_000)
    const { id } = (await create(refundOf(given, 120))).body
    await moveTo(us, given, given.accounts[1]!)
    const done = await succeed(id)
    expect(done.body, JSON.stringify(done.body)).toMatchObject({ state: 'SUCCESSFUL' })
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-120', '200 of 0-0', '0 of 0-0'])
    expect((await succeed(id)).status).toBe(422)
    expect(await booksOf(given.accounts)).toEqual(['0 of 300-120', '200 of 0-0', '0 of 0-0'])
  })
})

describe('D-73: a refund of an invoice that was deleted meanwhile', () => {
  test.each([
    ['MERCHANT_INITIATED_ONLINE', '0 of 300-120'],
    ['CUSTOMER_INITIATED_MANUAL', '120 of 300-120'],
  ])('of type %s succeeds, for the money went out: the account owes %s', async (type, first) => {
    const given = await newMovable(us)
    await payClaim(us, given, 30_000)
    const { id } = (await create(refundOf(given, 120, { type }))).body
    expect((await remove(given)).status).toBe(204)
    const done = await succeed(id)
    expect(done.body, JSON.stringify(done.body)).toMatchObject({ state: 'SUCCESSFUL' })
    expect(await booksOf(given.accounts)).toEqual([first, '0 of 0-0', '0 of 0-0'])
  })

  test('shows at a managed one what it took back, and what the account is not asked for', async () => {
    const given = await paidInvoice()
    const { id } = (await create(refundOf(given, 25.5))).body
    expect((await remove(given)).status).toBe(204)
    expect((await succeed(id)).body).toMatchObject({ state: 'SUCCESSFUL' })
    const lines = await linesOf(us, given.account)
    expect(lines.slice(-2)).toEqual(['chargeback 2550', 'adjustment -2550'])
    const { rows } = await it.database.ownerPool.query<{ kinds: string[] }>(
      `select array(select k from jsonb_array_elements(data -> 'ledgerEntries') e, jsonb_object_keys(e) k
         where k like '%Details') as kinds
       from quittance.event where tenant_id = $1 and type = 'event.accountLedgerEntries.added'
         and data ->> 'accountReference' = $2 order by xid desc, seq desc limit 1`,
      [us.tenant.tenantId, given.account],
    )
    expect(rows).toEqual([{ kinds: ['chargebackDetails', 'adjustmentDetails'] }])
  })
})
