import { SignJWT, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type TestTenant, world } from '../world.ts'
import { contents, operations, requestOf, seedBooks } from './doors.ts'

const it = world()
let tenant: TestTenant
beforeAll(async () => {
  tenant = await it.tenant()
  await seedBooks(tenant)
})

const titled = operations.map((operation) => [operation.id, operation] as const)
const read = operations.find(({ id }) => id === 'get_account')!

/** The request with just this in its Authorization header. */
function withHeader(operation: (typeof operations)[number], authorization?: string) {
  const request = requestOf(operation, {
    tenantId: tenant.tenantId,
    headers: authorization === undefined ? {} : { authorization },
  })
  return it.inject(request)
}

const messageOf = ({ body }: Answer) => body['message'] ?? body['detail']

describe.each(titled)('%s', (_id, operation) => {
  test('answers 400 to no token and 401 to a bad one, and stores nothing (D-6)', async () => {
    const before = await contents(it.database.ownerPool)
    const absent = await withHeader(operation)
    expect(absent.status).toBe(400)
    expect(messageOf(absent)).toBe('Missing required request parameters: [Authorization]')
    for (const bad of [
      'x',
      'Bearer',
      'Bearer ',
      'Bearer x',
      'Basic x',
      `Bearer ${tenant.token}x`,
    ]) {
      const answer = await withHeader(operation, bad)
      expect({ bad, status: answer.status }).toEqual({ bad, status: 401 })
      expect(messageOf(answer)).toBe('Unauthorized')
      if (operation.door === '/v1') expect(answer.body).toEqual({ message: 'Unauthorized' })
    }
    expect(await contents(it.database.ownerPool)).toEqual(before)
  })
})

describe('a token', () => {
  test('is taken bare and behind Bearer in any case (D-3)', async () => {
    for (const scheme of ['', 'Bearer ', 'bearer ', 'BEARER ', 'BeArEr   ']) {
      const answer = await withHeader(read, `${scheme}${tenant.token}`)
      expect({ scheme, status: answer.status }).toEqual({ scheme, status: 200 })
    }
  })

  test('is no longer taken when it has expired', async () => {
    const before = it.now
    try {
      it.now = new Date(before.getTime() + 3_599_000)
      expect((await withHeader(read, tenant.token)).status).toBe(200)
      it.now = new Date(before.getTime() + 3_700_000)
      expect((await withHeader(read, tenant.token)).status).toBe(401)
    } finally {
      it.now = before
    }
  })

  test('is not taken when somebody else signed it, or nobody', async () => {
    const [header = '', payload = '', signature = ''] = tenant.token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    const { privateKey } = await generateKeyPair('RS256')
    const foreign = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(privateKey)
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid })).toString('base64url')
    const changed = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 9 })).toString(
      'base64url',
    )
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(Buffer.alloc(32, 1))
    for (const token of [
      foreign,
      hmac,
      `${none}.${payload}.`,
      `${header}.${changed}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
    ]) {
      expect((await withHeader(read, `Bearer ${token}`)).status).toBe(401)
    }
  })

  test('of another tenant is forbidden, and no client id need be known for that', async () => {
    const url = '/v1/00000000-0000-4000-8000-000000000000/get_account?accountReference=ACC'
    expect(await tenant.call({ method: 'GET', url })).toMatchObject({
      status: 403,
      body: { message: 'Forbidden' },
    })
  })
})

describe('an unknown path', () => {
  test('is 403 on the Receeve door, with a token and without (D-5)', async () => {
    for (const url of [
      '/v1/nothing',
      `/v1/${tenant.tenantId}`,
      `/v1/${tenant.tenantId}/get_acount`,
      `/v1/${tenant.tenantId}/create_accounts`,
      `/v1/${tenant.tenantId}/get_account/`,
    ]) {
      for (const answer of [await it.inject({ method: 'GET', url }), await tenant.call({ url })]) {
        expect({ url, ...answer }).toMatchObject({
          url,
          status: 403,
          body: { message: 'Missing Authentication Token' },
        })
      }
    }
  })

  test('is not found on our own door', async () => {
    const answer = await tenant.call({ method: 'GET', url: '/q/v1/nothing' })
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('the token endpoint', () => {
  test('grants a token for a body with or without grant_type (D-1)', async () => {
    const { clientId, clientSecret } = tenant.oauth
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const payload of [undefined, '', 'grant_type=client_credentials', 'x=y']) {
      const granted = await it.inject({
        method: 'POST',
        url: '/v1/oauth2/token',
        headers: { authorization, ...(payload === undefined ? {} : form) },
        ...(payload === undefined ? {} : { payload }),
      })
      expect(granted).toMatchObject({
        status: 200,
        body: { access_token: expect.any(String), expires_in: 3_600, token_type: 'Bearer' },
      })
      expect((await withHeader(read, granted.body.access_token)).status).toBe(200)
    }
    const password = await it.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization, ...form },
      payload: 'grant_type=password',
    })
    expect(password.status).toBe(400)
  })

  test('answers a wrong secret with 400 and both words for it (D-4)', async () => {
    const wrong = Buffer.from(`${tenant.oauth.clientId}:wrong`).toString('base64')
    const answer = await it.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${wrong}` },
    })
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_client', message: 'invalid_client' },
    })
  })
})
