import { sql } from 'kysely'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { hexOf } from './ids.ts'
import { type CrmObject, refuseCrm } from './refusals.ts'
import type { ConfigKind } from './schema.ts'

/** A type, category, method, reason, unit or user. */
export interface Config {
  readonly kind: ConfigKind
  readonly id: string
  readonly name: string
  readonly alternativeCode: string | null
  readonly description: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly isActive: boolean
}

/** What an object is named by: one field, in the words of this module. */
export interface ConfigIdentifier {
  readonly kind: ConfigKind
  readonly field: 'id' | 'name' | 'alternativeCode' | 'email'
  readonly value: string
}

/** All configuration of a tenant, what was removed included. */
export type Configuration = readonly Config[]

const objectOf = {
  TYPE: 'type',
  CATEGORY: 'category',
  METHOD: 'payment_method',
  REASON: 'rejection_reason',
  UNIT: 'unit',
  USER: 'user',
} as const satisfies Record<ConfigKind, CrmObject>

/** The configuration of a tenant as one reading; it is small and most calls need several of it. */
export async function configOf(tx: Tx): Promise<Configuration> {
  const { rows } = await sql<Config>`
    select kind, config_id as id, name, alternative_code as "alternativeCode", description, data,
      is_active as "isActive"
    from crm_config where tenant_id = ${tx.tenantId} order by kind, created_at, config_id`.execute(
    tx.db,
  )
  return rows
}

/** The active one that an identifier names; refuses none and several. */
export function pickConfig(config: Configuration, wanted: ConfigIdentifier): Config {
  const found = config.filter(
    (one) =>
      one.isActive && one.kind === wanted.kind && valueOf(one, wanted.field) === wanted.value,
  )
  const [first] = found
  if (!first) throw refuseCrm(`${objectOf[wanted.kind]}_not_found`)
  if (found.length > 1) throw refuseCrm(`${objectOf[wanted.kind]}_not_unique`)
  return first
}

export async function findConfig(tx: Tx, wanted: ConfigIdentifier): Promise<Config> {
  return pickConfig(await configOf(tx), wanted)
}

/** Whatever a payment once named, active or not. */
export function configNamed(
  config: Configuration,
  kind: ConfigKind,
  id: string | null,
): Config | undefined {
  return id === null ? undefined : config.find((one) => one.kind === kind && one.id === id)
}

/** The unit that a user works for unless a login names another. */
export function defaultUnitOf(config: Configuration, userId: string): string {
  const own = configNamed(config, 'USER', userId)?.data['unitId']
  const units = config.filter((one) => one.kind === 'UNIT' && one.isActive)
  const unit = units.find(({ id }) => id === own) ?? units[0]
  if (!unit) throw refuseCrm('unit_not_found')
  return unit.id
}

/** The reason that a rejection has when the call names none. */
export function defaultReason(config: Configuration): Config {
  const isDefault = (one: Config) => one.data['isDefault'] === true
  const reason = config.find((one) => one.kind === 'REASON' && one.isActive && isDefault(one))
  if (!reason) throw refuseCrm('rejection_reason_not_found')
  return reason
}

function valueOf(config: Config, field: ConfigIdentifier['field']): unknown {
  return field === 'email' ? config.data['email'] : config[field]
}

type Default = Omit<Config, 'id' | 'isActive'>
const named = (kind: ConfigKind, name: string, more: Partial<Default> = {}): Default => ({
  kind,
  name,
  alternativeCode: null,
  description: name,
  data: {},
  ...more,
})

/** The names of the published samples, which therefore work for every new tenant. */
const defaults: readonly Default[] = [
  named('TYPE', 'Payment 1', { alternativeCode: 'P1', data: { classification: 'PAYMENT' } }),
  named('TYPE', 'Invoices Balance Payment', {
    alternativeCode: 'INVBALPAY',
    description: null,
    data: { classification: 'PAYMENT' },
  }),
  named('TYPE', 'Payment Cancellation', {
    alternativeCode: 'PC',
    data: { classification: 'PAYMENT_CANCELLATION' },
  }),
  named('METHOD', 'Bank Transfer', { alternativeCode: 'BT' }),
  named('METHOD', 'Direct Debit', { alternativeCode: 'DD' }),
  named('METHOD', 'Cash', { alternativeCode: 'C' }),
  named('METHOD', 'Stripe Payment Gateway', {
    alternativeCode: 'SPG',
    data: { gateway: 'STRIPE' },
  }),
  named('CATEGORY', 'Invoice Payments', { alternativeCode: 'IP' }),
  named('CATEGORY', 'Bill Payments', { alternativeCode: 'BP' }),
  named('CATEGORY', 'Cancellation Because of Mistake', { alternativeCode: 'CBM' }),
  named('REASON', 'Reject Due to Business Request', { alternativeCode: 'RDTBR' }),
  named('REASON', 'Reject Due to Error', { alternativeCode: 'RDTE', data: { isDefault: true } }),
  named('UNIT', 'Admin Unit', {
    alternativeCode: 'MG',
    data: { groupName: 'Main Group', communityName: 'Main Community' },
  }),
]

const loginsOf = (tenantId: string) => sql<{ username: string }>`
  select split_part(key_id, '/', 2) as username from door_credential
  where tenant_id = ${tenantId} and door = 'crmcom' and revoked_at is null order by created_at, key_id`

/** Gives a tenant the names that a new one starts with, once; what it removes later stays removed. */
export async function ensureConfigured(tx: Tx): Promise<void> {
  const { tenantId, now } = tx
  const first = await sql`
    insert into crm_tenant (tenant_id, configured_at) values (${tenantId}, ${now})
    on conflict do nothing returning 1`.execute(tx.db)
  if (first.rows.length === 0) return
  const users = await loginsOf(tenantId).execute(tx.db)
  const rows = [
    ...defaults,
    ...users.rows.map(({ username }) =>
      named('USER', username, { description: null, data: { personName: username } }),
    ),
  ]
  for (const { data, ...row } of rows) {
    await sql`
      insert into crm_config (tenant_id, kind, config_id, name, alternative_code, description, data, created_at)
      values (${tenantId}, ${row.kind}, ${hexOf(newId())}, ${row.name}, ${row.alternativeCode},
        ${row.description}, ${JSON.stringify(data)}::jsonb, ${now})`.execute(tx.db)
  }
}
