import { beforeAll, expect, test } from 'vitest'
import { candidatesOf, macOf } from '../../../src/faces/wallee/mac.ts'
import { type TestTenant, world } from '../../world.ts'
import { homeAccount } from './samples.ts'
import { bearer, client, type Client, macHeaders } from './sign.ts'

const it = world()
let tenant: TestTenant
let us: Client
let key: { userId: number; key: string }
beforeAll(async () => {
  tenant = await it.tenant()
  us = client(it, tenant)
  key = { userId: tenant.wallee.userId, key: tenant.wallee.authenticationKey }
})

const signedAt = (at: Date, method: string, target: string) =>
  it.inject({
    method,
    url: target,
    headers: { ...macHeaders({ ...key, at }, method, target) },
  })
const tokened = (token: string, url: string, method = 'GET') =>
  it.inject({
    method,
    url,
    headers: { authorization: token, space: String(tenant.wallee.spaceId) },
  })

test('signs the request of the published vector as two generations of SDKs do', () => {
  const request = { userId: '512', timestamp: '1795260587', method: 'POST', target: '' }
  const mac = macOf(
    Buffer.from('FKrO76r5VwJtBrqZawBspljbBNOxp5veKQQkOnZxucQ=', 'base64'),
    request,
    '/api/customer/search?spaceId=405',
  )
  expect(mac.toString('base64')).toBe(
    'GXJYX+se4EX7T5sp3fJr3eFWnyZZQJB9RK5jmLCmfPftiKrdvmS098+LmskNNKKWnTl6fpE5LenGAEpZi+U4gg==',
  )
})

test('takes a version 1 signature of the path and query in every encoding that an SDK signs', async () => {
  const space = tenant.wallee.spaceId
  const sent = `/api/country-state/country?spaceId=${space}&code=a+b:c$d~e`
  expect(candidatesOf(sent)).toHaveLength(4)
  for (const worded of candidatesOf(sent)) {
    const headers = macHeaders({ ...key, at: it.now }, 'GET', worded)
    const answer = await it.inject({ method: 'GET', url: sent, headers })
    // The code is too long, but the signature holds.
    expect(answer.status, worded).toBe(442)
  }
  const other = macHeaders({ ...key, at: it.now }, 'GET', sent.replace('a+b', 'a+c'))
  expect((await it.inject({ method: 'GET', url: sent, headers: other })).status).toBe(401)
})

test('refuses a version 1 request that is old, early, altered or unsigned', async () => {
  const target = '/api/currency/all'
  const at = (seconds: number) => new Date(it.now.getTime() + seconds * 1_000)
  expect((await signedAt(at(-600), 'GET', target)).status).toBe(200)
  expect((await signedAt(at(590), 'GET', target)).status).toBe(200)
  expect((await signedAt(at(-602), 'GET', target)).status).toBe(401)
  expect((await signedAt(at(602), 'GET', target)).status).toBe(401)
  const headers = macHeaders({ ...key, at: it.now }, 'GET', target)
  const unsigned = await it.inject({ method: 'GET', url: target })
  expect(unsigned.status).toBe(401)
  expect(unsigned.body).toMatchObject({ type: 'CONFIGURATION_ERROR' })
  const altered: Record<string, string>[] = [
    { 'x-mac-userid': String(key.userId + 1) },
    { 'x-mac-timestamp': String(Number(headers['x-mac-timestamp']) + 1) },
    { 'x-mac-version': '2' },
    { 'x-mac-value': `A${headers['x-mac-value']!.slice(1)}` },
    { 'x-mac-userid': "1 or '1'='1" },
  ]
  for (const change of altered) {
    const answer = await it.inject({
      method: 'GET',
      url: target,
      headers: { ...headers, ...change },
    })
    expect(answer.status, JSON.stringify(change)).toBe(401)
  }
})

test('refuses a version 2 token of another algorithm, path, method, query, time or key', async () => {
  const url = '/api/v2.0/currencies/search?query=currencyCode:CHF&limit=5'
  const at = it.now
  expect((await tokened(bearer({ ...key, at }, 'GET', url), url)).status).toBe(200)
  const encoded = url.replace('query=currencyCode:CHF', 'query=currencyCode%3ACHF')
  expect((await tokened(bearer({ ...key, at }, 'GET', url), encoded)).status).toBe(200)
  const wrong = [
    bearer({ ...key, at }, 'GET', url, { alg: 'none' }),
    bearer({ ...key, at }, 'GET', url, { alg: 'RS256' }),
    bearer({ ...key, at }, 'GET', url, { ver: 2 }),
    bearer({ ...key, at }, 'POST', url),
    bearer({ ...key, at }, 'GET', url.replace('CHF', 'EUR')),
    bearer({ ...key, at }, 'GET', url.replace('limit=5', 'limit=6')),
    bearer({ ...key, at }, 'GET', '/api/v2.0/currencies'),
    bearer({ ...key, at: new Date(at.getTime() - 601_000) }, 'GET', url),
    bearer({ ...key, key: Buffer.alloc(32).toString('base64'), at }, 'GET', url),
    `${bearer({ ...key, at }, 'GET', url)
      .split('.')
      .slice(0, 2)
      .join('.')}.`,
    'Bearer nonsense',
    'Basic abc',
  ]
  for (const token of wrong) {
    const answer = await tokened(token, url)
    expect(answer.status, token).toBe(401)
    expect(answer.body).toMatchObject({ code: 'unauthorized', errors: {} })
  }
  const lenient = bearer({ ...key, at }, 'GET', url, { typ: undefined, ver: '1' })
  expect((await tokened(lenient, url)).status).toBe(200)
})

