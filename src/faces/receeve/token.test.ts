import fastify, { type FastifyInstance, type InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mountTokenEndpoint } from './token.ts'

const url = '/v1/oauth2/token'
const formType = 'application/x-www-form-urlencoded'
const clock = { ms: 0 }
const answer = { access_token: 'token', expires_in: 3600, token_type: 'Bearer' as const }
const invalidClient = { error: 'invalid_client', message: 'invalid_client' }

let app: FastifyInstance
beforeEach(() => {
  app = fastify()
  mountTokenEndpoint(app, {
    tokens: {
      issueToken: (id, secret) =>
        Promise.resolve(id === 'me' && secret === 'my:secret' ? answer : undefined),
      jwks: () => Promise.resolve({ keys: [{ kid: 'one', kty: 'RSA' }] }),
    },
    tokensPerMinute: 6,
    now: () => new Date(clock.ms),
  })
})
afterEach(() => app.close())

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
const mine = basic('me:my:secret')

async function post(headers: Record<string, string>, body?: string, more: InjectOptions = {}) {
  const payload = body === undefined ? {} : { payload: body }
  const response = await app.inject({ method: 'POST', url, headers, ...payload, ...more })
  return { status: response.statusCode, headers: response.headers, text: response.body }
}

describe('POST /v1/oauth2/token', () => {
  it.each([
    ['no body and no content type', undefined, undefined],
    ['an empty form', formType, ''],
    ['an empty form with a charset', `${formType}; charset=utf-8`, ''],
    ['client_credentials', formType, 'grant_type=client_credentials'],
    ['a form without a grant type', formType, 'bWU6bXlzZWNyZXQ='],
    ['a scope', formType, 'grant_type=client_credentials&scope=default%2FDefault'],
  ])('answers a token for %s', async (_what, type, body) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const response = await post({ authorization: mine, ...headers }, body)
    expect(response.status).toBe(200)
    expect(JSON.parse(response.text)).toEqual(answer)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['content-type']).toContain('application/json')
  })

  it('takes the credentials from the form as well', async () => {
    const form = 'grant_type=client_credentials&client_id=me&client_secret=my%3Asecret'
    expect((await post({ 'content-type': formType }, form)).status).toBe(200)
    const wrong = await post({ 'content-type': formType }, 'client_id=me')
    expect([wrong.status, JSON.parse(wrong.text)]).toEqual([400, invalidClient])
  })

  it('takes the scheme in any case', async () => {
    const authorization = mine.replace('Basic', 'basic')
    expect((await post({ authorization })).status).toBe(200)
  })

  it.each([
    ['a wrong secret', basic('me:wrong')],
    ['an unknown client', basic('you:my:secret')],
    ['no colon', basic('me')],
    ['nothing after the scheme', 'Basic '],
    ['no base64', 'Basic %%%'],
    ['another scheme', 'Bearer abc'],
    ['an empty header', ''],
  ])('answers invalid_client for %s', async (_what, authorization) => {
    const response = await post({ authorization })
    expect([response.status, JSON.parse(response.text)]).toEqual([400, invalidClient])
  })

  it('refuses any other grant', async () => {
    for (const body of [
      'grant_type=password&username=me',
      'grant_type=',
      'grant_type=client_credentials&grant_type=password',
    ]) {
      const response = await post({ authorization: mine, 'content-type': formType }, body)
      expect(response.status).toBe(400)
      expect(JSON.parse(response.text)).toEqual({
        error: 'unsupported_grant_type',
        message: 'unsupported_grant_type',
      })
    }
  })

  it('misses the Authorization header', async () => {
    const response = await post({ 'content-type': formType }, 'grant_type=client_credentials')
    expect([response.status, JSON.parse(response.text)]).toEqual([
      400,
      { message: 'Missing required request parameters: [Authorization]' },
    ])
  })

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'nonsense', ''])(
    'answers 405 and nothing else for the content type "%s"',
    async (type) => {
      const response = await post({ authorization: mine, 'content-type': type }, '{}')
      expect([response.status, response.text]).toEqual([405, ''])
    },
  )

  it('answers 405 for a body without a content type', async () => {
    expect((await post({ authorization: mine }, 'grant_type=client_credentials')).status).toBe(405)
  })

  it('reads no more than 16 kB', async () => {
    const body = `x=${'y'.repeat(16 * 1024)}`
    const response = await post({ authorization: mine, 'content-type': formType }, body)
    expect(response.status).toBe(413)
  })

  it('allows a client so many tokens in a minute and says when there are more', async () => {
    for (let i = 0; i < 6; i += 1) {
      expect((await post({ authorization: mine })).status).toBe(200)
    }
    const refused = await post({ authorization: mine })
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      429,
      { message: 'Too Many Requests' },
    ])
    expect(refused.headers['retry-after']).toBe('10')
    expect((await post({ authorization: basic('other:one') })).status).toBe(400)
    clock.ms += 10_000
    expect((await post({ authorization: mine })).status).toBe(200)
  })

  it('allows an address ten times as many, whoever it says it is', async () => {
    for (let i = 0; i < 60; i += 1) {
      expect((await post({ authorization: basic(`made up ${i}:x`) })).status).toBe(400)
    }
    expect((await post({ authorization: basic('one more:x') })).status).toBe(429)
    const elsewhere = await post({ authorization: mine }, undefined, { remoteAddress: '10.0.0.9' })
    expect(elsewhere.status).toBe(200)
  })

  it('leaves the parsers of other routes alone', async () => {
    app.post('/other', async (request) => request.body)
    const response = await app.inject({ method: 'POST', url: '/other', payload: { a: 1 } })
    expect(response.json()).toEqual({ a: 1 })
  })
})

describe('GET /.well-known/jwks.json', () => {
  it('answers the public keys', async () => {
    const response = await app.inject({ method: 'GET', url: '/.well-known/jwks.json' })
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ keys: [{ kid: 'one', kty: 'RSA' }] })
  })
})
