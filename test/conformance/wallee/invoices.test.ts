import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, world } from '../../world.ts'
import { claimOf, reasonOf } from '../receeve/given.ts'
import {
  accountOf,
  idOf,
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

const below = '/payment/transactions/invoices'
const line = (amountIncludingTax: number, more = {}) => ({
  uniqueId: unique(),
  name: 'Chair',
  type: 'PRODUCT',
  quantity: 1,
  amountIncludingTax,
  ...more,
})
const replacement = (...lineItems: object[]) => ({ externalId: `X-${unique()}`, lineItems })

/** The endings of an invoice, through each version. */
const doors = {
  'paid in version 1': (id: number) => us.v1('POST', `/transaction-invoice/markAsPaid?id=${id}`),
  'paid in version 2': (id: number) => us.v2('POST', `${below}/${id}/mark-paid`),
  'derecognized in version 1': (id: number) =>
    us.v1('POST', `/transaction-invoice/markAsDerecognized?id=${id}`),
  'derecognized in version 2': (id: number) => us.v2('POST', `${below}/${id}/derecognize`),
  'replaced in version 1': (id: number) =>
    us.v1('POST', `/transaction-invoice/replace?id=${id}`, replacement(line(80))),
  'replaced in version 2': (id: number) =>
    us.v2('POST', `${below}/${id}/replace`, replacement(line(80))),
}
const each = Object.entries(doors)

describe('an invoice', () => {
  test('is a claim of the ledger: its amounts, its day and its debtor are the same', async () => {
    const { id, reference } = await newInvoice(us, { dueDate: '2026-03-20' })
    expect(await invoiceOf(us, id)).toMatchObject({
      state: 'OPEN',
      amount: 100,
      outstandingAmount: 100,
      merchantReference: reference,
      linkedSpaceId: us.spaceId,
      dueOn: expect.stringMatching(/^2026-03-(19|20)T/),
      environment: 'LIVE',
      billingAddress: { givenName: 'Ada', familyName: 'Byron', country: 'DE' },
      lineItems: [{ name: reference, amountIncludingTax: 100, quantity: 1, type: 'PRODUCT' }],
    })
    const old = await newInvoice(us)
    expect((await invoiceOf(us, old.id)).state).toBe('OVERDUE')
  })

  test('of a claim that no ledger manages is one as well', async () => {
    const reference = `C-${unique()}`
    await us.tenant.post('create_claims', {
      [reference]: {
        amount: 500,
        currency: 'JPY',
        originalDueDate: '2026-03-31',
        currentDueDate: '2026-03-31',
        fees: [{ name: 'REMINDER', amount: 20 }],
        primaryDebtor: person(`D-${unique()}`),
      },
    })
    const id = await idOf(us, reference)
    expect(await invoiceOf(us, id)).toMatchObject({ amount: 520, outstandingAmount: 520 })
    expect((await us.v2('POST', `${below}/${id}/mark-paid`)).body).toMatchObject({
      state: 'PAID',
      outstandingAmount: 0,
    })
    const reason = await reasonOf(it, us.tenant, reference)
    expect(reason).toEqual({ status: 'RESOLVED', reason: 'CLAIM_PAID' })
  })

  test('is marked as paid by a payment of what is left of it', async () => {
    const given = await newInvoice(us)
    await pay(us, given, 3_005)
    expect(await invoiceOf(us, given.id)).toMatchObject({ outstandingAmount: 69.95 })
    const paid = await us.v1('POST', `/transaction-invoice/markAsPaid?id=${given.id}`)
    expect(paid.body).toMatchObject({ state: 'PAID', outstandingAmount: 0, amount: 100 })
    expect(paid.body.paidOn).toBe(it.now.toISOString())
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'payment 3005',
      'payment 6995',
    ])
  })

  test('is derecognized by writing off what is left of it, and says who did so', async () => {
    const given = await newInvoice(us)
    await pay(us, given, 1_000)
    const gone = await us.v2('POST', `${below}/${given.id}/derecognize`)
    expect(gone.body).toMatchObject({
      state: 'DERECOGNIZED',
      outstandingAmount: 0,
      derecognizedBy: us.tenant.wallee.userId,
      derecognizedOn: it.now.toISOString(),
    })
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'payment 1000',
      'adjustment -9000',
    ])
    const reason = await reasonOf(it, us.tenant, given.reference)
    expect(reason).toEqual({ status: 'RESOLVED', reason: 'CLAIM_DISCHARGED' })
  })

  test('is replaced by another on the same account, all at once', async () => {
    const given = await newInvoice(us)
    const body = {
      ...replacement(
        line(64.86, { quantity: 3, taxes: [{ title: 'VAT', rate: 8.1 }] }),
        line(-4.86, { type: 'DISCOUNT' }),
      ),
      dueOn: '2026-04-30T12:00:00.000Z',
      merchantReference: 'order 7',
      billingAddress: { city: 'Bern', country: 'CH', familyName: 'Neu' },
    }
    const made = await us.v2('POST', `${below}/${given.id}/replace`, body)
    expect(made.status, JSON.stringify(made.body)).toBe(200)
    expect(made.body).toMatchObject({
      state: 'OPEN',
      amount: 60,
      outstandingAmount: 60,
      taxAmount: 4.86,
      externalId: body.externalId,
      merchantReference: 'order 7',
      billingAddress: { city: 'Bern', country: 'CH', familyName: 'Neu' },
    })
    expect(made.body.lineItems[0]).toMatchObject({
      amountExcludingTax: 60,
      taxAmount: 4.86,
      unitPriceIncludingTax: 21.62,
      unitPriceExcludingTax: 20,
      aggregatedTaxRate: 8.1,
    })
    expect(await invoiceOf(us, given.id)).toMatchObject({ state: 'CANCELED', outstandingAmount: 0 })
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'adjustment -10000',
      'invoice 6000',
    ])
    const claim = await claimOf(us.tenant, body.externalId, given.account)
    expect(claim).toMatchObject({ amount: 6000, currentDueDate: '2026-04-30', status: 'ACTIVE' })
  })

  test('is replaced once under one external id, also by many at once', async () => {
    const given = await newInvoice(us)
    const body = replacement(line(80))
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => us.v2('POST', `${below}/${given.id}/replace`, body)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body: made }) => made.id)).size).toBe(1)
    expect(await linesOf(us, given.account)).toEqual([
      'invoice 10000',
      'adjustment -10000',
      'invoice 8000',
    ])
  })

  test('D-75: is not replaced when a part of it was paid before it moved, as often as it moved', async () => {
    const given = await newMovable(us)
    const [first = '', ...others] = given.accounts
    await payClaim(us, given, 30_000)
    for (const account of [...others, first]) {
      await moveTo(us, given, account)
      const { body: isPossible } = await us.v2(
        'GET',
        `${below}/${given.id}/check-replacement-possible`,
      )
      expect(isPossible).toBe(false)
      const refused = await us.v2('POST', `${below}/${given.id}/replace`, replacement(line(500)))
      expect(refused.status).toBe(422)
      expect(refused.body.message).toMatch(/a part of it was paid/)
    }
    expect(await invoiceOf(us, given.id)).toMatchObject({ outstandingAmount: 200 })
  })

  test('D-75: is replaced where it is when nothing was paid before it moved', async () => {
    const given = await newMovable(us)
    const [, account = ''] = given.accounts
    await moveTo(us, given, account)
    const made = await us.v2('POST', `${below}/${given.id}/replace`, replacement(line(500)))
    expect(made.status, JSON.stringify(made.body)).toBe(200)
    expect(await linesOf(us, account)).toContain('invoice 50000')
  })

  test('says whether it can be replaced: not once a part of it is paid', async () => {
    const given = await newInvoice(us)
    const ask = async () => [
      (await us.v1('GET', `/transaction-invoice/isReplacementPossible?id=${given.id}`)).body,
      (await us.v2('GET', `${below}/${given.id}/check-replacement-possible`)).body,
    ]
    expect(await ask()).toEqual([true, true])
    await pay(us, given, 1)
    expect(await ask()).toEqual([false, false])
    const refused = await us.v2('POST', `${below}/${given.id}/replace`, replacement(line(80)))
    expect(refused.status).toBe(422)
    expect(refused.body.code).toBe('invalid_state')
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000', 'payment 1'])
  })

  test.each(each)('that was %s can be ended in no other way any more', async (name, end) => {
    const given = await newInvoice(us)
    const ended = await end(given.id)
    expect(ended.status, JSON.stringify(ended.body)).toBe(200)
    const lines = await linesOf(us, given.account)
    for (const [, other] of each) {
      const refused = await other(given.id)
      expect([422, 442], name).toContain(refused.status)
      expect(refused.body.message).toMatch(/state|asked/)
    }
    expect(await linesOf(us, given.account)).toEqual(lines)
  })

  test('that is paid by many at once is paid once', async () => {
    const given = await newInvoice(us)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => us.v2('POST', `${below}/${given.id}/mark-paid`)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000', 'payment 10000'])
  })

  test.each([
    ['decimals that the currency has not', [line(0.005)]],
    ['a line named twice', [line(1, { uniqueId: 'a' }), line(1, { uniqueId: 'a' })]],
    ['less than nothing', [line(-1)]],
    ['more than can be counted', [line(90_071_992_547_409), line(90_071_992_547_409)]],
  ])('is not replaced by line items of %s', async (_what, lineItems) => {
    const given = await newInvoice(us)
    const refused = await us.v2('POST', `${below}/${given.id}/replace`, replacement(...lineItems))
    expect([400, 422]).toContain(refused.status)
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000'])
  })

  test('is not replaced under the name of another claim', async () => {
    const [given, other] = [await newInvoice(us), await newInvoice(us)]
    const body = { ...replacement(line(80)), externalId: other.reference }
    expect((await us.v2('POST', `${below}/${given.id}/replace`, body)).status).toBe(409)
    expect((await us.v1('POST', `/transaction-invoice/replace?id=${given.id}`, body)).status).toBe(
      409,
    )
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000'])
  })

  test('is not sent to a customer while no template says what to write', async () => {
    const given = await newInvoice(us)
    const body = { ...replacement(line(80)), sentToCustomer: true }
    const refused = await us.v2('POST', `${below}/${given.id}/replace`, body)
    expect(refused.status).toBe(422)
    expect(refused.body.message).toMatch(/Invoice e-mail/)
    expect(await linesOf(us, given.account)).toEqual(['invoice 10000'])
  })

  test('comes as a letter, in PDF only', async () => {
    const { id, reference } = await newInvoice(us)
    const { body } = await us.v2('GET', `${below}/${id}/document`)
    expect(body).toMatchObject({ mimeType: 'application/pdf', title: `Rechnung ${reference}` })
    expect(Buffer.from(body.data, 'base64').subarray(0, 5).toString()).toBe('%PDF-')
    const first = await us.v1('GET', `/transaction-invoice/getInvoiceDocument?id=${id}`)
    expect(first.body).toEqual(body)
    const targeted = `/transaction-invoice/getInvoiceDocumentWithTargetMediaType?id=${id}`
    const pdf = await us.v1('GET', `${targeted}&targetMediaTypeId=1400000400001`)
    expect(pdf.body).toEqual(body)
    expect((await us.v1('GET', `${targeted}&targetMediaTypeId=7`)).status).toBe(442)
  })

  test('of another tenant does not exist', async () => {
    const { id, account } = await newInvoice(us)
    const others = client(it, await it.tenant())
    for (const verb of ['mark-paid', 'derecognize'])
      expect((await others.v2('POST', `${below}/${id}/${verb}`)).status).toBe(404)
    expect((await others.v2('GET', `${below}/${id}/document`)).status).toBe(404)
    const replaced = await others.v2('POST', `${below}/${id}/replace`, replacement(line(1)))
    expect(replaced.status).toBe(404)
    expect(await linesOf(us, account)).toEqual(['invoice 10000'])
  })
})

