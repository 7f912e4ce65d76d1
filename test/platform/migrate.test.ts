import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  test,
  vi,
} from 'vitest'
import { checkDatabase } from '../../src/cli/doctor-database.ts'
import { runCli } from '../../src/cli/main.ts'
import { startServer } from '../../src/main.ts'
import { type Connection, createOwnerPool } from '../../src/platform/db.ts'
import { migrate, MigrationError } from '../../src/platform/migrate.ts'
import { databaseUrl } from '../database-url.ts'
import { testDatabase } from '../database.ts'
import { connectionTo, withClient } from '../global-setup.ts'
import { testConfig } from '../world.ts'

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Every column, index, constraint, right, function and policy that there is, and which files made them. */
const everything = `
  select 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod) || attnotnull
    from pg_attribute join pg_class c on c.oid = attrelid
    where c.relnamespace = 'quittance'::regnamespace and attnum > 0
  union all select 'rights', relname, relkind::text, relacl::text || relrowsecurity from pg_class
    where relnamespace = 'quittance'::regnamespace
  union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'quittance'::regnamespace
  union all select 'function', oid::regprocedure::text, prosrc, proacl::text from pg_proc
    where pronamespace = 'quittance'::regnamespace
  union all select 'policy', tablename, policyname, qual || with_check from pg_policies where schemaname = 'quittance'
  union all select 'file', name, checksum, applied_at::text from quittance.migration
  union all select 'tenant', tenant_id::text, name, null from quittance.tenant
  order by 1, 2, 3, 4`

async function everythingOf(pool: pg.Pool): Promise<unknown[]> {
  const { rows } = await pool.query({ text: everything, rowMode: 'array' })
  return rows as unknown[]
}

describe('a history that is not ours', () => {
  let pool: pg.Pool
  let close: () => Promise<void>
  let first: string
  let last: string

  beforeEach(async () => {
    const database = await testDatabase()
    pool = database.ownerPool
    close = () => database.close()
    await pool.query(
      `insert into quittance.tenant (tenant_id, name, created_at) values (gen_random_uuid(), 'T', now())`,
    )
    const { rows } = await pool.query<{ name: string }>(
      'select name from quittance.migration order by name',
    )
    first = rows[0]!.name
    last = rows.at(-1)!.name
  })
  afterEach(() => close())

  /** Runs the migrations as a start would, and shows that a refusal leaves everything as it is. */
  async function expectRefused(message: string): Promise<void> {
    const before = await everythingOf(pool)
    expect(before.length).toBeGreaterThan(500)
    const error = await migrate(pool).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MigrationError)
    expect((error as Error).message).toBe(message)
    expect(await everythingOf(pool)).toEqual(before)
  }

  const change = (name: string) =>
    pool.query(`update quittance.migration set checksum = 'other' where name = $1`, [name])
  const forget = (name: string) =>
    pool.query('delete from quittance.migration where name = $1', [name])

  test('is refused when a file was changed after it was applied, before what comes after it is applied', async () => {
    await change(first)
    await forget(last)
    await expectRefused(`${first} was changed after it was applied`)
  })

  test('is refused when a file was changed after it was applied, before what comes in front of it is applied', async () => {
    // As if a branch had brought a file with a lower number.
    const { rows } = await pool.query<{ name: string }>(
      'select name from quittance.migration order by name',
    )
    const [earlier, later] = rows.slice(-2).map(({ name }) => name)
    await forget(earlier!)
    await change(later!)
    await expectRefused(`${later} was changed after it was applied`)
  })

  test('is refused when the database is newer, before anything that it lacks is applied', async () => {
    await pool.query(
      `insert into quittance.migration (name, checksum) values ('9999-of-tomorrow.sql', 'x')`,
    )
    await forget(last)
    await expectRefused('The database is newer than this Quittance: it has 9999-of-tomorrow.sql')
  })

  test('does not stand in the way any more once it is put right', async () => {
    const checksum = `(select checksum from quittance.migration where name = '${last}')`
    const { rows } = await pool.query<{ checksum: string }>(`select ${checksum} as checksum`)
    await change(last)
    await expectRefused(`${last} was changed after it was applied`)
    await pool.query('update quittance.migration set checksum = $1 where name = $2', [
      rows[0]!.checksum,
      last,
    ])
    expect(await migrate(pool)).toEqual([])
  })
})

