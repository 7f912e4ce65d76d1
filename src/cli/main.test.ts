import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { createTokenService } from '../identity/index.ts'
import { createSealer, loadSecretKey } from '../platform/sealer.ts'
import type { Check } from './doctor-check.ts'
import { runCli } from './main.ts'

let database: TestDatabase
let dataDir: string
const printed = { out: '', err: '' }

beforeAll(async () => {
  database = await testDatabase()
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'quittance-cli-'))
})
afterAll(async () => {
  await database.close()
  await rm(dataDir, { recursive: true })
})
beforeEach(() => {
  printed.out = ''
  printed.err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

async function quittance(...words: string[]): Promise<void> {
  const place = ['--database-url', databaseUrl(database.connection), '--data-dir', dataDir]
  await runCli(['node', 'quittance', ...words, ...place])
}

interface Created {
  tenantId: string
  name: string
  oauth: { clientId: string; clientSecret: string }
}

async function tokens() {
  const sealer = createSealer(await loadSecretKey({ secretKey: undefined, dataDir }))
  const log = { info: () => {}, warn: () => {} }
  return createTokenService({ db: database.db, sealer, issuer: 'x', now: () => new Date(), log })
}

describe('quittance tenant create', () => {
  it('prints one JSON object with credentials that work', async () => {
    await quittance('tenant', 'create', '--name', 'Acme', '--sandbox', '--json')
    expect(printed.out.trim().split('\n')).toHaveLength(1)
    const created = JSON.parse(printed.out) as Created
    expect(Object.keys(created).join()).toBe('tenantId,name,oauth,wallee,crmcom,payofin')
    expect(created.name).toBe('Acme')
    const service = await tokens()
    const { clientId, clientSecret } = created.oauth
    const token = await service.issueToken(clientId, clientSecret)
    expect(await service.verifyToken(token!.access_token)).toEqual({
      tenantId: created.tenantId,
      clientId,
    })
  })

  it('prints the same to be read by a person', async () => {
    await quittance('tenant', 'create', '--name', 'Bakery')
    expect(printed.out).toContain('Bakery is open')
    expect(printed.out).toMatch(/OAuth client secret +[\w-]{43}\n/)
  })

  it('says in one line what is wrong with the name', async () => {
    await quittance('tenant', 'create', '--name', ' ')
    expect(printed.err).toBe('Failed: A tenant is named by 1 to 200 characters\n')
    expect(process.exitCode).toBe(1)
  })
})

describe('where another key than that of the database lies', () => {
  const elsewhere = async (...words: string[]) => {
    const place = ['--database-url', databaseUrl(database.connection)]
    await runCli(['node', 'quittance', ...words, ...place, '--data-dir', path.join(dataDir, 'not')])
  }

  it('opens no tenant whose secrets no server could read', async () => {
    await quittance('tenant', 'create', '--name', 'First')
    const before = await database.ownerPool.query('select from quittance.tenant')
    await elsewhere('tenant', 'create', '--name', 'Far', '--json')
    expect(printed.err).toContain('The secrets of this database are sealed with a key, and ')
    expect(printed.err).toContain('Name the --data-dir of the server')
    expect(process.exitCode).toBe(1)
    const after = await database.ownerPool.query('select from quittance.tenant')
    expect(after.rowCount).toBe(before.rowCount)
  })

  it('is found by the doctor', async () => {
    await elsewhere('doctor', '--json')
    const { checks } = JSON.parse(printed.out) as { checks: Check[] }
    expect(checks.filter((check) => !check.isOk).map(({ name }) => name)).toEqual([
      'sealed secrets',
    ])
  })
})

describe('quittance keys rotate', () => {
  it('lets a new key sign', async () => {
    const service = await tokens()
    await quittance('keys', 'rotate', '--json')
    const { keyId } = JSON.parse(printed.out) as { keyId: string }
    const fresh = await tokens()
    const { keys } = await fresh.jwks()
    expect(keys[0]?.kid).toBe(keyId)
    expect(keys).toHaveLength((await service.jwks()).keys.length + 1)
  })
})

describe('quittance doctor', () => {
  async function doctor(): Promise<Check[]> {
    await quittance('doctor', '--json')
    return (JSON.parse(printed.out) as { checks: Check[] }).checks
  }

  it('finds nothing wrong with a new installation', async () => {
    expect((await doctor()).filter((check) => !check.isOk)).toEqual([])
    expect(process.exitCode).toBeUndefined()
  })

  it('prints a line for each check', async () => {
    await quittance('doctor')
    const names = printed.out
      .trim()
      .split('\n')
      .map((line) => line.replace(/:.*/, ''))
    expect(names).toEqual([
      '✓ node',
      '✓ data directory',
      '✓ secret key',
      '✓ database',
      '✓ migrations',
      '✓ application role',
      '✓ row-level security',
      '✓ durability',
      '✓ sealed secrets',
      '✓ accounts',
      '✓ items',
    ])
  })

  it('finds a table that shows tenants to each other', async () => {
    await database.ownerPool.query('alter table quittance.debtor disable row level security')
    const checks = await doctor()
    await database.ownerPool.query('alter table quittance.debtor enable row level security')
    expect(checks.filter((check) => !check.isOk)).toEqual([
      { name: 'row-level security', isOk: false, detail: 'missing on debtor' },
    ])
    expect(process.exitCode).toBe(1)
  })

  it('finds a migration that was changed, and one that is missing', async () => {
    await database.ownerPool.query(
      `update quittance.migration set checksum = 'x' where name = '0002-book.sql'`,
    )
    const changed = await doctor()
    expect(changed.find((check) => !check.isOk)?.detail).toContain('0002-book.sql')
    printed.out = ''
    await database.ownerPool.query(`delete from quittance.migration where name = '0002-book.sql'`)
    const missing = await doctor()
    expect(missing.find((check) => !check.isOk)?.detail).toContain('not applied: 0002-book.sql')
  })

  it('says that a database cannot be reached', async () => {
    const nowhere = 'postgres://me:hunter2@127.0.0.1:1/books'
    await runCli(['node', 'x', 'doctor', '--database-url', nowhere, '--data-dir', dataDir])
    expect(printed.out).toContain('✗ database: Failed: The database cannot be reached')
    expect(printed.out).not.toContain('hunter2')
    expect(process.exitCode).toBe(1)
  })
})

describe('every command', () => {
  it('names all settings that cannot be used', async () => {
    await quittance('serve', '--port', 'many', '--workers', 'some')
    expect(printed.err).toContain('--port: "many" is not accepted')
    expect(printed.err).toContain('--workers: "some" is not accepted')
    expect(process.exitCode).toBe(1)
  })
})
