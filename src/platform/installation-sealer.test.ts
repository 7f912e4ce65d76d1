import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { ConfigError } from './config.ts'
import { checkSealer, openSealer } from './installation-sealer.ts'
import { createTokenService } from '../identity/index.ts'
import { createSealer, loadSecretKey, secretKeyFile } from './sealer.ts'

let database: TestDatabase
let here: { secretKey: undefined; dataDir: string }
let elsewhere: typeof here

const place = async () => ({
  secretKey: undefined,
  dataDir: await mkdtemp(path.join(os.tmpdir(), 'quittance-key-')),
})

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.ownerPool.query('delete from quittance.seal_check')
  here = await place()
  elsewhere = await place()
})
afterEach(async () => {
  for (const { dataDir } of [here, elsewhere]) await rm(dataDir, { recursive: true })
})

describe('the sealer of an installation', () => {
  it('opens what another process with the same key sealed', async () => {
    const [first, second] = await Promise.all([
      openSealer(here, database.ownerPool),
      openSealer(here, database.ownerPool),
    ])
    const sealed = first.seal(Buffer.from('a secret'), 'x')
    expect(second.open(sealed, 'x')).toEqual(Buffer.from('a secret'))
    await expect(checkSealer(here, database.ownerPool)).resolves.toBeUndefined()
  })

  it('is refused to a process elsewhere, which makes no key of its own', async () => {
    await openSealer(here, database.ownerPool)
    const file = secretKeyFile(elsewhere.dataDir)
    await expect(openSealer(elsewhere, database.ownerPool)).rejects.toThrow(
      `sealed with a key, and ${file} is not there`,
    )
    await expect(checkSealer(elsewhere, database.ownerPool)).rejects.toThrow(ConfigError)
    // Still none.
    await expect(openSealer(elsewhere, database.ownerPool)).rejects.toThrow('is not there')
  })

  it('is refused to a process with another key', async () => {
    await openSealer(here, database.ownerPool)
    const file = secretKeyFile(elsewhere.dataDir)
    await writeFile(file, Buffer.alloc(32, 7).toString('base64'))
    await expect(openSealer(elsewhere, database.ownerPool)).rejects.toThrow(
      `sealed with another key than ${file}`,
    )
    const given = { ...elsewhere, secretKey: Buffer.alloc(32, 8) }
    await expect(openSealer(given, database.ownerPool)).rejects.toThrow(
      'another key than QUITTANCE_SECRET_KEY',
    )
  })

  it('of a database from before there was a proof is asked for with the key of its signing keys', async () => {
    const old = createSealer(await loadSecretKey(here))
    const log = { info: () => {}, warn: () => {} }
    const { db } = database
    await createTokenService({ db, sealer: old, issuer: 'x', now: () => new Date(), log })
    const file = secretKeyFile(elsewhere.dataDir)
    await expect(openSealer(elsewhere, database.ownerPool)).rejects.toThrow(`${file} is not there`)
    await loadSecretKey(elsewhere)
    await expect(openSealer(elsewhere, database.ownerPool)).rejects.toThrow(
      `sealed with another key than ${file}`,
    )
    await openSealer(here, database.ownerPool)
    await database.ownerPool.query('delete from quittance.signing_key')
  })

  it('is that of one key, also when two with different keys come first at once', async () => {
    const opened = await Promise.allSettled([
      openSealer({ ...here, secretKey: Buffer.alloc(32, 1) }, database.ownerPool),
      openSealer({ ...elsewhere, secretKey: Buffer.alloc(32, 2) }, database.ownerPool),
    ])
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})