test('lets a user have several keys, so that one is replaced without a pause', async () => {
  const made = await us.v2('POST', `/application-users/${key.userId}/keys`)
  expect(made.status).toBe(201)
  expect(Buffer.from(made.body.key, 'base64')).toHaveLength(32)
  const renewed = us.as({ userId: key.userId, key: made.body.key })
  for (const caller of [us, renewed]) {
    expect((await caller.v2('GET', '/customers')).status).toBe(200)
    expect((await caller.v1('POST', '/customer/count')).status).toBe(200)
  }
  const keys = await us.v2('GET', `/application-users/${key.userId}/keys`)
  expect(keys.body).toHaveLength(2)
  expect(JSON.stringify(keys.body)).not.toContain(made.body.key)
  const own = keys.body.find((one: any) => one.id !== made.body.id)
  const suicide = await us.v2('DELETE', `/application-users/${key.userId}/keys/${own.id}`)
  expect(suicide.status).toBe(422)
  const removed = await us.v2('DELETE', `/application-users/${key.userId}/keys/${made.body.id}`)
  expect(removed.status).toBe(204)
  expect((await renewed.v2('GET', '/customers')).status).toBe(401)
  expect((await us.v2('GET', '/customers')).status).toBe(200)
})

test('gives a user what its roles in the space allow, and no more', async () => {
  const made = await us.v2('POST', '/application-users', {
    name: 'Reader',
    primaryAccount: await homeAccount(us),
    state: 'ACTIVE',
  })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const { id, macKey } = made.body
  const reader = us.as({ userId: id, key: macKey })
  expect((await reader.v2('GET', '/currencies')).status).toBe(200)
  expect((await reader.v2('GET', '/customers')).status).toBe(403)
  const roles = await us.v2('GET', '/roles')
  const role = roles.body.data.find((one: any) => one.name['en-US'] === 'Reader')
  const given = await us.v2('POST', `/application-users/${id}/space-roles?roleId=${role.id}`)
  expect(given.status, JSON.stringify(given.body)).toBe(200)
  expect(given.body).toMatchObject({ user: id, role: role.id, space: us.spaceId })
  expect((await reader.v2('GET', '/customers')).status).toBe(200)
  expect((await reader.v2('POST', '/customers', {})).status).toBe(403)
  expect((await reader.v1('POST', '/customer/create', {})).body.type).toBe('CONFIGURATION_ERROR')
  // A role in a space says nothing of the account around it.
  expect((await reader.v2('GET', '/application-users')).status).toBe(403)
  const listed = await us.v1('POST', `/user-space-role/list?userId=${id}`)
  expect(listed.body).toEqual([given.body])
  await us.v2('DELETE', `/application-users/${id}/space-roles?roleId=${role.id}`)
  expect((await reader.v2('GET', '/customers')).status).toBe(403)
  const account = { account: String(await homeAccount(us)) }
  const path = `/application-users/${id}/account-roles?roleId=${role.id}`
  expect((await us.v2('POST', path, undefined, account)).status).toBe(200)
  expect((await reader.v2('GET', '/application-users')).status).toBe(200)
})

test('lets nobody hand out more than they have', async () => {
  const home = await homeAccount(us)
  const permissions = [
    { id: 1_400_000_000_051 },
    { id: 1_400_000_000_052 },
    { id: 1_400_000_000_042 },
  ]
  const { body: role } = await us.v2('POST', '/roles', { account: home, name: {}, permissions })
  const { body: made } = await us.v2('POST', '/application-users', { primaryAccount: home })
  const account = { account: String(home) }
  await us.v2(
    'POST',
    `/application-users/${made.id}/account-roles?roleId=${role.id}`,
    undefined,
    account,
  )
  const clerk = us.as({ userId: made.id, key: made.macKey })
  const wider = await clerk.v2('POST', '/roles', {
    account: home,
    permissions: [{ id: 1_400_000_000_000 }],
  })
  expect(wider.status).toBe(403)
  const { body: roles } = await us.v2('GET', '/roles')
  const administrator = roles.data.find((one: any) => one.name['en-US'] === 'Administrator')
  const path = `/application-users/${made.id}/account-roles?roleId=${administrator.id}`
  expect((await clerk.v2('POST', path, undefined, account)).status).toBe(403)
  // Users may be added and changed with these permissions, but a key of the administrator would be all of them.
  expect((await clerk.v2('POST', `/application-users/${key.userId}/keys`)).status).toBe(403)
})

