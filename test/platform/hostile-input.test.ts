import { beforeAll, describe, expect, test } from 'vitest'
import { nativeOperations } from '../../src/faces/native/face.ts'
import { assertBooksBalance } from '../invariants.ts'
import { type Answer, type TestTenant, world } from '../world.ts'
import {
  bodied,
  contents,
  leavesOf,
  type Operation,
  operations,
  requestOf,
  seedBooks,
  withRaw,
} from './doors.ts'
import { denseText, textPlaces, withText } from './long-texts.ts'
import { makeOfAll, sampleBodies } from './native-samples.ts'

// Queued calls stay queued: nothing but the requests here may change what is stored.
const it = world({ workers: false })
let tenant: TestTenant
beforeAll(async () => {
  tenant = await it.tenant()
  await seedBooks(tenant)
})

const reads = operations.filter(({ method }) => method === 'GET')
const titled = (list: readonly Operation[]) =>
  list.map((operation) => [operation.id, operation] as const)

/** D-12 on /v1, problem+json on our own door; neither tells of the inside. */
function expectErrorBody(door: string, { status, headers, body }: Answer): void {
  if (door === '/v1' && status !== 401 && status !== 403) {
    expect(body).toMatchObject({ success: false, messageIds: [] })
    expect(body['messages'][0]).toBe(body['message'])
    expect(body['message']).toEqual(expect.stringMatching(/./s))
  } else if (door === '/q/v1') {
    expect(headers['content-type']).toContain('application/problem+json')
    expect(body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) })
  }
  expect(JSON.stringify(body)).not.toMatch(/syntax for type|byte sequence|at .*\.ts:|node:/)
}

/** Sends each and expects that all are refused as a whole and nothing is stored. */
async function expectRefused(
  operation: Operation,
  requests: { what: string; body?: unknown; query?: string; status?: number }[],
): Promise<void> {
  const before = await contents(it.database.ownerPool)
  expect(requests.length).toBeGreaterThan(0)
  for (const { what, status: wanted = 400, ...of } of requests) {
    const answer = await tenant.call(requestOf(operation, { tenantId: tenant.tenantId, ...of }))
    expect({ what, status: answer.status }).toEqual({ what, status: wanted })
    expectErrorBody(operation.door, answer)
  }
  expect(await contents(it.database.ownerPool)).toEqual(before)
}

// Metadata and scores are the caller's own documents: any JSON may stand in them.
const isFree = (path: readonly unknown[]) =>
  path.includes('meta') || path.includes('value') || path.includes('colour')
