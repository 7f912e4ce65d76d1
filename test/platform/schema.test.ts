import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../src/kernel/id.ts'
import { appRole } from '../../src/platform/db.ts'
import { testDatabase, type TestDatabase } from '../database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

// The only tables of the installation itself.
const tenantless = ['migration', 'seal_check', 'signing_key']
const ownersOnly = new Set(['migration', 'seal_check'])

async function names(statement: string): Promise<string[]> {
  const { rows } = await database.ownerPool.query<{ name: string }>(statement)
  return rows.map((row) => row.name)
}

const ours = `relnamespace = 'quittance'::regnamespace`
const tables = () =>
  names(`select relname as name from pg_class where ${ours} and relkind in ('r', 'p') order by 1`)
const tenantTables = async () => (await tables()).filter((name) => !tenantless.includes(name))

describe('every table', () => {
  test('has a tenant, but for those of the installation itself', async () => {
    const withTenant = await names(`
      select relname as name from pg_class c where ${ours} and relkind in ('r', 'p') and exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
          and a.attnotnull and a.atttypid = 'uuid'::regtype) order by 1`)
    expect(withTenant).toEqual(await tenantTables())
    expect(withTenant.length).toBeGreaterThan(10)
  })

  test('is behind row-level security, by a policy for reading and for writing', async () => {
    const protectedOnes = await names(`
      select relname as name from pg_class c join pg_policy p on p.polrelid = c.oid
      where ${ours} and relrowsecurity and p.polcmd = '*' and p.polpermissive
        and p.polqual is not null and p.polwithcheck is not null
        and pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)
        and pg_get_expr(p.polqual, c.oid) like '%tenant_id = ANY%quittance.tenants%' order by 1`)
    expect(protectedOnes).toEqual(await tenantTables())
  })

  test('has tenant_id first in its primary key', async () => {
    const keyed = await names(`
      select relname as name from pg_class c
      join pg_index i on i.indrelid = c.oid and i.indisprimary
      join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] and a.attname = 'tenant_id'
      where ${ours} order by 1`)
    expect(keyed).toEqual(await tenantTables())
  })

  test('has tenant_id first in each index, but for those that name no tenant on purpose', async () => {
    const others = await names(`
      select ic.relname as name from pg_index i
      join pg_class c on c.oid = i.indrelid
      join pg_class ic on ic.oid = i.indexrelid
      left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
      where c.${ours} and c.relname not in ('${tenantless.join("', '")}')
        and a.attname is distinct from 'tenant_id' order by 1`)
    expect(others).toEqual([
      // The first keys of a Payofin merchant, before it is known.
      'door_credential_by_key',
      // A visitor of the debtor's page has nothing but its code.
      'link_by_code',
      // A client names no tenant when it asks for a token.
      'oauth_client_by_id',
      // Whoever follows a payment link has nothing but its code.
      'payment_link_by_code',
      // A merchant names no tenant either.
      'payofin_merchant_by_key',
      // The wallee doors name the tenant by this number.
      'tenant_space_id_key',
    ])
  })

  test('refers by tenant_id first, to the tenant_id of the other table', async () => {
    const all = await names(
      `select conname as name from pg_constraint where connamespace = 'quittance'::regnamespace and contype = 'f'`,
    )
    const wrong = await names(`
      select conname as name from pg_constraint k
      left join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
      left join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
      where k.connamespace = 'quittance'::regnamespace and k.contype = 'f'
        and (a.attname is distinct from 'tenant_id' or b.attname is distinct from 'tenant_id')`)
    expect(all.length).toBeGreaterThan(5)
    expect(wrong).toEqual([])
  })

  test('has no trigger but those that enforce foreign keys', async () => {
    const triggers = await names(`
      select tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.${ours} and not (t.tgisinternal and t.tgconstraint <> 0)`)
    expect(triggers).toEqual([])
  })
})

