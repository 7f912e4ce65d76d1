import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { appRole, schemaName, tenantsSetting } from './db.ts'
import { packageRoot } from './package-root.ts'
import { renumberEvents } from './renumber-events.ts'

// Two servers that start together wait for each other here.
const advisoryLock = 7_184_226_001

export class MigrationError extends Error {
  override name = 'MigrationError'
}

/** Brings the schema up to date: forward only, each file once, edited history refused. Answers the files it applied. */
export async function migrate(pool: pg.Pool): Promise<string[]> {
  const client = await pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [advisoryLock])
    await prepareRoleAndSchema(client)
    const applied = await applyMissing(client)
    await protectTables(client)
    await renumberEvents(client)
    return applied
  } finally {
    await client.query('select pg_advisory_unlock($1)', [advisoryLock])
    client.release()
  }
}

async function prepareRoleAndSchema(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query(
    'select 1 from pg_roles where rolname = $1 and not rolsuper and not rolbypassrls',
    [appRole],
  )
  if (rows.length === 0) {
    await createRole(client)
  }
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
  await client.query(`do $$ begin execute format('grant ${appRole} to %I', current_user);
  exception when others then
    if not pg_has_role(current_user, '${appRole}', 'member') then raise; end if; end $$`)
}

async function applyMissing(client: pg.PoolClient): Promise<string[]> {
  const directory = path.join(packageRoot(), 'migrations')
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${schemaName}.migration order by name`,
  )
  const known = new Map(rows.map((row) => [row.name, row.checksum]))
  refuseUnknownHistory(names, known)
  const applied: string[] = []
  for (const name of names) {
    const text = await readFile(path.join(directory, name), 'utf8')
    const checksum = createHash('sha256').update(text).digest('hex')
    const before = known.get(name)
    if (before === checksum) continue
    if (before !== undefined) throw new MigrationError(`${name} was changed after it was applied`)
    await applyOne(client, { name, text, checksum })
    applied.push(name)
  }
  return applied
}

function refuseUnknownHistory(names: string[], known: Map<string, string>): void {
  const missing = [...known.keys()].find((name) => !names.includes(name))
  if (missing === undefined) return
  throw new MigrationError(`The database is newer than this Quittance: it has ${missing}`)
}

async function applyOne(
  client: pg.PoolClient,
  file: { name: string; text: string; checksum: string },
): Promise<void> {
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
  if (table.name === 'migration') return []
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
