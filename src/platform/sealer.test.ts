import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from './config.ts'
import { createSealer, loadSecretKey, SealError, secretKeyFile } from './sealer.ts'

const sealer = createSealer(Buffer.alloc(32, 1))
const secret = Buffer.from('a secret')

describe('a sealer', () => {
  it('opens what it sealed, in the same context', () => {
    expect(sealer.open(sealer.seal(secret, 'here'), 'here')).toEqual(secret)
    expect(sealer.open(sealer.seal(Buffer.alloc(0), ''), '')).toEqual(Buffer.alloc(0))
  })

  it('never seals the same way twice', () => {
    expect(sealer.seal(secret, 'here')).not.toEqual(sealer.seal(secret, 'here'))
  })

  it('refuses another context, another key and any changed byte', () => {
    const sealed = sealer.seal(secret, 'here')
    expect(() => sealer.open(sealed, 'there')).toThrow(SealError)
    expect(() => createSealer(Buffer.alloc(32, 2)).open(sealed, 'here')).toThrow(SealError)
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => sealer.open(changed, 'here')).toThrow(SealError)
    }
    expect(() => sealer.open(sealed.subarray(0, 20), 'here')).toThrow(SealError)
    expect(() => createSealer(Buffer.alloc(16))).toThrow(SealError)
  })
})

describe('the secret key', () => {
  let dataDir = ''
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'quittance-key-'))
  })
  afterEach(() => rm(dataDir, { recursive: true }))

  it('is the one that was given', async () => {
    const secretKey = Buffer.alloc(32, 3)
    expect(await loadSecretKey({ secretKey, dataDir })).toBe(secretKey)
    await expect(stat(secretKeyFile(dataDir))).rejects.toThrow('ENOENT')
  })

  it('is made once, for its owner only, however many ask at once', async () => {
    const nested = path.join(dataDir, 'not', 'there', 'yet')
    const config = { secretKey: undefined, dataDir: nested }
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadSecretKey(config)))
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1)
    const file = secretKeyFile(nested)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(Buffer.from(await readFile(file, 'utf8'), 'base64')).toEqual(keys[0])
  })

  it('is not replaced when its file is spoilt', async () => {
    await writeFile(secretKeyFile(dataDir), 'spoilt')
    await expect(loadSecretKey({ secretKey: undefined, dataDir })).rejects.toThrow(ConfigError)
  })
})