const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`
const loneHigh = String.raw`"\ud800"`
const loneLow = String.raw`"a\udc00b"`
const nulEscaped = String.raw`"a\u0000b"`

const hostileNumbers = [
  '9007199254740992',
  '9007199254740993',
  '99999999999999999999',
  '1.5',
  '0.1',
  '-1',
  '1e400',
  '-1e400',
  '1e-400000',
  '1.00000000000000000000001',
  'NaN',
  'Infinity',
  '0x10',
  '01',
  '+1',
  '"100"',
  '"1e2"',
  'true',
  'null',
  '[]',
  '{}',
]
const hostileStrings = [
  '1',
  'true',
  'null',
  '[]',
  '{}',
  nulEscaped,
  loneHigh,
  loneLow,
  '"a\0b"',
  '"a\nb"',
]

describe.each(titled(bodied))('%s', (_id, operation) => {
  const leaves = leavesOf(operation.body)
  const text = JSON.stringify(operation.body)
  const isMap = text.startsWith('{')

  test('refuses what is no amount in every place where a number stands', async () => {
    const numbers = leaves.filter(({ path, value }) => typeof value === 'number' && !isFree(path))
    const requests = numbers.flatMap(({ path }) =>
      hostileNumbers.map((raw) => ({
        what: `${path.join('.')}: ${raw}`,
        body: withRaw(operation.body, path, raw),
      })),
    )
    if (requests.length > 0) await expectRefused(operation, requests)
    else expect(numbers).toEqual([])
  })

  test('refuses what is no text in every place where text stands', async () => {
    const strings = leaves.filter(({ path, value }) => typeof value === 'string' && !isFree(path))
    const requests = strings.flatMap(({ path }) =>
      hostileStrings.map((raw) => ({
        what: `${path.join('.')}: ${JSON.stringify(raw)}`,
        body: withRaw(operation.body, path, raw),
      })),
    )
    if (requests.length > 0) await expectRefused(operation, requests)
    else expect(strings).toEqual([])
  })

  test('refuses references and names longer than it can keep', async () => {
    const strings = leaves.filter(({ path, value }) => typeof value === 'string' && !isFree(path))
    const requests = strings.map(({ path }) => ({
      what: path.join('.'),
      body: withRaw(operation.body, path, JSON.stringify('x'.repeat(70_000))),
    }))
    const references = strings.filter(({ path }) => /reference|^ref$/i.test(String(path.at(-1))))
    const tooLong = references.map(({ path }) => ({
      what: `${path.join('.')} of 256 characters`,
      body: withRaw(operation.body, path, JSON.stringify('x'.repeat(256))),
    }))
    const empty = references.map(({ path }) => ({
      what: `${path.join('.')} empty`,
      body: withRaw(operation.body, path, '""'),
    }))
    const all = [...requests, ...tooLong, ...empty]
    if (all.length > 0) await expectRefused(operation, all)
    else expect(isMap).toBe(true)
  })

  test('refuses days that no calendar has', async () => {
    const days = leaves.filter(({ value }) => /^\d{4}-\d\d-\d\d$/.test(String(value)))
    const wrong = ['0000-01-01', '2023-02-30', '2023-13-01', '2023-2-3', '10000-01-01', '', 'x']
    const requests = days.flatMap(({ path }) =>
      wrong.map((day) => ({
        what: `${path.join('.')}: ${day}`,
        body: withRaw(operation.body, path, JSON.stringify(day)),
      })),
    )
    if (requests.length > 0) await expectRefused(operation, requests)
    else expect(days).toEqual([])
  })

  test('refuses a body that is not one JSON document of the right kind', async () => {
    const wrongKinds = ['null', 'true', '1', '"x"', isMap ? '[]' : '{}', isMap ? '[{}]' : '{"a":1}']
    const broken = ['', ' ', '{', '[', text.slice(0, -1), `${text}x`, `${text}${text}`, "{'a':1}"]
    const requests = [...wrongKinds, ...broken].map((body) => ({
      what: JSON.stringify(body.slice(0, 40)),
      body,
    }))
    const bytes = [
      { what: 'no UTF-8', body: Buffer.from([0xff, 0xfe, 0x7b, 0x7d]) },
      { what: 'overlong UTF-8', body: Buffer.from([0x22, 0xc0, 0x80, 0x22]) },
      { what: 'a surrogate in UTF-8', body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) },
      { what: 'UTF-16', body: Buffer.from(text, 'utf16le') },
      { what: 'a compressed body', body: Buffer.from([0x1f, 0x8b, 0x08, 0x00]) },
    ]
    await expectRefused(operation, [...requests, ...bytes])
  })

  test('refuses hostile keys at every depth', async () => {
    const keys = [
      ['__proto__', '"__proto__"'],
      ['__proto__ escaped', String.raw`"\u005f_proto__"`],
      ['NUL', String.raw`"a\u0000b"`],
      ['raw NUL', '"a\0b"'],
      ['half a pair', String.raw`"\udfff"`],
    ] as const
    const objects = leaves
      .map(({ path }) => path.slice(0, -1))
      .filter((path) => typeof path.at(-1) === 'string' || path.length > 0)
    const requests = keys.flatMap(([what, key]) => [
      ...(isMap
        ? [{ what, body: `{${key}: ${JSON.stringify(Object.values(operation.body!)[0])}}` }]
        : []),
      ...objects.map((path) => ({
        what: `${what} in ${path.join('.')}`,
        body: withRaw(operation.body, path, `{${key}: 1}`),
      })),
      { what: `${what} in metadata`, body: withMember(text, `"meta": {"a": {${key}: 1}}`) },
    ])
    await expectRefused(operation, requests)
  })

  test('refuses nesting beyond what it reads, and the same key twice', async () => {
    const requests = [
      { what: '100 levels', body: withMember(text, `"meta": {"a": ${nested(100)}}`) },
      { what: '100 levels alone', body: nested(100) },
      { what: '100 000 levels', body: nested(100_000) },
      { what: '1 000 000 levels open', body: '['.repeat(1_000_000) },
      { what: '100 000 objects', body: '{"a":'.repeat(100_000) },
    ]
    if (isMap) {
      const member = text.slice(1, -1)
      requests.push({ what: 'a key twice', body: `{${member},${member}}` })
      const value = JSON.stringify(Object.values(operation.body!)[0])
      requests.push({ what: 'an empty key', body: `{"": ${value}}` })
      requests.push({ what: 'a long key', body: `{"${'k'.repeat(256)}": ${value}}` })
    }
    await expectRefused(operation, requests)
  })

  test('refuses 1001 items with 400 and 7 MB with 413 (D-23)', async () => {
    const item = Object.values(operation.body!)[0] as object
    const many = Array.from({ length: 1_001 }, (_, index) => [`K${index}`, item] as const)
    const tooMany = isMap ? Object.fromEntries(many) : many.map(([, one]) => one)
    const tooLarge = `${' '.repeat(7 * 1024 * 1024)}${text}`
    await expectRefused(operation, [
      { what: '1001 items', body: tooMany },
      { what: '7 MB', body: tooLarge, status: 413 },
    ])
  })

  test('refuses query parameters that it does not understand', async () => {
    const wrong = ['async=2', 'async=', 'async=true&async=true', 'sequential=yes', 'triggerName=']
    const requests = wrong.map((query) => ({ what: query, query }))
    await expectRefused(operation, [
      ...requests,
      { what: 'NUL', query: 'triggerName=a%00b' },
      { what: 'no percent-encoding', query: 'triggerName=%zz' },
      { what: 'no UTF-8', query: 'triggerName=%E0%A4' },
      { what: 'a long trigger', query: `triggerName=${'x'.repeat(300)}` },
    ])
  })

  test('knows nothing of what JavaScript puts on every object', async () => {
    // Schema-valid names that are members of Object.prototype: entities like any other, here unknown or new ones.
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      const item = Object.values(operation.body!)[0] as object
      const renamed = { ...item, accountReference: name, ref: name }
      const body = isMap ? { [name]: item } : [renamed]
      for (const query of ['', 'async=true']) {
        const one = requestOf(operation, { tenantId: tenant.tenantId, body, query })
        const answer = await tenant.call(one)
        expect(answer.status).toBe(200)
        expect(Object.keys(answer.body)).toEqual([name])
        expect(answer.body[name]).toMatchObject({ success: expect.any(Boolean) })
      }
    }
  })
})

// What seedBooks made; a reference to anything else would find nothing.
const seeded = new Set(['ACC', 'D', 'P', 'INV', 'M', 'CLAIM', 'CLAIM-DELETED'])
const isReference = (name: unknown) =>
  /^(account(Reference|Number)|(debtor|product|ledgerEntry|external.*)Reference)/.test(String(name))

/** A request with the longest text that no compression shortens wherever its schema lets any text stand. */
function withLongTexts({ body, schemas }: Operation): object {
  const places = textPlaces(schemas.body ?? {}, body).filter(
    ({ path, value }) =>
      !seeded.has(String(value)) && !(value === undefined && isReference(path.at(-1))),
  )
  const long = places.reduce(
    (document, { path, lengthMax }) => withText(document, path, denseText(lengthMax)),
    body as object,
  )
  if (Array.isArray(long)) return long
  const entries = Object.entries(long).map(([key, item]) => [
    seeded.has(key) ? key : denseText(255),
    item,
  ])
  return Object.fromEntries(entries) as object
}

describe('the longest texts, of characters that no compression shortens, fit every index', () => {
  test.each(titled(bodied))('%s', async (_id, operation) => {
    const own = await it.tenant()
    await seedBooks(own)
    const body = withLongTexts(operation)
    const answer = await own.call(requestOf(operation, { tenantId: own.tenantId, body }))
    expect(answer.status).toBe(200)
    for (const item of Object.values(answer.body)) expect(item).toMatchObject({ success: true })
  })

  test('at our own door', async () => {
    const own = await it.tenant()
    await seedBooks(own)
    const made = await makeOfAll(own, 'own')
    const bodies = sampleBodies(made, 'other')
    const journey = `/journeys/${made.get('/journeys')}/assignments`
    for (const [path, body] of [...bodies, [journey, { portfolioReference: 'P' }] as const]) {
      const shape = (one: string) => one.replaceAll(/\{.*?\}|[0-9a-f-]{36}|CLAIM/g, '*')
      const operation = nativeOperations.find(
        (one) => one.method === 'POST' && shape(one.path) === shape(path),
      )
      const places = textPlaces(operation?.body ?? {}, body)
      expect({ path, isKnown: operation !== undefined }).toEqual({ path, isKnown: true })
      for (const place of places) {
        const payload = JSON.stringify(withText(body, place.path, denseText(place.lengthMax)))
        const headers = { 'content-type': 'application/json' }
        const answer = await own.call({ method: 'POST', url: `/q/v1${path}`, headers, payload })
        const what = `${path} ${place.path.join('.')}`
        expect({ what, isAnswered: answer.status < 500 }).toEqual({ what, isAnswered: true })
      }
    }
  })
})

/** The text of a document with one more member in its first entity. */
function withMember(text: string, member: string): string {
  const isMap = text.startsWith('{')
  const document = JSON.parse(text) as object
  const [key, first] = Object.entries(document)[0] as [string, object]
  const { meta: _meta, ...rest } = first as { meta?: unknown }
  const inner = `{${[...Object.entries(rest).map(([k, v]) => `"${k}":${JSON.stringify(v)}`), member].join(',')}}`
  return isMap ? `{"${key}":${inner}}` : `[${inner}]`
}

describe.each(titled(reads.filter(({ door }) => door === '/v1')))('%s', (_id, operation) => {
  const parameters = Object.keys((operation.schemas.query as { properties: object }).properties)

  test('refuses parameters that are repeated, empty, NUL or no percent-encoding', async () => {
    const requests = parameters.flatMap((name) => {
      const own = new URLSearchParams(operation.query)
      own.delete(name)
      const rest = own.size === 0 ? '' : `&${own.toString()}`
      return [
        `${name}=1&${name}=2`,
        `${name}=`,
        `${name}=a%00b`,
        `${name}=%zz`,
        `${name}=%E0%A4`,
        `${name}=%C0%80`,
        `${name}=${'x'.repeat(5_000)}`,
      ].map((query) => ({ what: query, query: `${query}${rest}` }))
    })
    await expectRefused(operation, requests)
  })

  test('refuses a page of no size', async () => {
    const own = new URLSearchParams(operation.query).toString()
    const wrong = ['0', '-1', 'abc', '1.5', '10001', '1e400', '99999999999999999999', 'NaN', 'null']
    const names = parameters.filter((name) => name === 'limit' || name === 'page')
    const requests = names.flatMap((name) =>
      wrong
        .filter((value) => name === 'limit' || value !== '10001')
        .map((value) => ({ what: `${name}=${value}`, query: `${own}&${name}=${value}` })),
    )
    if (requests.length > 0) await expectRefused(operation, requests)
    else expect(names).toEqual([])
  })

  test('refuses to do without what it needs', async () => {
    await expectRefused(operation, [{ what: 'nothing', query: 'x=1' }])
  })
})

describe('get_events', () => {
  test('refuses days that no calendar has', async () => {
    const operation = operations.find(({ id }) => id === 'get_events')!
    await expectRefused(
      operation,
      ['0000-01-01', '2023-02-30', '10000-01-01', 'today'].map((date) => ({
        what: date,
        query: `eventType=event.claim.created&date=${date}`,
      })),
    )
  })

  test('answers the first and the last day of the calendar', async () => {
    for (const date of ['0001-01-01', '9999-12-31']) {
      const answer = await tenant.get('get_events', `eventType=event.claim.created&date=${date}`)
      expect(answer).toMatchObject({ status: 200, body: { events: [] } })
    }
  })
})

describe('get_account_claims', () => {
  test('refuses a pagination id that it did not give out', async () => {
    const operation = operations.find(({ id }) => id === 'get_account_claims')!
    const ids = [
      'x',
      'bnVsbA==',
      'MQ==',
      'W10=',
      Buffer.from('{"accountId":"ACC"}').toString('base64'),
      ...['"\\u0000"', '1', 'null', '{}'].map((reference) =>
        Buffer.from(
          `{"accountId":"ACC","clientId":"${tenant.tenantId}","externalClaimRef":${reference}}`,
        ).toString('base64'),
      ),
    ]
    await expectRefused(
      operation,
      ids.map((id) => ({
        what: id,
        query: `accountReference=ACC&paginationId=${encodeURIComponent(id)}`,
      })),
    )
  })
})

describe.each(titled(operations.filter(({ door }) => door === '/q/v1')))('%s', (_id, operation) => {
  const at = (reference: string) => ({
    method: operation.method,
    url: operation.url('').replace('CLAIM', reference),
  })

  test('refuses paths that name nothing', async () => {
    const before = await contents(it.database.ownerPool)
    for (const reference of ['%00', 'a%00b', '%zz', '%E0%A4', '%C0%80', '%', 'x'.repeat(256), '']) {
      const answer = await tenant.call(at(reference))
      expect({ reference, status: answer.status }).toEqual({
        reference,
        status: expect.toSatisfy((status) => status === 400 || status === 404),
      })
      expectErrorBody('/q/v1', answer)
    }
    expect(await contents(it.database.ownerPool)).toEqual(before)
  })

  test('refuses a body that is no JSON, and takes an empty one for none', async () => {
    const before = await contents(it.database.ownerPool)
    const bodies: [string | Buffer, number][] = [
      ['{', 400],
      ['"a\0b"', 400],
      [String.raw`{"__proto__": 1}`, 400],
      [nested(100), 400],
      [Buffer.from([0xff, 0xfe]), 400],
      [' '.repeat(7 * 1024 * 1024), 413],
      ['', 404],
    ]
    for (const [payload, status] of operation.method === 'GET' ? [] : bodies) {
      const headers = { 'content-type': 'application/json' }
      const answer = await tenant.call({ ...at('NONE'), headers, payload })
      expect({ payload: payload.slice(0, 20), status: answer.status }).toEqual({
        payload: payload.slice(0, 20),
        status,
      })
      expectErrorBody('/q/v1', answer)
    }
    expect((await tenant.call(at('NONE'))).status).toBe(404)
    expect(await contents(it.database.ownerPool)).toEqual(before)
  })

  test('finds nothing under strange names that nobody gave', async () => {
    for (const name of [
      "' or 1=1 --",
      '../../etc',
      'a/b',
      '%',
      '👻',
      '__proto__',
      'isPrototypeOf',
    ]) {
      expect((await tenant.call(at(encodeURIComponent(name)))).status).toBe(404)
    }
  })
})

describe('a path', () => {
  test('that is too long is refused at both doors', async () => {
    const long = 'x'.repeat(5_000)
    for (const [door, url] of [
      ['/v1', `/v1/${long}/get_account?accountReference=ACC`],
      ['/q/v1', `/q/v1/claims/${long}/explain`],
    ] as const) {
      const answer = await tenant.call({ method: 'GET', url })
      expect({ door, status: answer.status }).toEqual({
        door,
        status: expect.toSatisfy((status) => status >= 400 && status < 500),
      })
      expectErrorBody(door, answer)
    }
  })

  test('that is no percent-encoding is refused at both doors', async () => {
    for (const url of [
      '/v1/%zz/get_account',
      `/v1/${tenant.tenantId}/get_account%E0%A4`,
      '/v1/%00/get_account',
    ]) {
      const answer = await tenant.call({ method: 'GET', url })
      expect({ url, status: answer.status }).toEqual({
        url,
        status: expect.toSatisfy((status) => status === 400 || status === 403),
      })
      expectErrorBody('/v1', answer)
    }
  })

  test('that names no client id is refused', async () => {
    for (const id of [
      'x',
      '1',
      "' or 1=1 --",
      `${tenant.tenantId}x`,
      '00000000-0000-0000-0000-000000000000',
    ]) {
      const url = `/v1/${encodeURIComponent(id)}/get_account?accountReference=ACC`
      expect((await tenant.call({ method: 'GET', url })).status).toBe(403)
    }
  })
})

const strange: [string, string][] = [
  ['emoji', '🏦👩‍👩‍👧‍👦🇩🇪'],
  ['right to left', 'חשבון-‏١٢٣'],
  ['combining marks, not composed', 'Zoë e\u0301\u0323'],
  ['zalgo', 'ẑ̸̧̛͔a̵l̷g̶o̴'],
  ['zero width and joiners', 'a\u200bb\u200dc\ufeffd'],
  ['a line break and a tab', 'line\nbreak\r\n\ttab'],
  ['slashes, quotes and percent', String.raw`a/b\c"d'e%2F%00?&#=+;`],
  ['control characters', 'a\u0001\u001b[31mb\u007f'],
  ['SQL', `'; drop table quittance.account; -- $1 {x} \\' or "1"="1`],
  ['a template and a path', '${7*7} {{7*7}} ../../etc/passwd <script>alert(1)</script>'],
  ['noncharacters', '\uffff\ufffe\u{10ffff}'],
  ['the longest reference', '𝔸'.repeat(255)],
  ['a name of JavaScript', 'constructor'],
  ['something like a number', '0123'],
  ['white space', '  \u00a0 '],
]

