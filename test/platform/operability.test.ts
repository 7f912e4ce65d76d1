import { Validator } from '@seriousme/openapi-schema-validator'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Assembly, assemble } from '../../src/assemble.ts'
import { documents } from '../../src/docs.ts'
import { createTenant } from '../../src/identity/index.ts'
import { redacted } from '../../src/main.ts'
import { createSealer } from '../../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from '../database.ts'
import { withClient } from '../global-setup.ts'
import { person, secretKey, testConfig, type TestTenant, world } from '../world.ts'
import { operations, requestOf, seedBooks } from './doors.ts'

const it = world()
let tenant: TestTenant
beforeAll(async () => {
  tenant = await it.tenant()
  await seedBooks(tenant)
})

const contracts = Object.keys(documents())
const get = (url: string) => it.inject({ method: 'GET', url })

describe('health', () => {
  test('is told without a token', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  })
})

describe('a server whose database lets nobody in', () => {
  let database: TestDatabase
  let assembly: Assembly
  beforeAll(async () => {
    database = await testDatabase()
    assembly = await assemble({
      connection: database.connection,
      config: testConfig(),
      log: pino({ level: 'silent' }),
      clock: () => new Date(it.now),
    })
  })
  afterAll(async () => {
    await assembly.close()
    await database.close()
  })

  test('is alive and not ready, and ready again when the database is back', async () => {
    const { rows } = await database.ownerPool.query<{ name: string }>(
      'select current_database() as name',
    )
    const name = rows[0]!.name
    const told = async () => {
      const health = await assembly.app.inject('/healthz')
      const readiness = await assembly.app.inject('/readyz')
      return { alive: health.statusCode, ready: readiness.statusCode, body: readiness.json() }
    }
    expect(await told()).toEqual({ alive: 200, ready: 200, body: { status: 'ready' } })
    await withClient(inject('testServer').connection, async (client) => {
      await client.query(`alter database ${name} allow_connections false`)
      await client.query(
        `select pg_terminate_backend(pid, 10000) from pg_stat_activity
         where datname = $1 and backend_type = 'client backend'`,
        [name],
      )
      expect(await told()).toEqual({ alive: 200, ready: 503, body: { status: 'not ready' } })
      await client.query(`alter database ${name} allow_connections true`)
    })
    expect(await told()).toEqual({ alive: 200, ready: 200, body: { status: 'ready' } })
  })
})

describe('/metrics', () => {
  test('count requests by route, never by what a caller put into a path', async () => {
    await tenant.get('get_account', 'accountReference=SECRET-REFERENCE')
    await tenant.call({ method: 'GET', url: '/q/v1/claims/SECRET-CLAIM/explain' })
    await tenant.call({ method: 'GET', url: '/v1/SECRET-PATH' })
    const { body, headers } = await get('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toMatch(
      /quittance_http_request_seconds_count\{method="GET",route="\/v1\/:clientId\/get_account",status="400"\} \d/,
    )
    expect(body).toMatch(/route="\/q\/v1\/claims\/:reference\/explain",status="404"\} \d/)
    expect(body).not.toMatch(/SECRET/)
    expect(body).not.toContain(tenant.tenantId)
  })

  test('tell of the queue and the batches of the bookkeeper', async () => {
    const { body } = await get('/metrics')
    expect(body).toMatch(/^quittance_bookkeeper_queue_commands 0$/m)
    for (const name of ['batch_commands', 'batch_seconds', 'wait_seconds'])
      expect(measured(body, `${name}_count`), name).toBeGreaterThan(0)
    expect(body).toContain('quittance_nodejs_eventloop_lag_seconds')
  })

  test('tell how long the commit of a write took, apart from the rest of its batch', async () => {
    const { body: before } = await get('/metrics')
    const answer = await tenant.post('create_accounts', { TIMED: { currency: 'EUR' } })
    expect(answer.body.TIMED).toMatchObject({ success: true })
    const { body: after } = await get('/metrics')
    const grown = (name: string) => measured(after, name) - measured(before, name)
    expect(grown('commit_seconds_count')).toBe(1)
    expect(grown('commit_seconds_sum')).toBeGreaterThan(0)
    expect(grown('commit_seconds_sum')).toBeLessThan(grown('batch_seconds_sum'))
  })
})

/** A figure of the bookkeeper at /metrics; not a number where there is none. */
const measured = (body: string, name: string) =>
  Number(new RegExp(`^quittance_bookkeeper_${name} (\\S+)$`, 'm').exec(body)?.[1])

