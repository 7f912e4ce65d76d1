import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Assembly, assemble } from '../../src/assemble.ts'
import { runCli } from '../../src/cli/main.ts'
import type { CreatedTenant } from '../../src/identity/index.ts'
import { type Connection, createAppPool, createOwnerPool } from '../../src/platform/db.ts'
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres/index.ts'
import { migrate, MigrationError } from '../../src/platform/migrate.ts'
import { packageRoot } from '../../src/platform/package-root.ts'
import { databaseUrl } from '../database-url.ts'
import { connectionTo, withClient } from '../global-setup.ts'
import { assertBooksBalance } from '../invariants.ts'
import { person, testConfig } from '../world.ts'

/** A PostgreSQL that nobody has used: the roles of the others belong to all tests, and are there already. */
interface FreshServer {
  readonly admin: Connection
  stop(): Promise<void>
}

async function startEmbedded(): Promise<FreshServer> {
  const dataDir = path.join(os.tmpdir(), `quittance-plain-${randomBytes(5).toString('hex')}`)
  const server = await startEmbeddedPostgres({ dataDir })
  return {
    admin: server.owner,
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

interface SystemPostgres {
  findSystemPostgres: () => { version: string; bin: string } | undefined
  startSystemPostgres: (found: {
    bin: string
  }) => Promise<{ url: string; stop: () => Promise<void> }>
}

// By its address: the scripts have no types.
const script = path.join(packageRoot(), 'scripts', 'system-postgres.mjs')
const { findSystemPostgres, startSystemPostgres }: SystemPostgres = await import(
  pathToFileURL(script).href
)
const system = findSystemPostgres()

async function startSystem(): Promise<FreshServer> {
  const { url, stop } = await startSystemPostgres(system!)
  return { admin: { connectionString: url }, stop }
}

const servers: (readonly [string, () => Promise<FreshServer>])[] = [
  ['the embedded PostgreSQL', startEmbedded],
]
if (system) servers.push([`PostgreSQL ${system.version} of this machine`, startSystem])

/** As `createuser` and `createdb --owner` make them, with the rights that docs/operating.md asks for. */
async function makeUser(
  admin: Connection,
  name: string,
  rights: 'createrole' | 'nocreaterole',
): Promise<Connection> {
  await withClient(admin, async (client) => {
    await client.query(`create role "${name}" login nosuperuser nocreatedb nobypassrls ${rights}`)
    await client.query(`create database "${name}" owner "${name}"`)
  })
  const connection = connectionTo(admin, name)
  if (!('connectionString' in connection)) return { ...connection, user: name }
  const url = new URL(connection.connectionString)
  url.username = name
  return { connectionString: url.href }
}

const now = new Date('2026-03-10T12:00:00.000Z')

describe.each(servers)('on %s', (_title, start) => {
  let server: FreshServer
  let plain: Connection
  let dataDir: string
  let assembly: Assembly | undefined
  let printed = ''

  beforeAll(async () => {
    server = await start()
    plain = await makeUser(server.admin, 'plain', 'createrole')
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'quittance-plain-'))
  }, 120_000)
  afterAll(async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  beforeEach(() => {
    printed = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    process.exitCode = undefined
    await assembly?.close()
    assembly = undefined
  })

  async function serve(): Promise<Assembly> {
    const { secretKey: _none, ...config } = testConfig({ dataDir })
    assembly = await assemble({
      connection: plain,
      config: { ...config, secretKey: undefined },
      log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
      clock: () => new Date(now),
    })
    return assembly
  }

  /** Runs a command as this user and answers the JSON object that it prints. */
  async function quittance<T>(...words: string[]): Promise<T> {
    printed = ''
    const place = ['--database-url', databaseUrl(plain), '--data-dir', dataDir]
    await runCli(['node', 'quittance', ...words, '--json', ...place])
    return JSON.parse(printed) as T
  }

  async function ask<T extends Record<string, unknown>>(question: string): Promise<T[]> {
    const answer = await withClient(plain, (client) => client.query<T>(question))
    return answer.rows
  }

  /** Opens a tenant and answers how its requests are sent to the server. */
  async function newTenant({ app }: Assembly, name: string) {
    const created = await quittance<CreatedTenant>('tenant', 'create', '--name', name)
    const { clientId, clientSecret } = created.oauth
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const granted = await app.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
    })
    const headers = { authorization: `Bearer ${granted.json().access_token}` }
    return {
      async post(operation: string, payload: object): Promise<any> {
        const url = `/v1/${created.tenantId}/${operation}`
        return (await app.inject({ method: 'POST', url, headers, payload })).json()
      },
      async total(claim: string): Promise<number> {
        const url = `/q/v1/claims/${claim}/explain`
        return (await app.inject({ method: 'GET', url, headers })).json().totalMinor
      },
    }
  }

  test('the user is nobody special, and the application role is not there yet', async () => {
    const [user] = await ask(
      'select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user',
    )
    expect(user).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: true })
    expect(await ask(`select from pg_roles where rolname = 'quittance_app'`)).toEqual([])
  })

  test('a user with CREATEROLE who owns the database has a server that books, at once and by jobs', async () => {
    const tenant = await newTenant(await serve(), 'Acme')
    const claim = {
      amount: 4_000,
      currency: 'EUR',
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-01-31',
      accountReference: 'ACC',
      primaryDebtor: person('D'),
    }
    const made = await tenant.post('create_claims', { CLAIM: claim })
    expect(made).toMatchObject({ CLAIM: { success: true } })
    const credit = { CLAIM: { amount: 700, currency: 'EUR', originator: 'CLIENT' } }
    expect(await tenant.post('credit_claims', credit)).toMatchObject({ CLAIM: { success: true } })
    expect(await tenant.total('CLAIM')).toBe(3_300)
    await tenant.post('credit_claims?async=true', credit)
    await vi.waitFor(async () => expect(await tenant.total('CLAIM')).toBe(2_600), {
      timeout: 15_000,
      interval: 50,
    })
  })

  test('it imports a file, and starts again on what is there', async () => {
    const file = path.join(dataDir, 'entries.csv')
    const rows = Array.from({ length: 300 }, (_, n) => `A-${n % 40},N-${n},12.50,2026-01-31`)
    await writeFile(file, ['account,number,amount,due', ...rows, ''].join('\n'))
    const maps = [
      'accountReference=account',
      'ledgerEntryReference=number',
      'amount=amount',
      'dueDate=due',
      'debtorReference=account',
      'companyName=account',
      'country=:DE',
    ].flatMap((map) => ['--map', map])
    const options = ['--tenant', 'Acme', '--kind', 'entries', '--currency', 'EUR', ...maps]
    const summary = await quittance<object>('import', file, ...options)
    expect(summary).toMatchObject({ rows: 300, imported: 300, isComplete: true })
    expect(process.exitCode).toBeUndefined()
    await serve()
    const owner = createOwnerPool(plain, 1)
    await owner.query('set search_path = quittance')
    await assertBooksBalance(owner)
    await owner.end()
    const [booked] = await ask(
      `select sum(amount_minor)::text as total from quittance.entry where reference like 'N-%'`,
    )
    expect(booked).toEqual({ total: String(300 * 1_250) })
  })

  test('the doctor finds nothing wrong: tenants are kept apart although the user owns the tables', async () => {
    interface Check {
      name: string
      isOk: boolean
    }
    const { checks } = await quittance<{ checks: Check[] }>('doctor')
    expect(checks.filter((check) => !check.isOk)).toEqual([])
    expect(checks.map((check) => check.name)).toContain('row-level security')
    const app = createAppPool(plain, 1)
    const count = 'select count(*)::integer as tenants from quittance.tenant'
    const { rows: seen } = await app.query(count)
    await app.end()
    expect([await ask(count), seen]).toEqual([[{ tenants: 1 }], [{ tenants: 0 }]])
  })

  test('another user, for whom the role is not, is told what a superuser has to run, and that suffices', async () => {
    const other = await makeUser(server.admin, 'other-user', 'nocreaterole')
    const owner = createOwnerPool(other, 1)
    const app = createAppPool(other, 1)
    try {
      const error = await migrate(owner).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(MigrationError)
      const { message } = error as Error
      const grant = 'grant quittance_app to "other-user"'
      expect(message).toMatch(new RegExp(`^The database user "other-user" .*, run ${grant}$`))
      const { rows: left } = await owner.query(
        `select from pg_namespace where nspname = 'quittance'`,
      )
      expect(left).toEqual([])
      await withClient(server.admin, (client) => client.query(grant))
      expect((await migrate(owner)).length).toBeGreaterThan(10)
      const { rows } = await app.query('select current_user as name')
      expect(rows).toEqual([{ name: 'quittance_app' }])
    } finally {
      await Promise.all([owner.end(), app.end()])
    }
  })

  test('another user with CREATEROLE takes the role without a superuser where PostgreSQL lets it, up to 15', async () => {
    const owner = createOwnerPool(await makeUser(server.admin, 'other-maker', 'createrole'), 1)
    try {
      const { rows } = await owner.query<{ version: number }>(
        `select current_setting('server_version_num')::integer as version`,
      )
      const isMember = await migrate(owner).then(
        () => true,
        (error: unknown) => !(error instanceof MigrationError),
      )
      expect(isMember).toBe(rows[0]!.version < 160_000)
    } finally {
      await owner.end()
    }
  })
})
