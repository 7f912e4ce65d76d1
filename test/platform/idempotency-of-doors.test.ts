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

/** A program of the tenant at the wallee doors; `at` names the place in the headers of version 2. */
function walleeOf(tenant: TestTenant) {
  const { userId, authenticationKey: key } = tenant.wallee
  const caller = () => ({ userId, key, at: it.now })
  return {
    v1: (url: string, body: unknown) => posted(url, macHeaders(caller(), 'POST', url), body),
    v2: (url: string, body: unknown, at: Record<string, number>) =>
      posted(
        url,
        {
          authorization: bearer(caller(), 'POST', url),
          ...Object.fromEntries(Object.entries(at).map(([name, id]) => [name, String(id)])),
        },
        body,
      ),
    async accountId(): Promise<number> {
      const url = '/api/v2.0/accounts'
      const authorization = bearer(caller(), 'GET', url)
      const { body } = await it.inject({ method: 'GET', url, headers: { authorization } })
      return body.data[0].id as number
    },
  }
}

const parsed = ({ text }: Sent) => JSON.parse(text) as Record<string, any>

test('each account of a wallee user has Idempotency-Keys of its own', async () => {
  const wallee = walleeOf(await it.tenant())
  const first = await wallee.accountId()
  const sub = { name: 'Sub account', parentAccount: first, scope: 1 }
  const second = parsed(await send(wallee.v2('/api/v2.0/accounts', sub, {}))).id as number
  const role = { account: first, name: { 'en-US': 'Clerk' } }
  const make = (account: number) => send(wallee.v2('/api/v2.0/roles', role, { account }), 'k')
  const [one, two] = [await make(first), await make(second)]
  expect(one).toMatchObject({ status: 201, isReplayed: false })
  expect(two).toMatchObject({ status: 201, isReplayed: false })
  expect(parsed(two).id).not.toBe(parsed(one).id)
  expect(await make(first)).toEqual({ ...one, isReplayed: true })
  expect(await make(second)).toEqual({ ...two, isReplayed: true })
})

describe('an answer that is kept', () => {
  const bearing = (tenant: TestTenant, url: string, body: unknown) =>
    posted(url, { authorization: `Bearer ${tenant.token}` }, body)
  const program = (primaryAccount: number) => ({ name: 'Program', primaryAccount })

  /** Requests whose answers show a secret that is shown once, and where it stands there. */
  const secrets: Record<string, [(tenant: TestTenant) => Promise<InjectOptions>, string]> = {
    'wallee v1 application-user/create': [
      async (tenant) => {
        const wallee = walleeOf(tenant)
        const account = await wallee.accountId()
        const url = `/api/application-user/create?accountId=${account}`
        return wallee.v1(url, program(account))
      },
      'macKey',
    ],
    'wallee v2 POST application-users': [
      async (tenant) => {
        const wallee = walleeOf(tenant)
        const account = await wallee.accountId()
        return wallee.v2('/api/v2.0/application-users', program(account), { account })
      },
      'macKey',
    ],
    'wallee v2 POST application-users/{userId}/keys': [
      async (tenant) => {
        const wallee = walleeOf(tenant)
        const account = await wallee.accountId()
        const url = `/api/v2.0/application-users/${tenant.wallee.userId}/keys`
        return wallee.v2(url, {}, { account })
      },
      'key',
    ],
    'POST payofin/merchants': [
      (tenant) => Promise.resolve(bearing(tenant, '/q/v1/payofin/merchants', { name: 'M' })),
      'secretKey',
    ],
    'POST crm/users/{id}/web-api-keys': [
      async (tenant) => {
        const { body } = await tenant.call({ method: 'GET', url: '/q/v1/crm/users' })
        return bearing(tenant, `/q/v1/crm/users/${body.items[0].id}/web-api-keys`, {})
      },
      'key',
    ],
  }

  async function keptOf(tenant: TestTenant) {
    const { rows } = await it.database.ownerPool.query<{ all: string; sealed: Buffer }>(
      `select r::text as all, r.answer_sealed as sealed from quittance.idempotent_request r where tenant_id = $1`,
      [tenant.tenantId],
    )
    expect(rows).toHaveLength(1)
    return rows[0]!
  }

  test.each(Object.entries(secrets))(
    'of %s does not show its secret to who reads the table',
    async (_name, [prepare, field]) => {
      const tenant = await it.tenant()
      const request = await prepare(tenant)
      const first = await send(request, 'k')
      expect(first.status, first.text).toBeLessThan(300)
      const secret = parsed(first)[field] as string
      expect(secret.length).toBeGreaterThan(20)
      const { all, sealed } = await keptOf(tenant)
      expect(all).not.toContain(secret)
      expect(sealed.includes(secret)).toBe(false)
      expect(sealed.length).toBeGreaterThan(first.text.length)
      expect(await send(request, 'k')).toEqual({ ...first, isReplayed: true })
    },
  )

  test('does not open under another key', async () => {
    const tenant = await it.tenant()
    const request = bearing(tenant, '/q/v1/payofin/merchants', { name: 'M' })
    await send(request, 'k')
    await it.database.ownerPool.query(
      `update quittance.idempotent_request set key = 'other' where tenant_id = $1`,
      [tenant.tenantId],
    )
    const moved = await send(request, 'other')
    expect(moved.status).toBe(500)
    expect(moved.text).not.toContain('secretKey')
  })

  test('in the clear, by a server before migration 0037, is given once more', async () => {
    const tenant = await it.tenant()
    const request = bearing(tenant, '/q/v1/payofin/merchants', { name: 'M' })
    const first = await send(request, 'k')
    await it.database.ownerPool.query(
      `update quittance.idempotent_request set answer = $2, answer_sealed = null where tenant_id = $1`,
      [tenant.tenantId, first.text],
    )
    expect(await send(request, 'k')).toEqual({ ...first, isReplayed: true })
  })
})
