import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { appRole, schemaName } from '../platform/db.ts'
import { packageRoot } from '../platform/package-root.ts'
import { serverVersion, supportedVersions } from '../platform/server-version.ts'
import { bad, checkSafely, good, type Check } from './doctor-check.ts'

/** Whether the server keeps what it commits, and keeps tenants apart. */
export async function checkDatabase(pool: pg.Pool): Promise<Check[]> {
  // The first one fails for all when there is no connection.
  const version = await checkVersion(pool)
  return [
    version,
    await checkSafely('migrations', () => checkMigrations(pool)),
    await checkSafely('application role', () => checkRole(pool)),
    await checkSafely('row-level security', () => checkRowSecurity(pool)),
    await checkSafely('durability', () => checkDurability(pool)),
  ]
}

async function checkVersion(pool: pg.Pool): Promise<Check> {
  const { text, isSupported } = await serverVersion(pool)
  if (isSupported) return good('database', `PostgreSQL ${text}`)
  const { least, most } = supportedVersions
  return bad('database', `PostgreSQL ${text}; ${least} to ${most} are supported`)
}

async function checkMigrations(pool: pg.Pool): Promise<Check> {
  const name = 'migrations'
  const { rows: found } = await pool.query<{ is_there: boolean }>(
    `select to_regclass('${schemaName}.migration') is not null as is_there`,
  )
  if (found[0]?.is_there !== true) return bad(name, 'none applied yet; serve applies them')
  const { rows } = await pool.query<{ name: string; checksum: string }>(
    `select name, checksum from ${schemaName}.migration order by name`,
  )
  const applied = new Map(rows.map((row) => [row.name, row.checksum]))
  const files = await migrationFiles()
  const missing = [...files.keys()].filter((file) => !applied.has(file))
  const unknown = [...applied.keys()].filter((file) => !files.has(file))
  const changed = [...files].filter(([file, sum]) => (applied.get(file) ?? sum) !== sum)
  if (missing.length > 0) return bad(name, `not applied: ${missing.join(', ')}; serve applies them`)
  if (unknown.length > 0) return bad(name, `of a newer Quittance: ${unknown.join(', ')}`)
  if (changed.length > 0) {
    return bad(name, `changed after they were applied: ${changed.map(([file]) => file).join(', ')}`)
  }
  return good(name, `up to date, ${files.size} applied`)
}

async function migrationFiles(): Promise<Map<string, string>> {
  const directory = path.join(packageRoot(), 'migrations')
  const names = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()
  const sums = new Map<string, string>()
  for (const name of names) {
    const text = await readFile(path.join(directory, name), 'utf8')
    sums.set(name, createHash('sha256').update(text).digest('hex'))
  }
  return sums
}

/** Row-level security holds for nobody who is a superuser, may bypass it, or owns a table. */
async function checkRole(pool: pg.Pool): Promise<Check> {
  const name = 'application role'
  const { rows } = await pool.query<{
    is_super: boolean
    is_bypassing: boolean
    is_owner: boolean
  }>(
    `select r.rolsuper as is_super, r.rolbypassrls as is_bypassing,
       exists (select from pg_class c where c.relnamespace = to_regnamespace($2)
         and pg_has_role(r.rolname, c.relowner, 'member')) as is_owner
     from pg_roles r where r.rolname = $1`,
    [appRole, schemaName],
  )
  const role = rows[0]
  if (role === undefined) return bad(name, `${appRole} is missing`)
  if (role.is_super) return bad(name, `${appRole} is a superuser`)
  if (role.is_bypassing) return bad(name, `${appRole} may bypass row-level security`)
  if (role.is_owner) return bad(name, `${appRole} owns tables`)
  return good(name, `${appRole} owns nothing and bypasses nothing`)
}

async function checkRowSecurity(pool: pg.Pool): Promise<Check> {
  const name = 'row-level security'
  const { rows } = await pool.query<{ name: string; is_protected: boolean }>(
    `select c.relname as name, c.relrowsecurity
       and exists (select from pg_policy p where p.polrelid = c.oid) as is_protected
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') order by 1`,
    [schemaName],
  )
  const open = rows.filter((row) => !row.is_protected).map((row) => row.name)
  if (open.length > 0) return bad(name, `missing on ${open.join(', ')}`)
  return good(name, `on all ${rows.length} tables of tenants`)
}

async function checkDurability(pool: pg.Pool): Promise<Check> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
  )
  const off = rows.filter((row) => row.setting === 'off').map((row) => row.name)
  if (off.length > 0)
    return bad('durability', `a crash loses booked payments: ${off.join(', ')} off`)
  return good('durability', rows.map((row) => `${row.name} ${row.setting}`).join(', '))
}
