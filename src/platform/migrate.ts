import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { lockNumber } from './advisory-locks.ts'
import { appRole, schemaName, tenantsSetting } from './db.ts'
import { packageRoot } from './package-root.ts'
import { renumberEvents } from './renumber-events.ts'
import { serverVersion, supportedVersions } from './server-version.ts'

export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Brings the schema up to date: forward only, each file once; edited history, a newer database and a PostgreSQL that is not
 * supported are refused before anything is applied. Answers the files it applied.
 */
export async function migrate(pool: pg.Pool): Promise<string[]> {
  const client = await pool.connect()
  try {
    await refuseVersion(client)
    // Two servers that start together wait for each other here.
    await client.query('select pg_advisory_lock($1)', [lockNumber('migrations')])
    await prepareRoleAndSchema(client)
    const missing = await findMissing(client)
    for (const file of missing) await applyOne(client, file)
    await protectTables(client)
    await renumberEvents(client)
    await client.query('select pg_advisory_unlock($1)', [lockNumber('migrations')])
    client.release()
    return missing.map((file) => file.name)
  } catch (error) {
    // The lock goes with the session. Kept for later use, it would also keep a process alive that has nothing left to do.
    client.release(true)
    throw error
  }
}

/** Else the first statement that this server does not know would say so, in words that help nobody. */
async function refuseVersion(client: pg.PoolClient): Promise<void> {
  const { text, isSupported } = await serverVersion(client)
  if (isSupported) return
  const { least, most } = supportedVersions
  throw new MigrationError(
    `The database is PostgreSQL ${text}, and Quittance works on PostgreSQL ${least} to ${most} only`,
  )
}

async function prepareRoleAndSchema(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query(
    'select 1 from pg_roles where rolname = $1 and not rolsuper and not rolbypassrls',
    [appRole],
  )
  if (rows.length === 0) {
    await createRole(client)
  }
  if (!(await mayAct(client))) await joinRole(client)
  await client.query(`create schema if not exists ${schemaName}`)
  await client.query(`grant usage on schema ${schemaName} to ${appRole}`)
  await client.query(`create table if not exists ${schemaName}.migration (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
}

/** Roles belong to the whole cluster: another database's server may make the same one at the same moment. */
async function createRole(client: pg.PoolClient): Promise<void> {
  await client.query(`do $$ begin
    create role ${appRole} nologin nosuperuser nobypassrls;
  exception when duplicate_object or unique_violation then null; end $$`)
}

/** Whether our user may act as the application role. Since PostgreSQL 16 a member may be one that may not. */
async function mayAct(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ mayAct: boolean }>(
    `select pg_has_role(current_user, $1,
      case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) as "mayAct"`,
    [appRole],
  )
  return rows[0]?.mayAct === true
}

/**
 * Makes our user a member of the application role. Another server may do the same at the same moment, so what counts is
 * what comes of it. Since PostgreSQL 16 only its creator may, and the role may be there for another database.
 */
async function joinRole(client: pg.PoolClient): Promise<void> {
  await client.query(`do $$ begin execute format('grant ${appRole} to %I', current_user);
  exception when insufficient_privilege or unique_violation or internal_error then null; end $$`)
  if (await mayAct(client)) return
  const { rows } = await client.query<{ name: string }>('select quote_ident(current_user) as name')
  const name = rows[0]?.name ?? ''
  throw new MigrationError(
    `The database user ${name} may not act as the role ${appRole}, which another user made: as a superuser, run grant ${appRole} to ${name}`,
  )
}

interface MigrationFile {
  readonly name: string
  readonly text: string
  readonly checksum: string
}

/** The files that this database has not seen, in their order. */
async function findMissing(client: pg.PoolClient): Promise<MigrationFile[]> {
  const files = await readFiles()
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${schemaName}.migration order by name`,
  )
  const known = new Map(rows.map((row) => [row.name, row.checksum]))
  refuseUnknownHistory(files, known)
  return files.filter((file) => !known.has(file.name))
}

async function readFiles(): Promise<MigrationFile[]> {
  const directory = path.join(packageRoot(), 'migrations')
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(directory, name), 'utf8')
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

function refuseUnknownHistory(
  files: readonly MigrationFile[],
  known: ReadonlyMap<string, string>,
): void {
  const names = new Set(files.map((file) => file.name))
  const unknown = [...known.keys()].find((name) => !names.has(name))
  if (unknown !== undefined)
    throw new MigrationError(`The database is newer than this Quittance: it has ${unknown}`)
  const changed = files.find((file) => (known.get(file.name) ?? file.checksum) !== file.checksum)
  if (changed !== undefined)
    throw new MigrationError(`${changed.name} was changed after it was applied`)
}

async function applyOne(client: pg.PoolClient, file: MigrationFile): Promise<void> {
  await client.query('begin')
  try {
    await client.query(`set local search_path = ${schemaName}, public`)
    await client.query(`set local lock_timeout = '10s'`)
    await client.query(file.text)
    await client.query(`insert into ${schemaName}.migration (name, checksum) values ($1, $2)`, [
      file.name,
      file.checksum,
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

// Booked entries and events are never changed or removed, so the application role may only add and read.
const appendOnly = new Set(['entry', 'event', 'payofin_movement'])
// Nothing to a request.
const ownersOnly = new Set(['migration', 'seal_check'])

/**
 * Grants the application role what it needs and no more, and puts every table of a tenant behind row-level security.
 * The policy reads the list of tenants that the transaction declared; none declared, nothing seen.
 */
async function protectTables(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{
    name: string
    is_tenants: boolean
    is_protected: boolean
  }>(`
    select c.relname as name, c.relrowsecurity as is_protected,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as is_tenants
    from pg_class c where c.relnamespace = '${schemaName}'::regnamespace and c.relkind in ('r', 'p') order by 1`)
  const statements = rows.flatMap((table) => protectTable(table))
  if (statements.length > 0) await client.query(statements.join(';\n'))
}

function protectTable(table: {
  name: string
  is_tenants: boolean
  is_protected: boolean
}): string[] {
  const name = `${schemaName}.${table.name}`
  if (ownersOnly.has(table.name)) return []
  const rights = appendOnly.has(table.name) ? 'select, insert' : 'select, insert, update, delete'
  const grants = [
    `revoke all on ${name} from ${appRole}`,
    `grant ${rights} on ${name} to ${appRole}`,
  ]
  if (!table.is_tenants || table.is_protected) return grants
  const own = `tenant_id = any ((select nullif(current_setting('${tenantsSetting}', true), '')::uuid[])::uuid[])`
  return [
    ...grants,
    `alter table ${name} enable row level security`,
    `create policy of_tenant on ${name} using (${own}) with check (${own})`,
  ]
}
