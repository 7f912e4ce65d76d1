import type { InjectOptions } from 'fastify'
import { expect } from 'vitest'
import { parseDecimal } from '../../src/kernel/money.ts'
import { cash, payWhole } from '../conformance/crmcom/given.ts'
import { account, type ClaimName, decimalOf, type House } from './house.ts'
import { payofinDebts } from './read.ts'

type Fields = Record<string, unknown>

/** What came of a payment: minor units that were booked, or that the door refused it. */
export type Paid = number | 'refused'

let count = 0
const unique = () => (count += 1)

/** Lets the account's oldest debts have an amount, through the Receeve door. */
export async function matchThroughReceeve(house: House, minor: number): Promise<Paid> {
  const { body } = await house.tenant.post('match_account_payment', [
    {
      accountReference: account,
      currency: house.currency,
      totalAmount: minor,
      matchStrategy: 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES',
      providerName: 'bank',
      trackingId: `T-${unique()}`,
    },
  ])
  return body[account].success ? minor : 'refused'
}

/** Books a payment of an unmanaged claim through the Receeve door. */
export async function creditThroughReceeve(
  house: House,
  name: ClaimName,
  minor: number,
): Promise<Paid> {
  const { body } = await house.tenant.post('credit_claims', {
    [name]: {
      amount: minor,
      currency: house.currency,
      originator: 'CLIENT',
      creditType: 'PAYMENT',
    },
  })
  return body[name].success ? minor : 'refused'
}

/** Tells version 1 that a case's collector got an amount. */
export async function collectThroughWallee1(
  house: House,
  name: ClaimName,
  minor: number,
): Promise<Paid> {
  const { status } = await house.wallee.v1(
    'POST',
    `/debt-collection-case/addCollectedAmount?id=${house.cases.get(name)}` +
      `&collectedAmount=${decimalOf(minor, house)}&externalId=E-${unique()}`,
  )
  return status === 200 ? minor : refused(status, 442)
}

/** Tells version 2 the same. */
export async function collectThroughWallee2(
  house: House,
  name: ClaimName,
  minor: number,
): Promise<Paid> {
  const { status } = await house.wallee.v2(
    'POST',
    `/debt-collection/cases/${house.cases.get(name)}/payment-receipts` +
      `?collectedAmount=${decimalOf(minor, house)}&externalId=E-${unique()}`,
  )
  return status < 300 ? minor : refused(status, 422)
}

/** Marks an invoice as paid through version 1 or 2, which books a payment of all that is left of it. */
export async function markPaidThroughWallee(
  house: House,
  name: ClaimName,
  version: 1 | 2,
): Promise<Paid> {
  const { body: found } = await house.wallee.v1('POST', '/transaction-invoice/search', {})
  const invoice = found.find((one: Fields) => one['merchantReference'] === name)
  const { status } =
    version === 1
      ? await house.wallee.v1('POST', `/transaction-invoice/markAsPaid?id=${invoice.id}`)
      : await house.wallee.v2('POST', `/payment/transactions/invoices/${invoice.id}/mark-paid`)
  if (status !== 200) return refused(status, version === 1 ? 442 : 422)
  return parseDecimal(String(invoice.outstandingAmount), house.currency)
}

function refused(status: number, expected: number): 'refused' {
  expect(status).toBe(expected)
  return 'refused'
}

/** Pays the whole of an invoice through the CRM.COM door; answers the payment too, so that it can be cancelled. */
export async function payInvoiceThroughCrm(
  house: House,
  name: ClaimName,
): Promise<{ paid: Paid; id?: string }> {
  const { body } = await house.crm.post(
    'payments/pay_invoice',
    payWhole(account, { invoice_identifier: { number: name } }),
  )
  if (body.data === null) return { paid: 'refused' }
  return { paid: minorOfCrm(house, body.data.payment_amount), id: body.data.id }
}

/** Posts money on the account through the CRM.COM door; a named invoice goes first. */
export async function postThroughCrm(
  house: House,
  minor: number,
  first?: ClaimName,
): Promise<{ paid: Paid; id: string }> {
  const made = await house.crm.ok('payments/create', {
    ...cash(account, decimalOf(minor, house)),
    ...(first ? { invoices_to_pay_set: [{ invoice_identifier: { number: first } }] } : {}),
  })
  return { paid: minorOfCrm(house, made.payment_amount), id: made.id }
}