describe('unusual text', () => {
  test.each(strange)('%s is stored and echoed unchanged', async (_what, text) => {
    const own = await it.tenant()
    const query = `accountReference=${encodeURIComponent(text)}`
    const debtor = {
      debtorReference: text,
      firstName: text,
      lastName: text,
      contactInformation: { country: 'DE', city: text },
    }
    const invoice = {
      ledgerEntryReference: text,
      invoiceDetails: { amount: 100, dueDate: '2026-01-31', meta: { [`own ${text}`]: text } },
      context: { externalDebtorReference: text },
    }
    const opened = await own.post('create_accounts', {
      [text]: {
        currency: 'EUR',
        debtors: [debtor],
        ledgerEntries: [invoice],
      },
    })
    expect(Object.keys(opened.body)).toEqual([text])
    expect(opened.body[text]).toMatchObject({
      success: true,
      messages: [`Successfully created Account ${text}`],
    })
    const meta = await own.post('update_account_meta', { [text]: { [text]: text } })
    expect(meta.body[text]).toMatchObject({ success: true, data: { [text]: text } })
    const { rows } = await it.database.ownerPool.query(
      `select data -> 'changed' as changed from quittance.event
       where tenant_id = $1 and type = 'webhook.accountMeta.changed'`,
      [own.tenantId],
    )
    expect(rows).toEqual([{ changed: { [text]: { old: null, new: text } } }])
    const account = await own.get('get_account', query)
    expect(account.body).toMatchObject({
      meta: { [text]: text },
      debtors: [debtor],
      ledgerEntries: [
        { ledgerEntryReference: text, invoiceDetails: { meta: { [`own ${text}`]: text } } },
      ],
    })
    const claims = await own.get('get_account_claims', `${query}&limit=1`)
    expect(claims.body.results).toMatchObject([
      {
        claimReference: text,
        accountReference: text,
        primaryDebtor: debtor,
        meta: { [text]: text, [`own ${text}`]: text, __accountMetaFields__: [text] },
      },
    ])
    const url = `/q/v1/claims/${encodeURIComponent(text)}/explain`
    expect(await own.call({ method: 'GET', url })).toMatchObject({
      status: 200,
      body: { claimReference: text, totalMinor: 100, entries: [{ reference: text }] },
    })
    const credit = { amount: 100, currency: 'EUR', originator: 'CLIENT', descriptionText: text }
    const credited = await own.post('credit_claims', { [text]: credit })
    expect(credited.body[text]).toMatchObject({ success: true, data: credit })
  })
})