describe('a PostgreSQL that is not supported', () => {
  let server: Connection
  let name: string
  let connection: Connection
  let pool: pg.Pool
  let dataDir: string

  beforeAll(async () => {
    const { connection: given, prefix } = inject('testServer')
    server = given
    name = `${prefix}${randomBytes(8).toString('hex')}`
    await withClient(server, (client) => client.query(`create database ${name}`))
    connection = connectionTo(server, name)
    pool = createOwnerPool(connection, 1)
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'quittance-migrate-'))
  })
  afterAll(async () => {
    await pool.end()
    await withClient(server, (client) => client.query(`drop database ${name} with (force)`))
    await rm(dataDir, { recursive: true })
  })

  /** Has the server say that it is another version; everything else it answers itself. */
  function pretend(version: string): void {
    // oxlint-disable-next-line typescript/unbound-method -- called with the client below
    const real = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown
    vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
      this: pg.Client,
      ...args: unknown[]
    ) {
      const [text, ...others] = args
      const asked = text === 'show server_version' ? `select '${version}' as server_version` : text
      return real.call(this, asked, ...others)
    })
  }

  async function one<T>(question: string): Promise<T> {
    const { rows } = await withClient(server, (client) =>
      client.query<unknown[]>({ text: question, rowMode: 'array' }),
    )
    return rows[0]?.[0] as T
  }
  const sessions = () =>
    one<string>(
      `select count(*) from pg_stat_activity where datname = '${name}' and application_name = 'quittance-owner'`,
    )
  const schemas = async () => {
    const { rows } = await withClient(connection, (client) =>
      client.query(`select nspname from pg_namespace where nspname ~ 'quittance|graphile'`),
    )
    return rows as unknown[]
  }

  const words = (version: string) =>
    `The database is PostgreSQL ${version}, and Quittance works on PostgreSQL 15 to 18 only`
  const others = ['9.6.24', '14.19 (Debian 14.19-1.pgdg12+1)', '19beta1']

  test.each(others)('%s is refused by serve, which leaves nothing behind', async (version) => {
    pretend(version)
    const serving = startServer(
      testConfig({ databaseUrl: databaseUrl(connection), dataDir, host: '127.0.0.1', port: 0 }),
    )
    const error = await serving.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MigrationError)
    expect((error as Error).message).toBe(words(version))
    expect(await schemas()).toEqual([])
    // Well before a pool gives up what it does not use: nothing keeps the process waiting.
    await vi.waitFor(async () => expect(await sessions()).toBe('0'), {
      timeout: 5_000,
      interval: 50,
    })
  })

  test('is refused by a command in one sentence and with its exit code', async () => {
    pretend('14.19')
    let printed = ''
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
    const place = ['--database-url', databaseUrl(connection), '--data-dir', dataDir]
    await runCli(['node', 'quittance', 'tenant', 'create', '--name', 'Acme', ...place])
    expect(printed).toBe(`Failed: ${words('14.19')}\n`)
    expect(process.exitCode).toBe(1)
    expect(await schemas()).toEqual([])
  })

  test('is named by the doctor with the same bounds', async () => {
    pretend('19beta1')
    const [check] = await checkDatabase(pool)
    expect(check).toMatchObject({ isOk: false })
    expect(JSON.stringify(check)).toContain('PostgreSQL 19beta1; 15 to 18 are supported')
  })

  // Last, for it fills the database.
  test.each(['15.0', '18.1 (Ubuntu)'])('is not what %s is', async (version) => {
    pretend(version)
    expect(Array.isArray(await migrate(pool))).toBe(true)
    expect(await schemas()).toEqual([{ nspname: 'quittance' }])
  })
})
