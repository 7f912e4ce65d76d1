import { beforeEach, describe, expect, test } from 'vitest'
import { canonicalJson, sha256Hex } from '../../src/kernel/canonical.ts'
import { assertBooksBalance } from '../invariants.ts'
import { type Answer, type TestTenant, world } from '../world.ts'
import {
  bodied,
  contents,
  formIdentity,
  type Operation,
  requestOf,
  seedBooks,
  writes,
} from './doors.ts'

// Without workers what is queued stays where it can be counted.
const it = world({ workers: false })
let tenant: TestTenant
beforeEach(async () => {
  it.now = new Date('2026-03-10T12:00:00.000Z')
  tenant = await it.tenant()
  await seedBooks(tenant)
})

const hourMs = 3_600_000
const later = (ms: number) => {
  it.now = new Date(it.now.getTime() + ms)
}
const titled = (list: readonly Operation[]) =>
  list.map((operation) => [operation.id, operation] as const)
const ofTenant = (who = tenant) => contents(it.database.ownerPool, who.tenantId)

interface Sent extends Answer {
  text: string
}

async function send(
  operation: Operation,
  of: { key?: string; body?: unknown; query?: string; who?: TestTenant } = {},
): Promise<Sent> {
  const { key, who = tenant, ...more } = of
  const request = requestOf(operation, {
    tenantId: who.tenantId,
    headers: {
      authorization: `Bearer ${who.token}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...more,
  })
  const { statusCode, headers, body } = await it.assembly.app.inject(request)
  const isJson = String(headers['content-type']).includes('json') && body !== ''
  return { status: statusCode, headers, text: body, body: isJson ? JSON.parse(body) : {} }
}

const isDone = ({ status }: Sent) => status === 200 || status === 204

async function booked(): Promise<number> {
  const { rows } = await it.database.ownerPool.query<{ n: number }>(
    `select (select count(*) from quittance.entry where tenant_id = $1)
       + (select count(*) from quittance.event where tenant_id = $1) as n`,
    [tenant.tenantId],
  )
  return rows[0]?.n ?? 0
}

describe.each(titled(writes))('%s', (_id, operation) => {
  test('answers a repeated request byte for byte and does nothing again', async () => {
    const first = await send(operation, { key: 'k' })
    expect(isDone(first)).toBe(true)
    expect(first.headers['idempotent-replayed']).toBeUndefined()
    const before = await ofTenant()
    for (let count = 0; count < 3; count += 1) {
      later(10_000)
      const again = await send(operation, { key: 'k' })
      expect({ status: again.status, text: again.text }).toEqual({
        status: first.status,
        text: first.text,
      })
      expect(again.headers['idempotent-replayed']).toBe('true')
    }
    expect(await ofTenant()).toEqual(before)
  })

  test('is done once though it comes twenty times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(operation, { key: 'k' })),
    )
    const done = answers.filter(isDone)
    expect(done.length).toBeGreaterThan(0)
    expect(new Set(done.map(({ text }) => text)).size).toBe(1)
    expect(done.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(
      1,
    )
    const others = answers.filter((answer) => !isDone(answer))
    for (const answer of others) {
      expect(answer.status).toBe(409)
      expect(answer.headers['retry-after']).toBe('1')
    }
    // As much as one request books, on books of the same kind.
    const mine = await booked()
    const twin = await it.tenant()
    await seedBooks(twin)
    expect(isDone(await send(operation, { who: twin }))).toBe(true)
    tenant = twin
    expect(mine).toBe(await booked())
  })

  test('takes the same key from another tenant as its own', async () => {
    const other = await it.tenant()
    await seedBooks(other)
    expect(isDone(await send(operation, { key: 'k' }))).toBe(true)
    const before = await ofTenant()
    const theirs = await send(operation, { key: 'k', who: other })
    expect(isDone(theirs)).toBe(true)
    expect(theirs.headers['idempotent-replayed']).toBeUndefined()
    expect(await ofTenant()).toEqual(before)
  })

  test('is not held up by a request that died between taking the key and its effect', async () => {
    // What is left of it: the key taken, and nothing else.
    await it.database.ownerPool.query(
      `insert into quittance.idempotent_request (tenant_id, key, fingerprint, holder, locked_until, created_at)
       values ($1, 'k', $2, gen_random_uuid(), $3, $4)`,
      [tenant.tenantId, fingerprintOf(operation), new Date(it.now.getTime() + 90_000), it.now],
    )
    const before = await ofTenant()
    const early = await send(operation, { key: 'k' })
    expect(early).toMatchObject({ status: 409, headers: { 'retry-after': '1' } })
    expect(await ofTenant()).toEqual(before)
    later(91_000)
    expect(isDone(await send(operation, { key: 'k' }))).toBe(true)
  })
})

/** What the server keeps of a request to know it again. */
function fingerprintOf(operation: Operation): string {
  const known = operation.form ? formIdentity(operation.form) : operation.body
  const body = known === undefined ? '' : canonicalJson(known)
  return sha256Hex(`${operation.method} ${operation.url(tenant.tenantId)} ${body}`)
}

describe.each(titled(bodied))('%s', (_id, operation) => {
  test('refuses another body or query under the same key with 422', async () => {
    expect((await send(operation, { key: 'k' })).status).toBe(200)
    const before = await ofTenant()
    const [name, item] = Object.entries(operation.body as object)[0] as [string, object]
    const other = Array.isArray(operation.body)
      ? [{ ...item, x: 1 }]
      : { [name]: { ...item, x: 1 } }
    expect((await send(operation, { key: 'k', body: other })).status).toBe(422)
    expect((await send(operation, { key: 'k', query: 'triggerName=x' })).status).toBe(422)
    expect(await ofTenant()).toEqual(before)
  })

  test('does not care for white space and the order of keys in a repeated body', async () => {
    const first = await send(operation, { key: 'k' })
    const reordered = JSON.stringify(reversed(operation.body), null, 2)
    expect((await send(operation, { key: 'k', body: reordered })).text).toBe(first.text)
  })

  test('queues a call with async=true once and answers it again', async () => {
    const first = await send(operation, { key: 'k', query: 'async=true' })
    expect(first.status).toBe(200)
    const before = await ofTenant()
    expect(before['quittance.pending_command']).toMatch(/^1 rows/)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(operation, { key: 'k', query: 'async=true' })),
    )
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([first.text]))
    expect(await ofTenant()).toEqual(before)
  })

  test('queues a call with async=true once though it comes ten times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(operation, { key: 'k', query: 'async=true' })),
    )
    const done = answers.filter(isDone)
    expect(new Set(done.map(({ text }) => text)).size).toBe(1)
    expect(answers.every((answer) => isDone(answer) || answer.status === 409)).toBe(true)
    expect((await ofTenant())['quittance.pending_command']).toMatch(/^1 rows/)
  })

  test('leaves the key free when nothing was asked for', async () => {
    const nothing = Array.isArray(operation.body) ? [] : {}
    for (const query of ['', 'async=true'])
      expect((await send(operation, { key: 'k', body: nothing, query })).text).toBe('{}')
    expect((await send(operation, { key: 'k' })).status).toBe(200)
  })

  test('leaves the key free when the request was malformed', async () => {
    expect((await send(operation, { key: 'k', body: '{' })).status).toBe(400)
    expect((await send(operation, { key: 'k', query: 'async=2' })).status).toBe(400)
    expect((await send(operation, { key: 'k' })).status).toBe(200)
  })
})

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

const operationNamed = (id: string) => writes.find((operation) => operation.id === id)!

describe('a key', () => {
  const credit = operationNamed('credit_claims')
  const amountOf = async () => {
    const { body } = await tenant.call({ method: 'GET', url: '/q/v1/claims/CLAIM/explain' })
    return body.totalMinor as number
  }

  test('is free again after a request of which all was refused', async () => {
    const wrong = { CLAIM: { amount: 100, currency: 'USD', originator: 'CLIENT' } }
    const refused = await send(credit, { key: 'k', body: wrong })
    expect(refused.body['CLAIM']).toMatchObject({ success: false })
    expect((await send(credit, { key: 'k' })).body['CLAIM']).toMatchObject({ success: true })
    expect(await amountOf()).toBe(4_300 - 700)
  })

  test('is kept by a request of which a part was done, with the answer to both parts', async () => {
    const part = { amount: 100, currency: 'EUR', originator: 'CLIENT' }
    const body = { NONE: part, CLAIM: part }
    const first = await send(credit, { key: 'k', body })
    expect(first.body).toMatchObject({ NONE: { success: false }, CLAIM: { success: true } })
    expect((await send(credit, { key: 'k', body })).text).toBe(first.text)
    expect(await amountOf()).toBe(4_300 - 100)
  })

  test('of a claim that was not there is free when it is', async () => {
    const remove = operationNamed('claims.delete')
    const at = { method: 'DELETE' as const, url: '/q/v1/claims/LATER' }
    const call = () => tenant.call({ ...at, headers: { 'idempotency-key': 'k' } })
    expect(remove.method).toBe('DELETE')
    expect((await call()).status).toBe(404)
    const made = operationNamed('create_claims')
    const [whole] = Object.values(made.body as object)
    expect((await send(made, { body: { LATER: whole } })).status).toBe(200)
    expect((await call()).status).toBe(204)
    expect(await call()).toMatchObject({ status: 204, headers: { 'idempotent-replayed': 'true' } })
  })

  test('is kept for 72 hours and free then', async () => {
    await send(credit, { key: 'k' })
    const renewed = async () => {
      tenant = { ...tenant, token: await freshToken(tenant) }
    }
    later(72 * hourMs - 1_000)
    await renewed()
    expect((await send(credit, { key: 'k' })).headers['idempotent-replayed']).toBe('true')
    expect(await amountAt()).toBe(4_300 - 700)
    later(2_000)
    expect((await send(credit, { key: 'k' })).headers['idempotent-replayed']).toBeUndefined()
    expect(await amountAt()).toBe(4_300 - 1_400)
  })

  test('is one key for both doors and all operations', async () => {
    await send(credit, { key: 'k' })
    expect((await send(operationNamed('debit_claims'), { key: 'k' })).status).toBe(422)
    expect((await send(operationNamed('claims.delete'), { key: 'k' })).status).toBe(422)
    expect(await amountOf()).toBe(4_300 - 700)
  })

  test.each([
    ['', 400],
    ['x'.repeat(256), 400],
    ['x'.repeat(255), 200],
    ["'; -- %00 \\", 200],
  ])('that reads %j is answered %d', async (key, status) => {
    expect((await send(credit, { key })).status).toBe(status)
  })

  test('does nothing to a read', async () => {
    const query = 'accountReference=ACC'
    const url = `/v1/${tenant.tenantId}/get_account?${query}`
    const read = () => tenant.call({ method: 'GET', url, headers: { 'idempotency-key': 'k' } })
    expect((await read()).status).toBe(200)
    expect((await send(credit, { key: 'k' })).status).toBe(200)
  })

  /** As `amountOf`, with the token of a later hour. */
  async function amountAt(): Promise<number> {
    const url = '/q/v1/claims/CLAIM/explain'
    const headers = { authorization: `Bearer ${tenant.token}` }
    return (await it.inject({ method: 'GET', url, headers })).body.totalMinor
  }
})

async function freshToken({ oauth }: TestTenant): Promise<string> {
  const basic = Buffer.from(`${oauth.clientId}:${oauth.clientSecret}`).toString('base64')
  const granted = await it.inject({
    method: 'POST',
    url: '/v1/oauth2/token',
    headers: { authorization: `Basic ${basic}` },
  })
  return granted.body.access_token
}

// The last of all: nothing can be booked after it.
test('a request that a stopping server turned away leaves its key free', async () => {
  await it.assembly.bookkeeper.close()
  const answer = await send(operationNamed('credit_claims'), { key: 'k' })
  expect(answer).toMatchObject({ status: 503 })
  const { rows } = await it.database.ownerPool.query(
    `select key from quittance.idempotent_request where tenant_id = $1`,
    [tenant.tenantId],
  )
  expect(rows).toEqual([])
  await assertBooksBalance(it.database.ownerPool)
})