describe('the application role', () => {
  test('is neither superuser nor owner nor past row-level security, and cannot log in', async () => {
    const { rows } = await database.ownerPool.query(
      `select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin, rolreplication
       from pg_roles where rolname = $1`,
      [appRole],
    )
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolcanlogin: false,
        rolreplication: false,
      },
    ])
    const owned = await names(
      `select relname as name from pg_class where relowner = '${appRole}'::regrole
       union all select nspname from pg_namespace where nspowner = '${appRole}'::regrole
       union all select proname from pg_proc where proowner = '${appRole}'::regrole`,
    )
    expect(owned).toEqual([])
    const memberOf = await names(
      `select roleid::regrole::text as name from pg_auth_members where member = '${appRole}'::regrole`,
    )
    expect(memberOf).toEqual([])
  })

  test('is what the sessions of the server act as', async () => {
    const { rows } = await database.appPool.query('select current_user, current_schema')
    expect(rows).toEqual([{ current_user: appRole, current_schema: 'quittance' }])
  })

  test('may only add to what was booked and what happened', async () => {
    const appendOnly = await names(`
      select relname as name from pg_class where ${ours} and relkind in ('r', 'p')
        and has_table_privilege('${appRole}', oid, 'insert')
        and not has_any_column_privilege('${appRole}', oid, 'update')
        and not has_table_privilege('${appRole}', oid, 'update, delete, truncate') order by 1`)
    expect(appendOnly).toEqual(['entry', 'event', 'payofin_movement'])
    for (const table of appendOnly) {
      for (const statement of [
        `update ${table} set tenant_id = tenant_id`,
        `delete from ${table}`,
      ]) {
        await expect(database.appPool.query(statement)).rejects.toMatchObject({ code: '42501' })
      }
    }
  })

  test('has no right to truncate, to make objects or to see the list of migrations and the check of the key', async () => {
    const truncatable = await names(`
      select relname as name from pg_class where ${ours} and relkind in ('r', 'p')
        and has_table_privilege('${appRole}', oid, 'truncate, references, trigger')`)
    expect(truncatable).toEqual([])
    const { rows } = await database.ownerPool.query(
      `select has_schema_privilege($1, 'quittance', 'create') as may_create,
         has_table_privilege($1, 'quittance.migration', 'select') as sees_migrations,
         has_table_privilege($1, 'quittance.seal_check', 'select') as sees_check`,
      [appRole],
    )
    expect(rows).toEqual([{ may_create: false, sees_migrations: false, sees_check: false }])
  })

  test('passes row-level security only through functions that are listed here', async () => {
    const definers = await names(`
      select proname as name from pg_proc where pronamespace = 'quittance'::regnamespace and prosecdef
        and has_function_privilege('${appRole}', oid, 'execute') order by 1`)
    // Each kind of timed work asks for all tenants at once, and is told ids alone.
    const others = definers.filter((name) => !name.endsWith('_tenants_due'))
    expect(others).toEqual([
      'all_tenant_ids',
      'crm_tenant_of_space',
      'enqueue_job',
      'find_link',
      'find_oauth_client',
      'find_payment_link',
      'find_payofin_key',
      'find_wallee_keys',
      'find_wallee_webhook_key',
      'remove_expired',
      'shifted_clocks',
      'tenants_behind',
    ])
    const open = await names(`
      select proname as name from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
      where pronamespace = 'quittance'::regnamespace and prosecdef and grantee = 0`)
    expect(open).toEqual([])
    const loose = await names(`
      select proname as name from pg_proc where pronamespace = 'quittance'::regnamespace and prosecdef
        and not exists (select from unnest(proconfig) c where c like 'search_path=%')`)
    expect(loose).toEqual([])
  })
})

describe('a session that forgets its tenant', () => {
  test('sees nothing and adds nothing in every table of tenants', async () => {
    const tenantId = newId()
    await database.ownerPool.query(
      `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'x', now())`,
      [tenantId],
    )
    for (const table of await tenantTables()) {
      const seen = await database.appPool.query(`select count(*)::int as n from ${table}`)
      expect({ table, rows: seen.rows }).toEqual({ table, rows: [{ n: 0 }] })
      const columns = await required(table)
      const values = columns.map(({ name, sample }) =>
        name === 'tenant_id' ? `'${tenantId}'` : sample,
      )
      const insert = `insert into ${table} (${columns.map(({ name }) => name).join(', ')}) values (${values.join(', ')})`
      await expect(database.appPool.query(insert)).rejects.toMatchObject({
        code: '42501',
        message: `new row violates row-level security policy for table "${table}"`,
      })
    }
    const kept = await database.ownerPool.query('select count(*)::int as n from quittance.tenant')
    expect(kept.rows).toEqual([{ n: 1 }])
  })

  test('does not see the tenant of the transaction before it', async () => {
    const client = await database.appPool.connect()
    try {
      const tenantId = newId()
      await client.query('begin')
      await client.query(`select set_config('quittance.tenants', '{${tenantId}}', true)`)
      await client.query(
        `insert into tenant (tenant_id, name, created_at) values ('${tenantId}', 'x', now())`,
      )
      const within = await client.query('select tenant_id from tenant')
      expect(within.rows).toEqual([{ tenant_id: tenantId }])
      await client.query('commit')
      const after = await client.query('select tenant_id from tenant')
      expect(after.rows).toEqual([])
    } finally {
      client.release()
    }
  })

  test('may not write what belongs to a tenant that it did not declare', async () => {
    const client = await database.appPool.connect()
    try {
      await client.query('begin')
      await client.query(`select set_config('quittance.tenants', '{${newId()}}', true)`)
      await expect(
        client.query(
          `insert into tenant (tenant_id, name, created_at) values ('${newId()}', 'x', now())`,
        ),
      ).rejects.toMatchObject({ code: '42501' })
      await client.query('rollback')
    } finally {
      client.release()
    }
  })
})

