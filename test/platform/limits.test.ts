import { describe, expect, test } from 'vitest'
import { macHeaders } from '../conformance/wallee/sign.ts'
import { world } from '../world.ts'
import { seedBooks } from './doors.ts'

const it = world({ tokenRateLimitPerMinute: 3, rateLimitPerSecond: 50 })
const read = 'accountReference=ACC'

describe('the rate of a tenant (D-22)', () => {
  test('is limited by its own setting, with the time when it may come back', async () => {
    const tenant = await it.tenant('Slow', { rateLimitPerSecond: 6 })
    const other = await it.tenant('Other')
    await seedBooks(tenant)
    // Seeding took five of six.
    expect((await tenant.get('get_account', read)).status).toBe(200)
    const limited = await tenant.get('get_account', read)
    expect(limited).toMatchObject({ status: 429, body: { message: 'Too Many Requests' } })
    expect(limited.body).toEqual({ message: 'Too Many Requests' })
    expect(Number(limited.headers['retry-after'])).toBe(1)
    const native = await tenant.call({ method: 'GET', url: '/q/v1/claims/CLAIM/explain' })
    expect(native).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(native.headers['retry-after']).toBe('1')
    // Nobody else is held up by it.
    expect((await other.get('get_account_claims', read)).status).toBe(200)
    it.now = new Date(it.now.getTime() + 1_000)
    expect((await tenant.get('get_account', read)).status).toBe(200)
  })

  test('is one for all doors together', async () => {
    const tenant = await it.tenant('Slow', { rateLimitPerSecond: 2 })
    const { userId, authenticationKey: key, spaceId } = tenant.wallee
    const { apiKey: apikey, secretKey: secretkey } = tenant.payofin
    const url = `/api/customer/count?spaceId=${spaceId}`
    const count = () =>
      it.inject({
        method: 'POST',
        url,
        headers: {
          ...macHeaders({ userId, key, at: it.now }, 'POST', url),
          'content-type': 'application/json',
        },
        payload: '{}',
      })
    const soots = () =>
      it.inject({ method: 'GET', url: '/invoices/sootlist', headers: { apikey, secretkey } })
    expect((await count()).status).toBe(200)
    expect((await soots()).status).toBe(200)
    for (const limited of [await count(), await soots()]) {
      expect(limited.status).toBe(429)
      expect(limited.headers['retry-after']).toBe('1')
    }
    expect((await tenant.get('get_account_claims', read)).status).toBe(429)
  })

  test('is that of the server where the tenant has none', async () => {
    const tenant = await it.tenant()
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => tenant.get('get_account_claims', read)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(50)
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
  })

  test('is not taken from by who has no good token', async () => {
    const tenant = await it.tenant('Slow', { rateLimitPerSecond: 1 })
    for (let count = 0; count < 5; count += 1) {
      const url = `/v1/${tenant.tenantId}/get_account_claims?${read}`
      const bad = await it.inject({ method: 'GET', url, headers: { authorization: 'Bearer x' } })
      expect(bad.status).toBe(401)
    }
    expect((await tenant.get('get_account_claims', read)).status).toBe(200)
  })
})

describe('the token endpoint', () => {
  test('gives each client so many tokens a minute', async () => {
    const tenant = await it.tenant()
    const { clientId, clientSecret } = tenant.oauth
    const ask = (secret: string) => {
      const basic = Buffer.from(`${clientId}:${secret}`).toString('base64')
      return it.inject({
        method: 'POST',
        url: '/v1/oauth2/token',
        headers: { authorization: `Basic ${basic}` },
      })
    }
    // `world` took the first; a wrong secret counts like a right one.
    expect((await ask('wrong')).status).toBe(400)
    expect((await ask(clientSecret)).status).toBe(200)
    const limited = await ask(clientSecret)
    expect(limited).toMatchObject({ status: 429, body: { message: 'Too Many Requests' } })
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    it.now = new Date(it.now.getTime() + 60_000)
    expect((await ask(clientSecret)).status).toBe(200)
  })
})
