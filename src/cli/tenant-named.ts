import { ConfigError } from '../platform/config.ts'
import { schemaName } from '../platform/db.ts'
import type { Database } from './database.ts'

export interface NamedTenant {
  readonly tenantId: string
  /** The tenant's time, which in a sandbox may be ahead of the machine's. */
  readonly now: () => Date
}

/** The tenants that a flag names, by id or by name, the oldest first. */
export async function tenantsNamed(
  { ownerPool }: Database,
  named: string,
): Promise<readonly NamedTenant[]> {
  // Asked of the owner: the application role sees one tenant at a time.
  const { rows } = await ownerPool.query<{ tenantId: string; offsetMs: number }>(
    `select tenant_id as "tenantId", clock_offset_ms::float8 as "offsetMs" from ${schemaName}.tenant
      where tenant_id::text = lower($1) or name = $1 order by created_at, tenant_id limit 10`,
    [named],
  )
  return rows.map(({ tenantId, offsetMs }) => ({
    tenantId,
    now: () => new Date(new Date().getTime() + offsetMs),
  }))
}

/** The one tenant that `--tenant` names, by id or by name. */
export async function tenantNamed(database: Database, named: string): Promise<NamedTenant> {
  const tenants = await tenantsNamed(database, named)
  const [tenant] = tenants
  if (tenant === undefined)
    throw new ConfigError([`--tenant: there is no tenant ${JSON.stringify(named)}`])
  if (tenants.length === 1) return tenant
  const ids = tenants.map(({ tenantId }) => tenantId).join(', ')
  throw new ConfigError([`--tenant: several tenants are called ${named}; give an id: ${ids}`])
}