interface Column {
  name: string
  type: string
  is_nullable: boolean
  has_default: boolean
}

async function columnsOf(table: string): Promise<Column[]> {
  const { rows } = await database.ownerPool.query<Column>(
    `select attname as name, format_type(atttypid, null) as type, not attnotnull as is_nullable,
       atthasdef or attidentity <> '' as has_default
     from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [`quittance.${table}`],
  )
  return rows
}

const samples: Record<string, string> = {
  uuid: `'${newId()}'`,
  text: `'EUR'`,
  jsonb: `'{}'`,
  bytea: `'x'`,
  boolean: 'false',
  date: `'2026-01-01'`,
  integer: '0',
  smallint: '0',
  bigint: '0',
  numeric: '0',
  xid8: `'1'`,
  'timestamp with time zone': 'now()',
}

async function required(table: string): Promise<{ name: string; sample: string }[]> {
  const columns = await columnsOf(table)
  return columns
    .filter(({ is_nullable, has_default }) => !is_nullable && !has_default)
    .map(({ name, type }) => ({ name, sample: samples[type] ?? `no sample of ${type}` }))
}

describe('the types of src/platform/tables.ts', () => {
  const typeOf: Record<string, string> = {
    uuid: 'string',
    text: 'string',
    jsonb: 'Json',
    bytea: 'Buffer',
    boolean: 'boolean',
    date: 'string',
    integer: 'number',
    smallint: 'number',
    bigint: 'number',
    numeric: 'string',
    xid8: 'string',
    pg_snapshot: 'string',
    'timestamp with time zone': 'Date',
    'text[]': 'string[]',
    ARRAY: 'string[]',
  }

  /** `interface XTable { column: type }`, by the table that `Tables` gives it to. */
  async function declared(): Promise<Map<string, Map<string, string>>> {
    const folder = new URL('../../src/platform/tables/', import.meta.url)
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'))
    const sources = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))
    return new Map(sources.flatMap((source) => [...declaredIn(source)]))
  }

  function declaredIn(source: string): Map<string, Map<string, string>> {
    const bodyOf = (name: string) => {
      const body = new RegExp(`interface ${name} \\{\\n([^}]*)\\n\\}`).exec(source)?.[1]
      return new Map(
        (body ?? '').split('\n').flatMap((line) => {
          const found = /^ {2}(\w+): (.+)$/.exec(line)
          return found ? [[found[1]!, found[2]!] as const] : []
        }),
      )
    }
    const parts = [...source.matchAll(/export interface (\w+Tables) /g)].map(([, name]) => name!)
    const tablesOf = parts.flatMap((name) => [...bodyOf(name)])
    return new Map(tablesOf.map(([table, name]) => [table, bodyOf(name)]))
  }

  function expectedType({ type, is_nullable, has_default }: Column, written: string): boolean {
    const isGenerated = /^Generated(Always)?</.test(written)
    const inner = written.replace(/^Generated(?:Always)?<(.*)>$/, '$1')
    const isNull = inner.endsWith(' | null')
    const base = (isNull ? inner.slice(0, -' | null'.length) : inner).replace(
      /^JSONColumnType<.*>$/,
      'Json',
    )
    // A column with a default may still be given each time; what may be left out has one, or is null then.
    const mayBeAbsent = has_default || is_nullable
    return base === typeOf[type] && isNull === is_nullable && (!isGenerated || mayBeAbsent)
  }

  test('are what the database has: tables, columns, types and nullability', async () => {
    const types = await declared()
    expect([...types.keys()].sort()).toEqual(
      (await tables()).filter((name) => !ownersOnly.has(name)),
    )
    for (const [table, written] of types) {
      const columns = await columnsOf(table)
      expect({ table, columns: [...written.keys()] }).toEqual({
        table,
        columns: columns.map(({ name }) => name),
      })
      const wrong = columns.filter((column) => !expectedType(column, written.get(column.name)!))
      expect({ table, wrong }).toEqual({ table, wrong: [] })
    }
  })
})