describe('the contracts', () => {
  test.each(contracts)('/docs/%s.json is valid OpenAPI 3.1', async (name) => {
    const { status, body } = await get(`/docs/${name}.json`)
    expect(status).toBe(200)
    expect(body.openapi).toBe('3.1.0')
    const validator = new Validator()
    const result = await validator.validate(structuredClone(body))
    expect(result).toMatchObject({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('list every operation that is mounted, and no other', async () => {
    const documents = [await get('/docs/receeve.json'), await get('/docs/native.json')]
    const listed = documents.flatMap(({ body }) =>
      Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    )
    const routes = mountedRoutes(it.assembly.app.printRoutes({ commonPrefix: false }))
    const mounted = routes
      .filter((route) => /^\w+ \/(v1|q|files)\//.test(route))
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'))
    expect(mounted.toSorted()).toEqual(listed.toSorted())
    expect(mounted.length).toBeGreaterThan(operations.length)
  })

  test('name each operation and each answer once', async () => {
    for (const name of ['receeve', 'native']) {
      const { body } = await get(`/docs/${name}.json`)
      const paths: Record<string, Record<string, Listed>> = body.paths
      const all = Object.values(paths).flatMap((path) => Object.values(path))
      const ids = all.map((operation) => operation.operationId)
      expect(new Set(ids).size).toBe(ids.length)
      for (const operation of all) {
        expect(operation.summary).toEqual(expect.stringMatching(/./))
        expect(Object.keys(operation.responses)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^20[0124]$/), '400', '429']),
        )
      }
    }
  })

  const keyed: [string, string, string, string][] = [
    ['receeve', 'post', '/v1/{clientId}/create_accounts', '/v1/{clientId}/get_account'],
    ['native', 'delete', '/q/v1/claims/{reference}', '/q/v1/claims/{reference}'],
    ['crmcom', 'post', '/crmapi/rest/v2/payments/create', '/crmapi/rest/v2/payments/list'],
    ['payofin', 'post', '/invoices/invoicepayment', '/invoices/sootlist'],
    ['wallee-v1', 'post', '/api/customer/update', '/api/customer/search'],
    ['wallee-v2', 'patch', '/api/v2.0/customers/{id}', '/api/v2.0/customers/{id}'],
  ]
  test.each(keyed)(
    'say at the writes of %s that they take an Idempotency-Key',
    async (name, method, write, read) => {
      const { paths } = documents()[name as 'native'] as {
        paths: Record<string, Record<string, Listed>>
      }
      const takesKey = (operation: Listed | undefined) =>
        operation?.parameters.some(({ name: header }) => header === 'Idempotency-Key')
      expect(takesKey(paths[write]?.[method])).toBe(true)
      const reading = paths[read]?.['get'] ?? (read === write ? undefined : paths[read]?.['post'])
      expect(takesKey(reading)).toBe(reading ? false : undefined)
    },
  )
})

interface Listed {
  operationId: string
  parameters: { name: string }[]
  summary: string
  responses: Record<string, unknown>
}

/** `METHOD /path` of each line of Fastify's tree. */
function mountedRoutes(tree: string): string[] {
  const prefixes: string[] = []
  return tree.split('\n').flatMap((line) => {
    const found = /^([│ ]*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line)
    if (!found) return []
    const [, indent = '', part = '', methods] = found
    const depth = indent.length / 4
    prefixes[depth] = `${depth === 0 ? '' : prefixes[depth - 1]}${part}`
    return (methods ?? '')
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD')
      .map((method) => `${method} ${prefixes[depth]}`)
  })
}

describe('the page at /docs', () => {
  test('is where the bare address of the server leads', async () => {
    const { statusCode, headers } = await it.assembly.app.inject({ method: 'GET', url: '/' })
    expect({ statusCode, leadsTo: headers.location }).toEqual({
      statusCode: 302,
      leadsTo: '/docs/',
    })
  })

  const external = /(?:src|href|action|url)\s*[=(:]\s*["']?(?:https?:)?\/\/[^"')\s]+/gi

  test.each(contracts)('reads nothing from elsewhere to show the contract of %s', async (name) => {
    const { body } = await get(`/docs/${name}.json`)
    expect(body.servers ?? []).toEqual([])
    const texts = textsIn(body)
    expect(texts.length).toBeGreaterThan(100)
    // What the page would follow while it draws: references, and pictures in the Markdown of descriptions.
    const references = texts.filter(({ key }) => key === '$ref' || key === 'externalValue')
    expect(references.filter(({ text }) => !text.startsWith('#/'))).toEqual([])
    expect(texts.filter(({ text }) => /!\[|<\w+\s[^>]*(?:src|href)\s*=/i.test(text))).toEqual([])
  })

  test('shows all contracts without asking anybody else', async () => {
    const page = await it.assembly.app.inject({ method: 'GET', url: '/docs/' })
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.body.match(external)).toBeNull()
    const policy = page.headers['content-security-policy']
    expect(policy).toMatch(/default-src 'self'/)
    // No other host, and no https where the server is reached by plain http under another name than localhost.
    expect(policy).not.toMatch(/https|swagger\.io|upgrade/)
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1]!)
    expect(assets.length).toBeGreaterThan(3)
    const texts = await Promise.all(
      assets.map(async (asset) => {
        const url = new URL(asset, 'http://host/docs/').pathname
        const { statusCode, body, headers } = await it.assembly.app.inject({ method: 'GET', url })
        expect({ url, statusCode }).toEqual({ url, statusCode: 200 })
        return String(headers['content-type']).includes('css') ? body : ''
      }),
    )
    // A style sheet may hold a picture, but fetches none from elsewhere.
    expect(texts.join('').match(/url\(\s*["']?(?:https?:)?\/\//gi)).toBeNull()
    const settings = await it.assembly.app.inject('/docs/static/swagger-initializer.js')
    for (const name of contracts) expect(settings.body).toContain(`"/docs/${name}.json"`)
    expect(settings.body.replace(/\/\/ .*$/gm, '')).not.toMatch(/https?:\/\//)
  })
})

interface Text {
  readonly key: string
  readonly text: string
}

/** Every text in a JSON document, with the key beside which it stands. */
function textsIn(value: unknown, key = ''): Text[] {
  if (typeof value === 'string') return [{ key, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, name))
}

describe('every answer', () => {
  test('carries the headers that keep a browser from guessing', async () => {
    for (const url of ['/healthz', '/docs/receeve.json', '/v1/nothing']) {
      const { headers } = await get(url)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })
})

describe('the log', () => {
  let database: TestDatabase
  let assembly: Assembly
  const lines: string[] = []
  const log = pino({ level: 'trace', redact: redacted }, { write: (line) => lines.push(line) })
  beforeAll(async () => {
    database = await testDatabase()
    assembly = await assemble({
      connection: database.connection,
      config: testConfig(),
      log,
      clock: () => new Date(it.now),
    })
  })
  afterAll(async () => {
    await assembly.close()
    await database.close()
  })

  test('names no token, no person and no account, though every operation is called', async () => {
    const created = await createTenant(
      database.db,
      { name: 'Acme', isSandbox: false },
      { now: () => it.now, sealer: createSealer(secretKey) },
    )
    const { clientId, clientSecret } = created.oauth
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const granted = await assembly.app.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
    })
    const token = granted.json().access_token as string
    const headers = { authorization: `Bearer ${token}` }
    const debtor = { ...person('D'), SSN: '123-45-6789', lastName: 'Secretname' }
    const iban = 'DE02120300000000202051'
    await assembly.app.inject({
      method: 'POST',
      url: `/v1/${created.tenantId}/create_accounts`,
      headers,
      payload: { ACC: { currency: 'EUR', debtors: [debtor], meta: { iban } } },
    })
    for (const operation of operations) {
      const good = requestOf(operation, { tenantId: created.tenantId, headers })
      await assembly.app.inject(good)
      await assembly.app.inject({ ...good, payload: '{' })
    }
    // PostgreSQL repeats the row that it refuses.
    await database.ownerPool.query(
      `alter table quittance.debtor add constraint nobody_is_leak check (reference <> 'LEAK')`,
    )
    const refused = await assembly.app.inject({
      method: 'POST',
      url: `/v1/${created.tenantId}/create_accounts`,
      headers,
      payload: { LEAK: { currency: 'EUR', debtors: [{ ...debtor, debtorReference: 'LEAK' }] } },
    })
    expect(refused).toMatchObject({ statusCode: 500 })
    expect(lines.join('')).toContain('nobody_is_leak')
    expect(lines.join('')).toContain('"detail":"[Redacted]"')
    // What goes wrong inside is logged; here nothing but the one error that is made on purpose.
    await database.ownerPool.query('alter table quittance.account rename to account_gone')
    const broken = await assembly.app.inject({
      method: 'GET',
      url: `/v1/${created.tenantId}/get_account?accountReference=SECRET-REF`,
      headers,
    })
    expect(broken).toMatchObject({ statusCode: 500 })
    expect(broken.json()).toEqual({ message: 'Internal server error' })
    const text = lines.join('')
    expect(text).toContain('a request failed')
    expect(text).toMatch(/"method":"GET","route":"[^"?]*get_account"/)
    for (const secret of [
      token,
      basic,
      clientSecret,
      'ada@example.com',
      iban,
      '123-45-6789',
      'Secretname',
    ]) {
      expect(text).not.toContain(secret)
    }
  })

  test('hides what somebody hands to it', () => {
    lines.length = 0
    log.info({
      authorization: 'S1',
      req: { headers: { authorization: 'S2', cookie: 'ok' } },
      debtor: { email: 'S3', SSN: 'S4', contactInformation: { email: 'S5' } },
      mandate: { iban: 'S6', accountNumber: 'S7' },
      password: 'S8',
      config: { secretKey: 'S9', clientSecret: 'S10' },
    })
    expect(lines.join('')).toContain('[Redacted]')
    expect(lines.join('')).not.toMatch(/S\d/)
  })
})