describe('comments on an invoice', () => {
  test('are listed, pinned and unpinned, each below its own invoice', async () => {
    const [{ id }, other] = [await newInvoice(us), await newInvoice(us)]
    const path = `${below}/${id}/comments`
    const made = await us.v2('POST', path, { transactionInvoice: id, content: 'Called' })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const comment = made.body.id
    expect((await us.v2('POST', `${path}/${comment}/pin`)).status).toBe(204)
    const all = await us.v1('POST', `/transaction-invoice-comment/all?invoiceId=${id}`)
    expect(all.body).toMatchObject([{ id: comment, pinned: true, transactionInvoice: id }])
    await us.v1('GET', `/transaction-invoice-comment/unpin?id=${comment}`)
    expect((await us.v2('GET', `${path}/${comment}`)).body.pinned).toBe(false)
    const elsewhere = `${below}/${other.id}/comments/${comment}`
    expect((await us.v2('POST', `${elsewhere}/pin`)).status).toBe(404)
    expect((await us.v2('GET', elsewhere)).status).toBe(404)
  })
})

describe('a ledger entry of a subscription', () => {
  const path = '/subscriptions/ledger-entries'

  async function numberOf(account: string): Promise<number> {
    const fee = `F-${unique()}`
    await us.tenant.post('add_account_ledger_entries', [
      {
        accountReference: account,
        ledgerEntryReference: fee,
        feeDetails: { amount: 100 },
        context: {},
      },
    ])
    const found = await us.v2('GET', `${path}/search?query=externalId:${fee}`)
    return found.body.data[0].subscriptionVersion
  }

  test('is a fee of the account, or credit where it is less than nothing', async () => {
    const { account } = await newInvoice(us)
    const subscriptionVersion = await numberOf(account)
    const entry = (amountIncludingTax: number) => ({
      subscriptionVersion,
      amountIncludingTax,
      externalId: `E-${unique()}`,
      quantity: 1,
      title: 'Storage',
      taxes: [{ title: 'VAT', rate: 25 }],
    })
    const more = await us.v1('POST', '/subscription-ledger-entry/create', entry(12.5))
    expect(more.body).toMatchObject({
      state: 'OPEN',
      amountIncludingTax: 12.5,
      amountExcludingTax: 10,
      taxAmount: 2.5,
      title: 'Storage',
    })
    const less = await us.v2('POST', path, entry(-2.5))
    expect(less.status, JSON.stringify(less.body)).toBe(201)
    expect(less.body).toMatchObject({ state: 'PAID', amountIncludingTax: -2.5 })
    expect(await linesOf(us, account)).toEqual([
      'invoice 10000',
      'fee 100',
      'fee 1250',
      'adjustment -250',
    ])
    expect((await us.v2('POST', path, entry(0.001))).status).toBe(422)
  })

  test('is booked once under one external id, also by many at once', async () => {
    const { account } = await newInvoice(us)
    const body = {
      subscriptionVersion: await numberOf(account),
      amountIncludingTax: 1,
      externalId: `E-${unique()}`,
      quantity: 1,
      title: 'Storage',
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => us.v2('POST', path, body)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ body: made }) => made.id)).size).toBe(1)
    expect(await linesOf(us, account)).toEqual(['invoice 10000', 'fee 100', 'fee 100'])
    expect((await accountOf(us, account)).ledgerEntries).toHaveLength(3)
  })
})