test('serves a space that was made through the API, apart from the first one, until it is deleted', async () => {
  const home = await homeAccount(us)
  const { body: made } = await us.v1('POST', '/space/create', { account: home, name: 'Second' })
  const second = us.in(made.id)
  const { body: customer } = await second.v2('POST', '/customers', { familyName: 'Elsewhere' })
  expect(customer.linkedSpaceId).toBe(made.id)
  expect((await us.v2('GET', `/customers/${customer.id}`)).status).toBe(404)
  expect((await second.v1('GET', `/customer/read?id=${customer.id}`)).status).toBe(200)
  const stranger = client(it, await it.tenant())
  expect((await stranger.in(made.id).v2('GET', '/customers')).status).toBe(403)
  expect((await us.in(made.id + 100_000).v2('GET', '/customers')).status).toBe(403)
  await us.v2('PATCH', `/spaces/${made.id}`, { version: made.version, state: 'INACTIVE' })
  expect((await second.v2('GET', '/customers')).status).toBe(403)
  await us.v2('DELETE', `/spaces/${made.id}`)
  expect((await second.v2('GET', '/customers')).status).toBe(403)
  expect((await us.v2('DELETE', `/spaces/${us.spaceId}`)).status).toBe(422)
})

test('turns a user away who asks more often than the limit allows, and says for how long', async () => {
  const { body: made } = await us.v2('POST', '/application-users', {
    primaryAccount: await homeAccount(us),
    requestLimit: 3,
  })
  const hasty = us.as({ userId: made.id, key: made.macKey })
  const statuses: number[] = []
  for (let i = 0; i < 4; i += 1) statuses.push((await hasty.v2('GET', '/currencies')).status)
  expect(statuses).toEqual([200, 200, 200, 429])
  const refused = await hasty.v1('GET', '/currency/all')
  expect(refused.status).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
})

test('a user that is switched off or deleted is nobody', async () => {
  const { body: made } = await us.v2('POST', '/application-users', {
    primaryAccount: await homeAccount(us),
  })
  const user = us.as({ userId: made.id, key: made.macKey })
  expect((await user.v2('GET', '/currencies')).status).toBe(200)
  await us.v2('PATCH', `/application-users/${made.id}`, { version: 1, state: 'INACTIVE' })
  expect((await user.v2('GET', '/currencies')).status).toBe(401)
})

test('names the group of a payment gateway that is asked for, and asks for a space where one is needed', async () => {
  const v1 = await us.v1('POST', '/transaction/create', {})
  expect(v1.status).toBe(442)
  expect(v1.body.message).toMatch(/Transactions belongs to a payment gateway/)
  const v2 = await us.v2('GET', '/payment/transactions/5/completions')
  expect(v2.status).toBe(404)
  expect(v2.body.message).toMatch(/payment gateway/)
  expect((await us.v2('GET', '/nonsense')).body.message).not.toMatch(/gateway/)
  const url = '/api/v2.0/customers'
  const headers = { authorization: bearer({ ...key, at: it.now }, 'GET', url) }
  expect((await it.inject({ method: 'GET', url, headers })).body).toMatchObject({
    code: 'space_missing',
  })
  const path = '/api/customer/read?id=1'
  const mac = macHeaders({ ...key, at: it.now }, 'GET', path)
  expect((await it.inject({ method: 'GET', url: path, headers: mac })).status).toBe(442)
})

test('takes empty bodies and odd content types as the SDKs send them', async () => {
  const url = `/api/customer/count?spaceId=${us.spaceId}`
  const headers = {
    ...macHeaders({ ...key, at: it.now }, 'POST', url),
    'content-type': 'application/json',
  }
  expect((await it.inject({ method: 'POST', url, headers })).status).toBe(200)
  const get = `/api/currency/all`
  const typed = { ...macHeaders({ ...key, at: it.now }, 'GET', get), 'content-type': '*/*' }
  expect((await it.inject({ method: 'GET', url: get, headers: typed })).status).toBe(200)
  const xml = { 'content-type': 'application/xml' }
  expect((await us.v2('POST', '/customers', undefined, xml)).status).not.toBe(500)
  expect((await us.v2('GET', '/currencies', undefined, { accept: 'image/png' })).status).toBe(406)
})