describe('the books', () => {
  test('balance after all of this', async () => {
    await assertBooksBalance(it.database.ownerPool)
  })
})

describe('every operation of our own door', () => {
  const takesList = new Set(['agencies.collect'])
  const withBody = nativeOperations.filter(({ id, body }) => body && !takesList.has(id))
  const withName = nativeOperations.filter(({ path }) => path.includes('{'))
  const nameless = '00000000-0000-4000-8000-000000000000'
  const urlOf = (path: string, name: string) => `/q/v1${path.replaceAll(/\{\w+\}/g, name)}`

  test.each(withBody.map((one) => [one.id, one] as const))(
    '%s refuses what is no body of its own and leaves no trace',
    async (_id, { method, path }) => {
      const before = await contents(it.database.ownerPool)
      const bodies: [string | Buffer, number[]][] = [
        ['{', [400]],
        ['null', [400]],
        ['1', [400]],
        ['"x"', [400]],
        ['[]', [400]],
        ['"a\0b"', [400]],
        [String.raw`{"a": "a\u0000b"}`, [400]],
        [String.raw`{"a": "\ud800"}`, [400]],
        [String.raw`{"__proto__": 1}`, [400]],
        ['{"a": 1, "a": 1}', [400]],
        ['{"no such member": 1}', [400, 404]],
        [nested(100), [400]],
        [Buffer.from([0xff, 0xfe]), [400]],
        [' '.repeat(7 * 1024 * 1024), [413]],
      ]
      for (const [payload, wanted] of bodies) {
        const answer = await tenant.call({
          method,
          url: urlOf(path, nameless),
          headers: { 'content-type': 'application/json' },
          payload,
        })
        const what = String(payload).slice(0, 40)
        const isWanted = wanted.includes(answer.status)
        expect({ what, isWanted, answer }).toMatchObject({ isWanted: true })
        expectErrorBody('/q/v1', answer)
      }
      expect(await contents(it.database.ownerPool)).toEqual(before)
    },
  )

  test('refuses names that nothing can have', async () => {
    const names = [
      '%00',
      'a%00b',
      '%zz',
      '%E0%A4',
      '%',
      'x'.repeat(256),
      '9'.repeat(30),
      '9223372036854775808',
    ]
    for (const { id, method, path } of withName) {
      for (const name of names) {
        const answer = await tenant.call({ method, url: urlOf(path, name) })
        const isRefused = [400, 404].includes(answer.status)
        expect({ id, name, isRefused, answer }).toMatchObject({ isRefused: true })
        expectErrorBody('/q/v1', answer)
      }
    }
  })
})
