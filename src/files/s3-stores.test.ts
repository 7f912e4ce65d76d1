import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FakeS3, startFakeS3 } from '../../test/fake-s3.ts'
import { createS3Stores } from './s3-stores.ts'

const tenant = '0190a8c1-0000-7000-8000-000000000001'
const other = '0190a8c1-0000-7000-8000-000000000002'
const keys = { region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret/key+x' }
const limits = { maxBytes: 1_000_000 }

let s3: FakeS3
let warnings: unknown[]
beforeAll(async () => {
  s3 = await startFakeS3(keys)
})
afterAll(() => s3.close())
beforeEach(() => {
  s3.objects.clear()
  s3.seen.length = 0
  s3.failures.length = 0
  warnings = []
})

const stores = (more: Partial<typeof keys & { endpoint: string }> = {}) =>
  createS3Stores({ kind: 's3', endpoint: s3.endpoint, bucket: 'files', ...keys, ...more }, {
    warn: (...told: unknown[]) => void warnings.push(told),
  } as never)
const put = (bytes: Buffer) =>
  stores()
    .of(tenant)
    .put(Readable.from([bytes]), limits)

describe('S3', () => {
  test('keeps a blob under its hash, apart for each tenant, by requests that are signed', async () => {
    const bytes = randomBytes(300_000)
    const key = createHash('sha256').update(bytes).digest('hex')
    expect(await put(bytes)).toEqual({ key, size: 300_000 })
    expect([...s3.objects.keys()]).toEqual([
      `/files/${tenant}/${key.slice(0, 2)}/${key.slice(2, 4)}/${key}`,
    ])
    expect(await buffer(await stores().of(tenant).open(key))).toEqual(bytes)
    await expect(stores().of(other).open(key)).rejects.toThrow('S3 answered GET with 404')
    await stores().of(tenant).delete(key)
    await stores().of(tenant).delete(key)
    expect(s3.objects.size).toBe(0)
    expect(s3.seen).toEqual(['PUT 200', 'GET 200', 'GET 404', 'DELETE 204', 'DELETE 204'])
  })

  test('refuses more than the limit before anything is sent', async () => {
    const over = Readable.from([Buffer.alloc(6), Buffer.alloc(5)])
    await expect(stores().of(tenant).put(over, { maxBytes: 10 })).rejects.toMatchObject({
      code: 'file_too_large',
    })
    expect(s3.seen).toEqual([])
  })

  test('with a wrong key is a fault of the settings, which names no secret', async () => {
    const wrong = stores({ secretAccessKey: 'wrong' }).of(tenant)
    const failed = wrong.put(Readable.from([Buffer.from('x')]), limits)
    await expect(failed).rejects.toThrow('S3 answered PUT with 403: SignatureDoesNotMatch')
    expect(s3.objects.size).toBe(0)
  })

  test('is asked again when it fails for a moment', async () => {
    s3.failures.push(503, 500)
    await put(Buffer.from('x'))
    expect(s3.seen).toEqual(['PUT 503', 'PUT 500', 'PUT 200'])
    expect(warnings).toEqual([])
  })

  test('that goes on failing, or does not answer at all, is unavailable', async () => {
    const unavailable = { code: 'storage_unavailable', kind: 'unavailable' }
    s3.failures.push(503, 503, 503)
    await expect(put(Buffer.from('x'))).rejects.toMatchObject(unavailable)
    const gone = await startFakeS3(keys)
    await gone.close()
    const nobody = stores({ endpoint: gone.endpoint }).of(tenant)
    await expect(nobody.open('a'.repeat(64))).rejects.toMatchObject(unavailable)
    expect(warnings).toHaveLength(2)
    expect(JSON.stringify(warnings)).not.toContain(keys.secretAccessKey)
  })

  test('makes no address of what is no hash and no tenant', async () => {
    await expect((async () => stores().of(tenant).open('../x'))()).rejects.toThrow(
      'named by its hash',
    )
    expect(() => stores().of('../x')).toThrow('named by its id')
    expect(s3.seen).toEqual([])
  })
})
