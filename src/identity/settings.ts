import { isValidIBAN } from 'ibantools'
import { isTimeZone } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Settings, TenantChange, TenantView } from './settings-schema.ts'

/** A tenant with what it has set. */
export async function viewTenant({ tenantId, db }: Tx): Promise<TenantView> {
  const row = await db
    .selectFrom('tenant')
    .select(['name', 'time_zone', 'is_sandbox', 'settings'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return {
    tenantId,
    name: row.name,
    timeZone: row.time_zone,
    isSandbox: row.is_sandbox,
    settings: row.settings,
  }
}

/** Changes a tenant's name, time zone and settings. Servers follow within half a minute. */
export async function changeTenant(tx: Tx, change: TenantChange): Promise<TenantView> {
  // Of two changes at once the second builds on the first.
  await tx.db
    .selectFrom('tenant')
    .select('tenant_id')
    .where('tenant_id', '=', tx.tenantId)
    .forUpdate()
    .execute()
  const before = await viewTenant(tx)
  const { name = before.name, timeZone = before.timeZone } = change
  if (!isTimeZone(timeZone)) throw refuse('time_zone_unknown', timeZone)
  const settings = merged(before.settings, change.settings ?? {})
  requireIban(settings.creditor?.iban)
  await tx.db
    .updateTable('tenant')
    .set({ name, time_zone: timeZone, settings: JSON.stringify(settings) })
    .where('tenant_id', '=', tx.tenantId)
    .execute()
  return { ...before, name, timeZone, settings }
}

function merged(before: Settings, changes: NonNullable<TenantChange['settings']>): Settings {
  const all = Object.entries({ ...before, ...changes })
  return Object.fromEntries(all.filter(([, value]) => value !== null))
}

function requireIban(iban: string | undefined): void {
  if (iban === undefined) return
  const compact = iban.replaceAll(/\s/g, '').toUpperCase()
  if (!isValidIBAN(compact)) throw refuse('iban_invalid')
}
