import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { InjectOptions } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll } from 'vitest'
import { type Assembly, assemble } from '../src/assemble.ts'
import { createTenant, type CreatedTenant } from '../src/identity/index.ts'
import { loadConfig, type Config } from '../src/platform/config.ts'
import { createSealer } from '../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from './database.ts'

export const secretKey = Buffer.alloc(32, 7)

export interface Answer<T = Record<string, any>> {
  status: number
  headers: Record<string, unknown>
  body: T
}

export interface TestTenant extends CreatedTenant {
  token: string
  /** Calls an operation of the Receeve door for this tenant. */
  post(
    operation: string,
    body: unknown,
    query?: string,
    headers?: Record<string, string>,
  ): Promise<Answer>
  get(operation: string, query: string): Promise<Answer<any>>
  call(request: InjectOptions): Promise<Answer<any>>
}

export interface World {
  readonly database: TestDatabase
  readonly assembly: Assembly
  /** The time that the server believes it is; tests may move it. */
  now: Date
  tenant(
    name?: string,
    settings?: Record<string, unknown>,
    isSandbox?: boolean,
  ): Promise<TestTenant>
  inject(request: InjectOptions): Promise<Answer<any>>
}

export function testConfig(overrides: Partial<Config> = {}): Config {
  return {
    ...loadConfig(
      { QUITTANCE_LOG_LEVEL: 'silent', QUITTANCE_RATE_LIMIT_PER_SECOND: '1000000' },
      {},
    ),
    secretKey,
    tokenRateLimitPerMinute: 1_000_000,
    ...overrides,
  }
}

/** A whole server on a database of its own, spoken to over HTTP without a socket. One per test file. */
export function world(overrides: Partial<Config> = {}): World {
  const state: { database?: TestDatabase; assembly?: Assembly; dataDir?: string } = {}
  const it: World = {
    now: new Date('2026-03-10T12:00:00.000Z'),
    get database() {
      return state.database!
    },
    get assembly() {
      return state.assembly!
    },
    tenant: (name = 'Acme', settings = {}, isSandbox = false) =>
      newTenant(it, { name, isSandbox, settings }),
    async inject(request) {
      const response = await it.assembly.app.inject(request)
      const isJson = String(response.headers['content-type']).includes('json')
      return {
        status: response.statusCode,
        headers: response.headers,
        body: isJson && response.body !== '' ? JSON.parse(response.body) : response.body,
      }
    },
  }
  beforeAll(async () => {
    state.database = await testDatabase()
    state.dataDir = await mkdtemp(path.join(tmpdir(), 'quittance-world-'))
    state.assembly = await assemble({
      connection: state.database.connection,
      config: testConfig({ dataDir: state.dataDir, ...overrides }),
      log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
      clock: () => new Date(it.now),
    })
  })
  afterAll(async () => {
    await state.assembly?.close()
    await state.database?.close()
    if (state.dataDir) await rm(state.dataDir, { recursive: true, force: true })
  })
  return it
}

async function newTenant(
  it: World,
  {
    name,
    isSandbox,
    settings,
  }: { name: string; isSandbox: boolean; settings: Record<string, unknown> },
): Promise<TestTenant> {
  const { db, ownerPool } = it.database
  const created = await createTenant(
    db,
    { name, isSandbox },
    { now: () => it.now, sealer: createSealer(secretKey) },
  )
  await ownerPool.query('update quittance.tenant set settings = $2 where tenant_id = $1', [
    created.tenantId,
    JSON.stringify(settings),
  ])
  const basic = Buffer.from(`${created.oauth.clientId}:${created.oauth.clientSecret}`).toString(
    'base64',
  )
  const granted = await it.inject({
    method: 'POST',
    url: '/v1/oauth2/token',
    headers: { authorization: `Basic ${basic}` },
  })
  const token = granted.body.access_token as string
  const authorization = `Bearer ${token}`
  const call = (request: InjectOptions) =>
    it.inject({ ...request, headers: { authorization, ...request.headers } })
  return {
    ...created,
    token,
    call,
    post: (operation, body, query = '', headers = {}) =>
      call({
        method: 'POST',
        url: `/v1/${created.tenantId}/${operation}${query}`,
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (operation, query) =>
      call({ method: 'GET', url: `/v1/${created.tenantId}/${operation}?${query}` }),
  }
}

export const person = (reference: string, more: Record<string, unknown> = {}) => ({
  debtorReference: reference,
  firstName: 'Ada',
  lastName: 'Byron',
  contactInformation: { country: 'DE', email: 'ada@example.com' },
  ...more,
})
