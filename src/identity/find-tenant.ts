import type { Kysely } from 'kysely'
import { isUuid } from '../kernel/id.ts'
import { createBoundedMap } from '../platform/bounded-map.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'

export interface Tenant {
  tenantId: string
  name: string
  timeZone: string
  isSandbox: boolean
  settings: Readonly<Record<string, unknown>>
}

export interface TenantFinder {
  /** The tenant as it is now or was up to 30 seconds ago; undefined when there is none. */
  tenantOf(tenantId: string): Promise<Tenant | undefined>
  /** Has a tenant that was changed read anew. */
  forget(tenantId: string): void
}

interface Cached {
  freshUntilMs: number
  tenant: Promise<Tenant | undefined>
}

const freshMs = 30_000
const tenantsMax = 10_000

/** Answers who a tenant is without asking the database for each request. */
export function createTenantFinder(deps: { db: Kysely<Tables>; now: () => Date }): TenantFinder {
  const cache = createBoundedMap<string, Cached>(tenantsMax)

  function read(tenantId: string, now: Date): Promise<Tenant | undefined> {
    const tenant = readTenant(deps.db, tenantId, now)
    cache.set(tenantId, { freshUntilMs: now.getTime() + freshMs, tenant })
    // Those who wait for this reading share its outcome; a failure, or a tenant that is not there
    // yet, is asked for again next time.
    const forget = () => cache.delete(tenantId)
    void tenant.then((found) => found ?? forget(), forget)
    return tenant
  }

  return {
    forget: (tenantId) => cache.delete(tenantId),
    tenantOf(tenantId) {
      if (!isUuid(tenantId)) return Promise.resolve(undefined)
      const now = deps.now()
      const cached = cache.get(tenantId)
      const isFresh = cached !== undefined && now.getTime() < cached.freshUntilMs
      return isFresh ? cached.tenant : read(tenantId, now)
    },
  }
}

async function readTenant(
  db: Kysely<Tables>,
  tenantId: string,
  now: Date,
): Promise<Tenant | undefined> {
  return inTransaction(db, { tenantId, now, isReadOnly: true }, async (tx) => {
    const row = await tx.db
      .selectFrom('tenant')
      .select(['tenant_id', 'name', 'time_zone', 'is_sandbox', 'settings'])
      .where('tenant_id', '=', tx.tenantId)
      .executeTakeFirst()
    if (row === undefined) return undefined
    return {
      tenantId: row.tenant_id,
      name: row.name,
      timeZone: row.time_zone,
      isSandbox: row.is_sandbox,
      settings: row.settings,
    }
  })
}
