import type { InjectOptions } from 'fastify'
import { beforeEach, describe, expect, test } from 'vitest'
import { type TestTenant, world } from '../world.ts'
import { cash, clientOf, openAccount } from '../conformance/crmcom/given.ts'
import { bearer, macHeaders } from '../conformance/wallee/sign.ts'
import { contents } from './doors.ts'

const it = world({ workers: false })

/** A write of a door whose operations commit as they like: one body that does something, one that is refused. */
interface Write {
  /** What is there before it, and how it is asked; `body` takes the place of the one that does something. */
  prepare(tenant: TestTenant): Promise<(body?: unknown) => InjectOptions>
  readonly other: unknown
  readonly refused: unknown
  readonly isDone: (answer: { status: number; text: string }) => boolean
}

const json = { 'content-type': 'application/json' }
const posted = (url: string, headers: Record<string, string>, body: unknown): InjectOptions => ({
  method: 'POST',
  url,
  headers: { ...json, ...headers },
  payload: JSON.stringify(body),
})

const writes: Record<string, Write> = {
  'CRM.COM payments/create': {
    async prepare(tenant) {
      await openAccount(tenant, { reference: 'A', invoices: [['I', 10_000]] })
      const { token } = await clientOf(it, tenant)
      return (body = cash('A', 60)) =>
        posted('/crmapi/rest/v2/payments/create', {}, { token, ...(body as object) })
    },
    other: cash('A', 70),
    refused: cash('NOWHERE', 60),
    isDone: ({ status, text }) => status === 200 && text.includes('"code":"OK"'),
  },
  'Payofin invoicepayment': {
    async prepare(tenant) {
      const { merchantId, apiKey, secretKey } = tenant.payofin
      const headers = { apikey: apiKey, secretkey: secretKey }
      await it.inject({ method: 'GET', url: '/invoices/sootlist', headers })
      const url = `/q/v1/payofin/merchants/${merchantId}/top-ups`
      await tenant.call({ method: 'POST', url, payload: { amount: '1000.00' } })
      await openAccount(tenant, { reference: 'NONE' })
      await tenant.post('create_accounts', {
        'ABONE-1': {
          currency: 'TRY',
          debtors: [
            {
              debtorReference: 'D',
              firstName: 'A',
              lastName: 'B',
              contactInformation: { country: 'TR' },
            },
          ],
          ledgerEntries: [
            {
              ledgerEntryReference: 'FAT-1',
              invoiceDetails: { amount: 10_000, dueDate: '2026-03-20' },
              context: {},
            },
          ],
        },
      })
      const asked = { sootCode: 1, subscriberNo: 'ABONE-1', additionalNo: '', firmRefNo: '1' }
      const found = await it.inject(posted('/invoices/invoicequery', headers, asked))
      const [debt] = found.body.invoiceList as { invoiceQueryId: number }[]
      return (body = { invoiceQueryId: debt?.invoiceQueryId }) =>
        posted('/invoices/invoicepayment', headers, body)
    },
    other: { invoiceQueryId: 999_998 },
    refused: { invoiceQueryId: 999_999 },
    isDone: ({ status, text }) => status === 200 && text.includes('"resultCode":1,'),
  },
  'wallee v1 customer/create': {
    prepare(tenant) {
      const { userId, authenticationKey: key, spaceId } = tenant.wallee
      const url = `/api/customer/create?spaceId=${spaceId}`
      return Promise.resolve((body = { customerId: 'C', emailAddress: 'c@example.com' }) =>
        posted(url, macHeaders({ userId, key, at: it.now }, 'POST', url), body),
      )
    },
    other: { customerId: 'C2' },
    refused: { customerId: 'C', language: 5 },
    isDone: ({ status }) => status === 200,
  },
  'wallee v2 POST customers': {
    prepare(tenant) {
      const { userId, authenticationKey: key, spaceId } = tenant.wallee
      const url = '/api/v2.0/customers'
      return Promise.resolve((body = { customerId: 'C', emailAddress: 'c@example.com' }) =>
        posted(
          url,
          {
            authorization: bearer({ userId, key, at: it.now }, 'POST', url),
            space: String(spaceId),
          },
          body,
        ),
      )
    },
    other: { customerId: 'C2' },
    refused: { customerId: 'C', language: 5 },
    isDone: ({ status }) => status === 201,
  },
}

interface Sent {
  readonly status: number
  readonly text: string
  readonly isReplayed: boolean
}

async function send(request: InjectOptions, key?: string): Promise<Sent> {
  const headers = { ...request.headers, ...(key === undefined ? {} : { 'idempotency-key': key }) }
  const answer = await it.assembly.app.inject({ ...request, headers })
  const isReplayed = answer.headers['idempotent-replayed'] === 'true'
  return { status: answer.statusCode, text: answer.body, isReplayed }
}

describe.each(Object.entries(writes))('%s under an Idempotency-Key', (_name, write) => {
  const { other, refused, isDone } = write
  let tenant: TestTenant
  let ask: (body?: unknown) => InjectOptions
  const ofTenant = () => contents(it.database.ownerPool, tenant.tenantId)
  beforeEach(async () => {
    it.now = new Date('2026-03-10T12:00:00.000Z')
    tenant = await it.tenant()
    ask = await write.prepare(tenant)
  })

  test('is done once, and answered the same again', async () => {
    const first = await send(ask(), 'k')
    expect(isDone(first), first.text).toBe(true)
    expect(first.isReplayed).toBe(false)
    const before = await ofTenant()
    for (let count = 0; count < 2; count += 1)
      expect(await send(ask(), 'k')).toEqual({ ...first, isReplayed: true })
    expect(await ofTenant()).toEqual(before)
    expect((await send(ask(), 'another')).isReplayed).toBe(false)
  })

  test('is done once though it comes ten times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(ask(), 'k')))
    expect(answers.filter((answer) => isDone(answer) && !answer.isReplayed)).toHaveLength(1)
    for (const answer of answers.filter((one) => !isDone(one))) expect(answer.status).toBe(409)
  })

  test('with another body is refused and changes nothing', async () => {
    expect(isDone(await send(ask(), 'k'))).toBe(true)
    const before = await ofTenant()
    expect((await send(ask(other), 'k')).status).toBe(422)
    expect(await ofTenant()).toEqual(before)
  })

  test('that was refused leaves the key free', async () => {
    expect(isDone(await send(ask(refused), 'k'))).toBe(false)
    const done = await send(ask(), 'k')
    expect(isDone(done), done.text).toBe(true)
    expect(done.isReplayed).toBe(false)
  })

  test('is never done again where a crash took the answer', async () => {
    expect(isDone(await send(ask(), 'k'))).toBe(true)
    await it.database.ownerPool.query(
      `update quittance.idempotent_request set status = null, answer = null where tenant_id = $1 and acted_at is not null`,
      [tenant.tenantId],
    )
    const before = await ofTenant()
    for (const minutes of [0, 2, 60]) {
      it.now = new Date(it.now.getTime() + minutes * 60_000)
      expect((await send(ask(), 'k')).status).toBe(409)
    }
    expect(await ofTenant()).toEqual(before)
  })
})
