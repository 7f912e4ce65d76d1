import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { fileBytesMax, sweepBlobs } from '../../../src/files/index.ts'
import { createDiskStores } from '../../../src/files/disk-stores.ts'
import { pdf } from '../../file-samples.ts'
import { seedBooks } from '../../platform/doors.ts'
import { type Answer, type TestTenant, world } from '../../world.ts'
import { polledEvents } from './given.ts'
import type { Loose } from './given.ts'

const it = world({ workers: false })
let tenant: TestTenant
beforeEach(async () => {
  it.now = new Date('2026-03-10T12:00:00.000Z')
  tenant = await it.tenant()
  await seedBooks(tenant)
})

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const boundary = 'BOUNDARY'
const multipart = `multipart/form-data; boundary=${boundary}`
const product = { accountId: 'ACC', productReference: 'P' }

interface FilePart {
  name?: string
  type?: string
  bytes?: Buffer | string
  field?: string
}
type Fields = Record<string, string> | [string, string][]

function formOf(fields: Fields, files: FilePart[] = [{}], end = `--${boundary}--\r\n`): Buffer {
  const texts = (Array.isArray(fields) ? fields : Object.entries(fields)).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const parts = files.flatMap((file) => {
    const { name = 'invoice.pdf', type = 'application/pdf', bytes = pdf, field = 'file' } = file
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`
    return [Buffer.from(head), Buffer.from(bytes as string), Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(texts.join('')), ...parts, Buffer.from(end)])
}

interface Sent {
  who?: TestTenant
  prefix?: string
  query?: string
  headers?: Record<string, string>
}

function send(
  payload: Buffer | string,
  { who = tenant, prefix = '/v1', query = '', headers }: Sent = {},
): Promise<Answer<Loose>> {
  const url = `${prefix}/${who.tenantId}/upload_files${query}`
  return who.call({
    method: 'POST',
    url,
    headers: { 'content-type': multipart, ...headers },
    payload,
  })
}
const upload = (fields: Fields, file: FilePart = {}, sent: Sent = {}) =>
  send(formOf(fields, [file]), sent)

const rowsOf = async (table: string, who = tenant) => {
  const { rows } = await it.database.ownerPool.query<Record<string, Loose>>(
    `select * from quittance.${table} where tenant_id = $1`,
    [who.tenantId],
  )
  return rows
}
const blobsOf = async (who = tenant) => {
  const root = path.join(it.assembly.services.config.dataDir, 'files')
  const found = await readdir(path.join(root, who.tenantId), { recursive: true }).catch(() => [])
  const drafts = await readdir(path.join(root, 'incoming')).catch(() => [])
  expect(drafts).toEqual([])
  return found.map((name) => path.basename(name)).filter((name) => name.length === 64)
}
const eventsOf = async (type: string, who = tenant) =>
  (await rowsOf('event', who)).filter((event) => event['type'] === type)

/** Lets the tenant live so many days ahead of the machine. */
async function advance(days: number): Promise<void> {
  await it.database.ownerPool.query(
    'update quittance.tenant set is_sandbox = true, clock_offset_ms = $2 where tenant_id = $1',
    [tenant.tenantId, days * 86_400_000],
  )
  await it.assembly.services.clocks.refresh()
}

/** Nothing is left of a request that was refused. */
async function expectNothing(who = tenant): Promise<void> {
  expect(await rowsOf('file', who)).toEqual([])
  expect(await rowsOf('file_blob', who)).toEqual([])
  expect(await rowsOf('idempotent_request', who)).toEqual([])
  expect(await eventsOf('event.file.uploaded', who)).toEqual([])
  expect(await blobsOf(who)).toEqual([])
}

const list = (query = 'accountReference=ACC', who = tenant) =>
  who.call({ method: 'GET', url: `/q/v1/files?${query}` })
const content = (fileId: string, who = tenant) =>
  who.call({ method: 'GET', url: `/q/v1/files/${fileId}/content` })

describe('upload_files', () => {
  test.each(['/v1', '/files/v1'])('keeps a file sent to %s (D-99, D-7)', async (prefix) => {
    const answer = await upload({ ...product, documentType: 'Invoice' }, {}, { prefix })
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    const fileId = answer.body.ACC.messageIds[0]
    expect(answer.body).toEqual({
      ACC: {
        success: true,
        messages: ['Successfully processed action'],
        messageIds: [expect.stringMatching(uuid)],
      },
    })
    const sha256 = createHash('sha256').update(pdf).digest('hex')
    expect(await blobsOf()).toEqual([sha256])
    expect((await list()).body).toEqual({
      items: [
        {
          fileId,
          accountReference: 'ACC',
          claimReference: null,
          productReference: 'P',
          documentType: 'Invoice',
          fileName: 'invoice.pdf',
          contentType: 'application/pdf',
          size: pdf.length,
          sha256,
          uploadedAt: '2026-03-10T12:00:00.000Z',
        },
      ],
      nextCursor: null,
    })
  })

  test('takes the product in either spelling (D-99)', async () => {
    const answer = await upload({ accountId: 'ACC', ProductReference: 'P' })
    expect(answer.body.ACC).toMatchObject({ success: true })
    expect((await list()).body.items).toMatchObject([{ productReference: 'P' }])
  })

  test('takes a claim by either form of its reference (D-41)', async () => {
    for (const externalClaimRef of ['INV', 'INV-2026-01-31']) {
      const answer = await upload({ accountId: 'ACC', externalClaimRef })
      expect(answer.body.ACC).toMatchObject({ success: true })
    }
    expect((await list()).body.items).toMatchObject([
      { claimReference: 'INV', productReference: null },
      { claimReference: 'INV', productReference: null },
    ])
  })

  test('takes fields behind the file, and unknown ones (D-17)', async () => {
    const file = formOf({}, [{}], '')
    const rest = formOf({ ...product, later: 'x' }, [])
    const answer = await send(Buffer.concat([file, rest]))
    expect(answer.body.ACC).toMatchObject({ success: true })
  })

  test('tells of the file by an event', async () => {
    await upload(
      { accountId: 'ACC', externalClaimRef: 'INV', documentType: 'Letter' },
      { name: 'Über.pdf' },
      { query: '?minorVersion=7' },
    )
    const [event] = await eventsOf('event.file.uploaded')
    const [file] = await rowsOf('file')
    expect(event).toMatchObject({
      data: {
        accountReference: 'ACC',
        claimRef: 'INV',
        receeveClaimRef: 'INV-2026-01-31',
        externalDebtorRef: 'D',
        documentType: 'Letter',
        fileId: file!['file_id'],
        fileName: 'Über.pdf',
        contentType: 'application/pdf',
        size: pdf.length,
      },
      metadata: { originator: 'ClientAPI', minorVersion: '7', commandId: file!['file_id'] },
    })
    await polledEvents(tenant, { eventType: 'event.file.uploaded', date: '2026-03-10', count: 1 })
  })

  test('happens on the day that it is for a tenant whose test clock is ahead', async () => {
    await advance(10)
    const [[, answer]] = Object.entries((await upload(product)).body) as [[string, Loose]]
    expect(answer.success).toBe(true)
    const { events } = await polledEvents(tenant, {
      eventType: 'event.file.uploaded',
      date: '2026-03-20',
      count: 1,
    })
    expect(events[0]).toMatchObject({ details: { fileId: answer.messageIds[0] } })
    const [file] = await rowsOf('file')
    expect(file!['uploaded_at']).toEqual(new Date('2026-03-20T12:00:00.000Z'))
  })

  test('fires its trigger for the claim, or for the active claims of the account (D-20)', async () => {
    await upload({ accountId: 'ACC', externalClaimRef: 'INV' }, {}, { query: '?triggerName=one' })
    await upload(product, {}, { query: '?triggerName=all' })
    await upload({ accountId: 'NONE', productReference: 'P' }, {}, { query: '?triggerName=none' })
    const fired = await eventsOf('event.customClaimTrigger.executed')
    expect(fired.map(({ data }) => data)).toEqual(
      ['one', 'all'].map((triggerName) => ({
        claimRef: 'INV',
        receeveClaimRef: 'INV-2026-01-31',
        accountReference: 'ACC',
        externalDebtorRef: 'D',
        triggerName,
        triggerContext: {},
      })),
    )
  })

  test('keeps the same bytes once, however many files they are', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => upload(product)))
    for (const { body } of answers) expect(body.ACC).toMatchObject({ success: true })
    expect(await rowsOf('file')).toHaveLength(8)
    expect(await blobsOf()).toHaveLength(1)
    expect(await rowsOf('file_blob')).toMatchObject([{ needed_until: null }])
  })
})

describe('upload_files answers 200 without success and keeps nothing for', () => {
  test.each<[what: string, fields: Record<string, string>, message: string]>([
    [
      'an unknown account (D-99)',
      { accountId: 'NONE', productReference: 'P' },
      '[4004] ParameterInputError: Account not found',
    ],
    [
      'an unknown claim',
      { accountId: 'ACC', externalClaimRef: 'NONE' },
      '[4003] ParameterInputError: Claim not found',
    ],
    [
      'a claim of another account',
      { accountId: 'ACC', externalClaimRef: 'CLAIM' },
      '[4003] ParameterInputError: Claim not found',
    ],
    [
      'a deleted claim',
      { accountId: 'D', externalClaimRef: 'CLAIM-DELETED' },
      '[4011] ParameterInputError: Claim is deleted',
    ],
    [
      'an unknown product',
      { accountId: 'ACC', productReference: 'NONE' },
      '[4006] ParameterInputError: Product not found',
    ],
  ])('%s', async (_what, fields, message) => {
    const answer = await upload(fields, {}, { headers: { 'idempotency-key': 'k' } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      [fields['accountId']!]: { success: false, messages: [message], messageIds: [] },
    })
    await expectNothing()
  })

  test('what only another tenant has', async () => {
    const other = await it.tenant()
    const answer = await upload(product, {}, { who: other })
    expect(answer.body.ACC).toMatchObject({ success: false })
    await expectNothing(other)
  })
})

/** Each is refused as a whole, in both published shapes (D-12), and leaves nothing. */
async function expectRefused(
  sent: Promise<Answer<Loose>>,
  { status = 400, message }: { status?: number; message?: string | RegExp } = {},
): Promise<void> {
  const { status: given, body } = await sent
  expect({ given, body }).toMatchObject({ given: status, body: { success: false, messageIds: [] } })
  expect(body.messages).toEqual([body.message])
  if (message !== undefined) expect(body.message).toEqual(expect.stringMatching(message))
  await expectNothing()
}

describe('upload_files refuses', () => {
  const oneOf = /^body should match exactly one schema in oneOf$/

  test.each<[what: string, fields: Fields, message: RegExp]>([
    ['neither claim nor product', { accountId: 'ACC' }, oneOf],
    ['both', { ...product, externalClaimRef: 'INV' }, oneOf],
    ['the product twice', { ...product, ProductReference: 'P' }, oneOf],
    ['no account', { productReference: 'P' }, /required property 'accountId'$/],
    ['an empty account', { ...product, accountId: '' }, /fewer than 1 char/],
    ['a long account', { ...product, accountId: 'x'.repeat(256) }, /more than 255 char/],
    ['a long documentType', { ...product, documentType: 'x'.repeat(256) }, /more than 255 char/],
    ['NUL in a field', { ...product, documentType: 'a\0b' }, /contain NUL/],
    ['a field twice', [...Object.entries(product), ['accountId', 'ACC']], /twice/],
    [
      '100 fields',
      [
        ...Object.entries(product),
        ...Array.from({ length: 100 }, (_, index): [string, string] => [`f${index}`, 'x']),
      ],
      /more than 20 fields/,
    ],
    ['a huge field', { ...product, documentType: 'x'.repeat(2_000_000) }, /longer than 4000/],
    ['a huge field name', { ...product, ['x'.repeat(1_000)]: 'x' }, /names longer than 100/],
    ['a field name beyond all headers', { ...product, ['x'.repeat(100_000)]: 'x' }, /names longer/],
    ['the name of what every object has', { ...product, constructor: 'x' }, /./],
    ['__proto__', [...Object.entries(product), ['__proto__', 'x']], /./],
  ])('%s', async (_what, fields, message) => {
    await expectRefused(upload(fields), { message })
  })

  test.each<[what: string, files: FilePart[], message: RegExp]>([
    ['no file', [], /required property 'file'/],
    ['two files', [{}, {}], /more than 1 file/],
    ['a file in another field', [{ field: 'accountId' }], /have its file in 'file'/],
    ['an empty file', [{ bytes: '' }], /The file is empty/],
    ['a program', [{ name: 'a.exe', bytes: 'MZ' }], /not accepted/],
    ['a page', [{ name: 'a.html', type: 'text/html', bytes: '<html>' }], /not accepted/],
    ['a page by another name', [{ bytes: '<html><script>' }], /not accepted/],
    ['a picture with scripts', [{ name: 'a.svg', bytes: '<svg/>' }], /not accepted/],
    ['what is not what it is called', [{ name: 'a.png', type: 'image/png' }], /is not what/],
  ])('%s', async (_what, files, message) => {
    await expectRefused(send(formOf(product, files)), { message })
  })

  test('a file field that is text', async () => {
    await expectRefused(send(formOf({ ...product, file: 'x' }, [])), { message: /'file'/ })
  })

  test('a JSON body, no body and another content type', async () => {
    const json = { 'content-type': 'application/json' }
    await expectRefused(send(JSON.stringify(product), { headers: json }), {
      message: /multipart\/form-data/,
    })
    await expectRefused(send('{', { headers: json }))
    await expectRefused(send('', {}))
    await expectRefused(send('a=b', { headers: { 'content-type': 'text/plain' } }))
  })

  test('a body without a boundary, with another one, or that ends too soon', async () => {
    const whole = formOf(product)
    const types = ['multipart/form-data', 'multipart/form-data; boundary=', `${multipart}x`]
    for (const type of types) {
      await expectRefused(send(whole, { headers: { 'content-type': type } }))
    }
    for (const length of [1, 20, 200, whole.length - 60, whole.length - 12]) {
      await expectRefused(send(whole.subarray(0, length)))
    }
    await expectRefused(send(Buffer.alloc(100_000, '\r\n--')))
  })

  test('nothing because of parts that name no field: they are unknown ones, whatever their size', async () => {
    const unnamed = [
      `--${boundary}\r\n${'X-A: b\r\n'.repeat(50_000)}\r\n\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data\r\n\r\nx\r\n`,
      `--${boundary}\r\n\r\nx\r\n`,
    ]
    for (const part of unnamed) {
      const answer = await send(Buffer.concat([Buffer.from(part), formOf(product)]))
      expect(answer.body.ACC).toMatchObject({ success: true })
    }
  })

  test('more than 25 MB, told of at once or found out, and takes exactly so much (D-99)', async () => {
    const text = { name: 'a.txt', type: 'text/plain' }
    const more = formOf(product, [{ ...text, bytes: Buffer.alloc(fileBytesMax + 1, 'a') }])
    await expectRefused(send(more), { status: 413, message: /larger than 25 MB/ })
    const tooMuch = formOf(product, [{ ...text, bytes: Buffer.alloc(fileBytesMax * 2, 'a') }])
    await expectRefused(send(tooMuch), { status: 413, message: /larger than 25 MB/ })
    const exact = formOf(product, [{ ...text, bytes: Buffer.alloc(fileBytesMax, 'a') }])
    expect((await send(exact)).body.ACC).toMatchObject({ success: true })
  })

  test('the path of another tenant and a caller without a token', async () => {
    const other = await it.tenant()
    for (const prefix of ['/v1', '/files/v1']) {
      const url = `${prefix}/${other.tenantId}/upload_files`
      const request = { method: 'POST' as const, url, headers: { 'content-type': multipart } }
      const payload = formOf(product)
      expect(await tenant.call({ ...request, payload })).toMatchObject({
        status: 403,
        body: { message: 'Forbidden' },
      })
      expect((await it.inject({ ...request, payload })).status).toBe(400)
    }
    await expectNothing()
    await expectNothing(other)
  })

  test('an unknown path beside it with 403 (D-5), and bad parameters with 400', async () => {
    const url = `/files/v1/${tenant.tenantId}/create_accounts`
    expect(await tenant.call({ method: 'POST', url, payload: {} })).toMatchObject({
      status: 403,
      body: { message: 'Missing Authentication Token' },
    })
    await expectRefused(upload(product, {}, { query: '?triggerName=' }))
    await expectRefused(upload(product, {}, { prefix: '/files/v1', query: '?triggerName=%zz' }))
  })
})

describe('a hostile file name', () => {
  test.each([
    ['../../../../etc/passwd.pdf', 'passwd.pdf'],
    [String.raw`..\\..\\windows\\x.pdf`, 'x.pdf'],
    ['/etc/x.pdf', 'x.pdf'],
    ['a\0b.pdf', /^a.?b\.pdf$/],
    ['Zahlung-ü-🏦.pdf', 'Zahlung-ü-🏦.pdf'],
    [`${'x'.repeat(5_000)}.pdf`, /^x+\.pdf$/],
  ])('%j becomes no path and no header of its own', async (name, kept) => {
    const answer = await upload(product, { name })
    expect(answer.body.ACC).toMatchObject({ success: true })
    const { body } = await list()
    expect(body.items[0].fileName).toEqual(expect.stringMatching(kept))
    const sha256 = createHash('sha256').update(pdf).digest('hex')
    expect(await blobsOf()).toEqual([sha256])
    const { headers } = await content(answer.body.ACC.messageIds[0])
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="[^"\\%\r\n]+"; filename\*=UTF-8''[\w%.!~-]+$/,
    )
  })
})

describe('an Idempotency-Key on an upload', () => {
  const keyed = { headers: { 'idempotency-key': 'k' } }

  test('answers the first answer again on either path and keeps one file', async () => {
    const first = await upload(product, {}, keyed)
    const again = await upload(product, {}, { ...keyed, prefix: '/files/v1' })
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(again.body).toEqual(first.body)
    // Another boundary and order of parts are the same request.
    const file = formOf({}, [{}], '')
    const reordered = Buffer.concat([file, formOf(product, [])]).toString('latin1')
    const other = Buffer.from(reordered.replaceAll(boundary, 'OTHER'), 'latin1')
    const type = { 'content-type': 'multipart/form-data; boundary=OTHER' }
    const third = await send(other, { headers: { ...keyed.headers, ...type } })
    expect(third.body).toEqual(first.body)
    expect(await rowsOf('file')).toHaveLength(1)
    expect(await eventsOf('event.file.uploaded')).toHaveLength(1)
  })

  test('refuses another file, name or field under the same key with 422', async () => {
    await upload(product, {}, keyed)
    const others = [
      upload(product, { bytes: Buffer.concat([pdf, pdf]) }, keyed),
      upload(product, { name: 'other.pdf' }, keyed),
      upload({ ...product, documentType: 'x' }, {}, keyed),
      upload({ accountId: 'ACC', externalClaimRef: 'INV' }, {}, keyed),
    ]
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(422)
    expect(await rowsOf('file')).toHaveLength(1)
    expect(await blobsOf()).toHaveLength(1)
  })
})

describe('a blob that no file names', () => {
  const store = () => createDiskStores(path.join(it.assembly.services.config.dataDir, 'files'))
  const sweep = (stores = store()) => {
    const { db, log, clocks } = it.assembly.services
    const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
    return sweepBlobs({ db, stores, log, clock: () => it.now, nowOf })
  }
  /** What a process leaves that dies between storing the blob and committing the file. */
  async function crash(): Promise<void> {
    const pool = it.database.ownerPool
    await pool.query('alter table quittance.file add constraint crash check (false) not valid')
    try {
      const answer = await upload(product, {}, { headers: { 'idempotency-key': 'k' } })
      expect(answer).toMatchObject({ status: 500, body: { message: 'Internal server error' } })
    } finally {
      await pool.query('alter table quittance.file drop constraint crash')
    }
    expect(await rowsOf('file')).toEqual([])
    expect(await blobsOf()).toHaveLength(1)
  }
  const later = (hours: number) => {
    it.now = new Date(it.now.getTime() + hours * 3_600_000)
  }

  test('is removed after 24 hours, not before, and its key is free meanwhile', async () => {
    await crash()
    expect(await rowsOf('idempotent_request')).toEqual([])
    later(23)
    await sweep()
    expect(await blobsOf()).toHaveLength(1)
    later(2)
    await sweep()
    expect(await blobsOf()).toEqual([])
    expect(await rowsOf('file_blob')).toEqual([])
  })

  test('is removed a day later by the clock of its tenant, which may be ahead', async () => {
    await advance(10)
    await crash()
    later(23)
    await sweep()
    expect(await blobsOf()).toHaveLength(1)
    later(2)
    await sweep()
    expect(await blobsOf()).toEqual([])
  })

  test('stays for good when the same bytes are uploaded again', async () => {
    await crash()
    expect((await upload(product)).body.ACC).toMatchObject({ success: true })
    later(1_000)
    await sweep()
    expect(await blobsOf()).toHaveLength(1)
    expect(await rowsOf('file_blob')).toHaveLength(1)
  })

  test('is stored anew by an upload that comes while the sweep removes it', async () => {
    await crash()
    later(25)
    tenant = { ...tenant, ...(await renewed()) }
    const stores = store()
    let uploading: Promise<Answer<Loose>> | undefined
    const slow = {
      ...stores,
      of: (tenantId: string) => ({
        ...stores.of(tenantId),
        async delete(key: string) {
          uploading = upload(product)
          // The upload waits for the row that the sweep holds.
          await expect.poll(waiting, { timeout: 10_000 }).toBe(1)
          await stores.of(tenantId).delete(key)
        },
      }),
    }
    await sweep(slow)
    expect((await uploading)?.body.ACC).toMatchObject({ success: true })
    expect(await blobsOf()).toHaveLength(1)
    const [file] = (await rowsOf('file')) as [Record<string, Loose>]
    expect((await content(file['file_id'])).status).toBe(200)
  })

  async function waiting(): Promise<number> {
    const { rows } = await it.database.ownerPool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows[0]!.n
  }

  async function renewed(): Promise<Pick<TestTenant, 'call'>> {
    const { clientId, clientSecret } = tenant.oauth
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const granted = await it.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
    })
    const authorization = `Bearer ${granted.body.access_token}`
    return {
      call: (request) => it.inject({ ...request, headers: { ...request.headers, authorization } }),
    }
  }
})

describe('the files of our own door', () => {
  test('are listed by pages, the newest first, of one account of one tenant', async () => {
    for (let number = 1; number <= 5; number += 1) {
      await upload(product, { name: `${number}.pdf` })
    }
    await upload({ accountId: 'D', externalClaimRef: 'CLAIM' }, { name: 'other.pdf' })
    const names: string[] = []
    let cursor = ''
    for (let page = 0; page < 3; page += 1) {
      const { body } = await list(`accountReference=ACC&limit=2${cursor}`)
      names.push(...body.items.map((item: { fileName: string }) => item.fileName))
      cursor = `&cursor=${body.nextCursor}`
      expect(body.nextCursor === null).toBe(page === 2)
    }
    expect(names).toEqual(['5.pdf', '4.pdf', '3.pdf', '2.pdf', '1.pdf'])
    const other = await it.tenant()
    expect(await list('accountReference=ACC', other)).toMatchObject({
      status: 404,
      body: { code: 'account_not_found' },
    })
    await seedBooks(other)
    expect((await list('accountReference=ACC', other)).body.items).toEqual([])
  })

  test('refuse queries that they do not understand', async () => {
    for (const query of [
      '',
      'accountReference=',
      'accountReference=ACC&limit=0',
      'accountReference=ACC&limit=201',
      'accountReference=ACC&cursor=x',
      'accountReference=ACC&cursor=%00',
      `accountReference=${'x'.repeat(256)}`,
    ]) {
      expect({ query, ...(await list(query)) }).toMatchObject({ query, status: 400 })
    }
    expect((await list('accountReference=NONE')).status).toBe(404)
  })

  test('are given as attachments that nothing shows, runs or guesses at', async () => {
    const answer = await upload(product, { name: 'Zahlung ü.pdf' })
    const fileId = answer.body.ACC.messageIds[0]
    const url = `/q/v1/files/${fileId}/content`
    const response = await it.assembly.app.inject({
      method: 'GET',
      url,
      headers: { authorization: `Bearer ${tenant.token}` },
    })
    expect(response.statusCode).toBe(200)
    expect(response.rawPayload).toEqual(pdf)
    expect(response.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(pdf.length),
      'content-disposition': `attachment; filename="Zahlung _.pdf"; filename*=UTF-8''Zahlung%20%C3%BC.pdf`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': `default-src 'none'; sandbox`,
      'cache-control': 'private, no-store',
    })
  })

  test('of another tenant are not found, nor are those that nobody has', async () => {
    const answer = await upload(product)
    const fileId = answer.body.ACC.messageIds[0]
    const other = await it.tenant()
    for (const [id, who] of [
      [fileId, other],
      ['0190a8c1-0000-7000-8000-000000000001', tenant],
    ] as const) {
      expect(await content(id, who)).toMatchObject({
        status: 404,
        body: { code: 'file_not_found' },
      })
    }
    for (const id of ['x', '..%2f..%2fetc', '%00']) expect((await content(id)).status).toBe(400)
    expect((await it.inject({ url: `/q/v1/files/${fileId}/content` })).status).toBe(400)
  })

  test('whose bytes are gone are a fault of ours that tells nothing', async () => {
    const answer = await upload(product)
    const [sha256] = await blobsOf()
    const { dataDir } = it.assembly.services.config
    await createDiskStores(path.join(dataDir, 'files')).of(tenant.tenantId).delete(sha256!)
    const { status, body, headers } = await content(answer.body.ACC.messageIds[0])
    expect({ status, body }).toMatchObject({ status: 500, body: { code: 'internal_error' } })
    expect(JSON.stringify(body)).not.toContain(dataDir)
    expect(headers['content-type']).toContain('application/problem+json')
    expect(headers['content-disposition']).toBeUndefined()
  })
})

describe('over a real socket', () => {
  /** Sends the head and as much of the body, then hangs up or waits for the answer. */
  async function overSocket(
    body: Buffer,
    { length, hangsUp }: { length: number; hangsUp: boolean },
  ): Promise<string> {
    const url = new URL(
      it.assembly.app.server.listening
        ? `http://127.0.0.1:${(it.assembly.app.server.address() as { port: number }).port}`
        : await it.assembly.app.listen({ host: '127.0.0.1', port: 0 }),
    )
    return new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(Number(url.port), url.hostname, () => {
        socket.write(
          `POST /v1/${tenant.tenantId}/upload_files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tenant.token}\r\n` +
            `Content-Type: ${multipart}\r\nContent-Length: ${length}\r\n\r\n`,
        )
        socket.write(body, () => hangsUp && socket.destroy())
      })
      socket.on('data', (chunk) => {
        text += chunk.toString()
        if (text.includes('"message"')) socket.end()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
    })
  }

  test('an upload whose caller hangs up leaves nothing', async () => {
    const whole = formOf(product)
    await overSocket(whole.subarray(0, whole.length - 30), {
      length: whole.length,
      hangsUp: true,
    })
    // The next request is answered after the broken one was given up.
    await expectRefused(upload({ accountId: 'ACC' }))
  })

  test('a caller who sends too much comes to read why', async () => {
    const body = formOf(product, [{ bytes: Buffer.alloc(fileBytesMax + 1_000_000, 'a') }])
    const answer = await overSocket(body, { length: body.length, hangsUp: false })
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('larger than 25 MB')
    await expectNothing()
  })
})
