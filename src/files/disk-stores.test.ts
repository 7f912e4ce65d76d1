import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDiskStores } from './disk-stores.ts'

const tenant = '0190a8c1-0000-7000-8000-000000000001'
const other = '0190a8c1-0000-7000-8000-000000000002'
const keyOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const limits = { maxBytes: 1_000_000 }

let root: string
beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'quittance-blobs-')), 'files')
})
afterEach(() => rm(path.dirname(root), { recursive: true, force: true }))

async function filesIn(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
}

describe('the disk', () => {
  test('keeps a blob under its hash, apart for each tenant, for its owner only', async () => {
    const bytes = randomBytes(300_000)
    const key = keyOf(bytes)
    const stores = createDiskStores(root)
    const stream = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)])
    expect(await stores.of(tenant).put(stream, limits)).toEqual({ key, size: 300_000 })
    expect(await filesIn(root)).toEqual([path.join(tenant, key.slice(0, 2), key.slice(2, 4), key)])
    const { mode } = await stat(path.join(root, tenant, key.slice(0, 2), key.slice(2, 4), key))
    expect(mode & 0o777).toBe(0o600)
    expect(await buffer(await stores.of(tenant).open(key))).toEqual(bytes)
    await expect(stores.of(other).open(key)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('takes the same bytes again, and mends a blob that was damaged meanwhile', async () => {
    const bytes = Buffer.from('twice')
    const store = createDiskStores(root).of(tenant)
    const { key } = await store.put(Readable.from([bytes]), limits)
    await writeFile(path.join(root, tenant, key.slice(0, 2), key.slice(2, 4), key), 'damaged')
    await store.put(Readable.from([bytes]), limits)
    expect(await buffer(await store.open(key))).toEqual(bytes)
    expect(await filesIn(root)).toHaveLength(1)
  })

  test('takes the same bytes ten times at once', async () => {
    const store = createDiskStores(root).of(tenant)
    const bytes = randomBytes(50_000)
    await Promise.all(Array.from({ length: 10 }, () => store.put(Readable.from([bytes]), limits)))
    expect(await filesIn(root)).toHaveLength(1)
    expect(await buffer(await store.open(keyOf(bytes)))).toEqual(bytes)
  })

  test('refuses more than the limit and keeps nothing of it', async () => {
    const store = createDiskStores(root).of(tenant)
    const exact = await store.put(Readable.from([Buffer.alloc(10)]), { maxBytes: 10 })
    expect(exact.size).toBe(10)
    await store.delete(exact.key)
    const over = Readable.from([Buffer.alloc(6), Buffer.alloc(5)])
    await expect(store.put(over, { maxBytes: 10 })).rejects.toMatchObject({
      code: 'file_too_large',
    })
    expect(await filesIn(root)).toEqual([])
  })

  test('keeps nothing of a stream that breaks', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        throw new Error('broken')
      })(),
    )
    await expect(createDiskStores(root).of(tenant).put(broken, limits)).rejects.toThrow('broken')
    expect(await filesIn(root)).toEqual([])
  })

  test('removes a blob once, and a second time without complaint', async () => {
    const store = createDiskStores(root).of(tenant)
    const { key } = await store.put(Readable.from([Buffer.from('x')]), limits)
    await store.delete(key)
    await store.delete(key)
    await expect(store.open(key)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('makes no path of what is no hash and no tenant', async () => {
    const stores = createDiskStores(root)
    for (const key of ['../../x', '', 'A'.repeat(64), `${'a'.repeat(63)}/`, 'a'.repeat(65)]) {
      await expect((async () => stores.of(tenant).open(key))()).rejects.toThrow('named by its hash')
      await expect((async () => stores.of(tenant).delete(key))()).rejects.toThrow(
        'named by its hash',
      )
    }
    for (const id of ['..', '', 'x/y']) expect(() => stores.of(id)).toThrow('named by its id')
  })

  test('removes what a dead upload left, and leaves what is being written', async () => {
    const incoming = path.join(root, 'incoming')
    const stores = createDiskStores(root)
    await stores.removeLeftovers(new Date())
    await mkdir(incoming, { recursive: true })
    await writeFile(path.join(incoming, 'old'), 'x')
    await writeFile(path.join(incoming, 'new'), 'x')
    await utimes(path.join(incoming, 'old'), new Date('2026-01-01'), new Date('2026-01-01'))
    await stores.removeLeftovers(new Date('2026-01-02'))
    expect(await readdir(incoming)).toEqual(['new'])
  })
})