const minorOfCrm = (house: House, amount: number) => {
  const unit = Number(decimalOf(1, house))
  return Math.round(amount / unit)
}

/** Takes a posted payment of the CRM.COM door back. */
export async function cancelThroughCrm(house: House, id: string): Promise<void> {
  await house.crm.post('payments/cancel', {
    payment_identifier: { id },
    type_identifier: { name: 'Payment Cancellation' },
  })
}

/** Collects a debt as a Payofin merchant, whole or a part in lira; answers the payment's number too. */
export async function payThroughPayofin(
  house: House,
  name: ClaimName,
  partialLira?: number,
): Promise<{ paid: Paid; id?: number }> {
  const debt = (await payofinDebts(house)).find(({ invoiceNo }) => invoiceNo === name)
  if (!debt) return { paid: 'refused' }
  const { body } = await house.merchant!.call('invoicepayment', {
    invoiceQueryId: debt['invoiceQueryId'],
    ...(partialLira === undefined ? {} : { partialAmount: partialLira }),
  })
  if (body['result'] !== true) return { paid: 'refused' }
  const { paymentAmount, invoicePaymentId } = body['payofinPaymentDetails']
  return { paid: Math.round(paymentAmount * 100), id: invoicePaymentId }
}

/** Takes a Payofin payment back at our own desk. */
export async function cancelThroughPayofin(house: House, id: number): Promise<void> {
  await house.native.post(`/payofin/payments/${id}/cancel`, {})
}

const instantCard = '5555555555554444'

/** Pays on the debtor's page and at the sandbox it leads to, as a browser without scripts does. */
export async function payOnThePage(house: House, name: ClaimName, minor: number): Promise<Paid> {
  const page = browser(house)
  const path = house.pages.get(name)!
  await page.send({ method: 'GET', url: path })
  const asked = await page.send({ method: 'GET', url: `${path}/pay` })
  if (asked.statusCode !== 200) return 'refused'
  const csrf = /name="csrf" value="([^"]+)"/.exec(asked.body)?.[1] ?? ''
  const fields = { csrf, share: 'part', amount: decimalOf(minor, house), provider: 'sandbox' }
  const started = await page.post(`${path}/pay`, fields)
  if (started.statusCode === 422) return 'refused'
  expect(started.statusCode, started.body).toBe(303)
  const sandbox = new URL(String(started.headers.location)).pathname
  const paid = await page.post(sandbox, { outcome: 'pay', card: instantCard })
  expect(paid.statusCode, paid.body).toBe(303)
  const back = new URL(String(paid.headers.location))
  await page.send({ method: 'GET', url: `${back.pathname}${back.search}` })
  await settled(house, name)
  return minor
}

/** Lets the debtor's bank take a payment of the page back; answers what went back, 0 where there is none. */
export async function disputeThePage(house: House, name: ClaimName): Promise<number> {
  const { body } = await house.native.get(`/payments?claim=${name}&limit=100`)
  const paid = body.items.find(({ state }: { state: string }) => state === 'settled')
  if (!paid) return 0
  const answer = await house.native.post(`/payments/${paid.paymentId}/sandbox-dispute`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  const { body: now } = await house.native.post(`/payments/${paid.paymentId}/refresh`)
  expect(now.state).toBe('disputed')
  return paid.amountMinor
}

/** The newest payment of a claim is settled: asking the provider is what the server does by itself, only sooner. */
async function settled(house: House, name: ClaimName): Promise<void> {
  const { body } = await house.native.get(`/payments?claim=${name}&limit=100`)
  for (const { paymentId, state } of body.items) {
    if (state === 'settled') continue
    const answer = await house.native.post(`/payments/${paymentId}/refresh`)
    expect(answer.body.state, JSON.stringify(answer.body)).toBe('settled')
  }
}

function browser({ it }: House) {
  const cookies = new Map<string, string>()
  const send = async (request: InjectOptions) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'accept-language': 'en', cookie, ...request.headers }
    const response = await it.assembly.app.inject({ ...request, headers })
    for (const { name, value } of response.cookies) cookies.set(name, value)
    return response
  }
  const post = (url: string, fields: Record<string, string>) =>
    send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    })
  return { send, post }
}
