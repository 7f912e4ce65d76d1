import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import type { Sealer } from '../platform/sealer.ts'
import { checkedApiBase, stripeApiBase } from './api-base.ts'
import { refuse } from './refusals.ts'
import type { Provider, ProviderList, ProviderSettings } from './schema.ts'

export interface SettingsDeps {
  readonly sealer: Sealer
  /** Networks that an `apiBase` may name beside Stripe's own, as CIDR. */
  readonly allow: readonly string[]
}

export interface StripeKeys {
  readonly secretKey: string
  readonly webhookSecret: string
  readonly apiBase: string
}

/** Sets a provider up, or anew. The one that was set up first is preferred. */
export async function setProvider(
  tx: Tx,
  deps: SettingsDeps,
  settings: ProviderSettings,
): Promise<Provider> {
  const { tenantId, now, db } = tx
  const { name } = settings
  const secrets = name === 'stripe' ? stripeRow(deps, tenantId, settings) : noSecrets
  await lockTenant(tx)
  await db
    .insertInto('payment_provider')
    .values((is) => ({
      tenant_id: tenantId,
      name,
      position: is
        .selectFrom('payment_provider')
        .select(sql<number>`coalesce(max(position), -1) + 1`.as('next'))
        .where('tenant_id', '=', tenantId)
        .$asScalar(),
      ...secrets,
      created_at: now,
      updated_at: now,
    }))
    .onConflict((at) =>
      at.columns(['tenant_id', 'name']).doUpdateSet({ ...secrets, updated_at: now }),
    )
    .execute()
  return { name, isSetUp: true, apiBase: secrets.api_base, updatedAt: now.toISOString() }
}

/** Two that are set up at once come one after the other: each sees the positions that are taken. */
async function lockTenant({ tenantId, db }: Tx): Promise<void> {
  await sql`select from tenant where tenant_id = ${tenantId} for no key update`.execute(db)
}

const noSecrets = { api_base: null, secret_key_sealed: null, webhook_secret_sealed: null }

function stripeRow(
  { sealer, allow }: SettingsDeps,
  tenantId: string,
  settings: { secretKey: string; webhookSecret: string; apiBase?: string },
) {
  const seal = (text: string, part: string) =>
    sealer.seal(Buffer.from(text, 'utf8'), sealContext(tenantId, part))
  return {
    api_base: checkedApiBase(settings.apiBase ?? stripeApiBase, allow),
    secret_key_sealed: seal(settings.secretKey, 'secret_key'),
    webhook_secret_sealed: seal(settings.webhookSecret, 'webhook_secret'),
  }
}

/** Forgets a provider and its secrets. Its payments that are under way are heard of again when it is set up anew. */
export async function removeProvider(tx: Tx, name: string): Promise<void> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('payment_provider')
    .where('tenant_id', '=', tx.tenantId)
    .where('name', '=', name)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw refuse('provider_not_found')
}

/** The providers that a tenant takes payments with, the preferred one first; the sandbox where none is set up. */
export async function listProviders(tx: Tx): Promise<ProviderList> {
  const rows = await tx.db
    .selectFrom('payment_provider')
    .select(['name', 'api_base', 'updated_at'])
    .where('tenant_id', '=', tx.tenantId)
    .orderBy('position')
    .orderBy('name')
    .execute()
  if (rows.length === 0) {
    return { items: [{ name: 'sandbox', isSetUp: false, apiBase: null, updatedAt: null }] }
  }
  const items = rows.map((row) => ({
    name: row.name,
    isSetUp: true,
    apiBase: row.api_base,
    updatedAt: row.updated_at.toISOString(),
  }))
  return { items }
}

/** The keys of a tenant's Stripe account; undefined where it has set up none. */
export async function stripeKeysOf(tx: Tx, sealer: Sealer): Promise<StripeKeys | undefined> {
  const row = await tx.db
    .selectFrom('payment_provider')
    .select(['api_base', 'secret_key_sealed', 'webhook_secret_sealed'])
    .where('tenant_id', '=', tx.tenantId)
    .where('name', '=', 'stripe')
    .executeTakeFirst()
  if (!row?.api_base || !row.secret_key_sealed || !row.webhook_secret_sealed) return undefined
  const open = (sealed: Buffer, part: string) =>
    sealer.open(sealed, sealContext(tx.tenantId, part)).toString('utf8')
  return {
    apiBase: row.api_base,
    secretKey: open(row.secret_key_sealed, 'secret_key'),
    webhookSecret: open(row.webhook_secret_sealed, 'webhook_secret'),
  }
}

const sealContext = (tenantId: string, part: string) =>
  `payment_provider/${tenantId}/stripe/${part}`
