import { sql } from 'kysely'
import pg from 'pg'
import { crmcomKeyId, sha256 } from '../identity/index.ts'
import { newId, newSecret } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { type Config, configOf, type Configuration, ensureConfigured } from './configuration.ts'
import { hexOf } from './ids.ts'
import { refuseCrm } from './refusals.ts'
import type { ConfigInput, ConfigKind } from './schema.ts'
import { revokeLogins } from './sessions.ts'

export interface ConfigAt {
  readonly kind: ConfigKind
  readonly id: string
}

/** All active ones of a kind, in the order in which they were made. */
export async function listConfig(tx: Tx, kind: ConfigKind): Promise<Config[]> {
  await ensureConfigured(tx)
  return (await configOf(tx)).filter((one) => one.kind === kind && one.isActive)
}

/** Adds one; its id may be that of the system a tenant comes from. */
export async function createConfig(tx: Tx, kind: ConfigKind, input: ConfigInput): Promise<Config> {
  await ensureConfigured(tx)
  const { id = hexOf(newId()), name = '', alternativeCode, description, ...data } = input
  requireReferences(await configOf(tx), data)
  if (kind === 'REASON' && data['isDefault'] === true) await unsetDefault(tx)
  await unlessTaken(
    sql`
      insert into crm_config (tenant_id, kind, config_id, name, alternative_code, description, data, created_at)
      values (${tx.tenantId}, ${kind}, ${id}, ${name}, ${alternativeCode ?? null}, ${description ?? null},
        ${JSON.stringify(data)}::jsonb, ${tx.now})`.execute(tx.db),
  )
  return activeOne(await configOf(tx), { kind, id })
}

/** Changes the fields that are given. */
export async function changeConfig(tx: Tx, at: ConfigAt, patch: ConfigInput): Promise<Config> {
  await ensureConfigured(tx)
  const config = await configOf(tx)
  const before = activeOne(config, at)
  const { name, alternativeCode, description, ...data } = patch
  requireReferences(config, data)
  if (at.kind === 'USER' && name !== undefined && name !== before.name)
    throw refuseCrm('invalid_value', 'a user keeps its name')
  const wasDefault = before.data['isDefault'] === true
  if (wasDefault && data['isDefault'] === false) throw refuseCrm('last_default')
  if (!wasDefault && data['isDefault'] === true) await unsetDefault(tx)
  await unlessTaken(
    sql`
      update crm_config set name = ${name ?? before.name},
        alternative_code = ${alternativeCode === undefined ? before.alternativeCode : alternativeCode},
        description = ${description === undefined ? before.description : description},
        data = data || ${JSON.stringify(data)}::jsonb
      where tenant_id = ${tx.tenantId} and kind = ${at.kind} and config_id = ${at.id}`.execute(
      tx.db,
    ),
  )
  return activeOne(await configOf(tx), at)
}

/** Takes one out of use; payments that name it keep it. */
export async function removeConfig(tx: Tx, at: ConfigAt): Promise<void> {
  await ensureConfigured(tx)
  const config = await configOf(tx)
  const before = activeOne(config, at)
  if (before.data['isDefault'] === true) throw refuseCrm('last_default')
  if (at.kind === 'USER') await removeUser(tx, config, before)
  await sql`
    update crm_config set is_active = false
    where tenant_id = ${tx.tenantId} and kind = ${at.kind} and config_id = ${at.id}`.execute(tx.db)
}

/** A new user with a password, which is shown this once. */
export async function createUser(
  tx: Tx,
  input: ConfigInput,
): Promise<{ user: Config; organisation: string; password: string }> {
  const user = await createConfig(tx, 'USER', input)
  const organisation = await organisationOf(tx)
  const password = newSecret()
  await sql`
    insert into door_credential (tenant_id, door, key_id, secret_sha256, created_at)
    values (${tx.tenantId}, 'crmcom', ${crmcomKeyId(organisation, user.name)}, ${sha256(password)}, ${tx.now})
    on conflict (tenant_id, door, key_id) do update
      set secret_sha256 = excluded.secret_sha256, created_at = excluded.created_at, revoked_at = null`.execute(
    tx.db,
  )
  return { user, organisation, password }
}

async function removeUser(tx: Tx, config: Configuration, user: Config): Promise<void> {
  const first = config.find((one) => one.kind === 'USER')
  if (first?.id === user.id) throw refuseCrm('own_user')
  const keyId = crmcomKeyId(await organisationOf(tx), user.name)
  await sql`
    update door_credential set revoked_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and door = 'crmcom' and key_id = ${keyId}`.execute(tx.db)
  await revokeLogins(tx, user.id)
}

async function organisationOf(tx: Tx): Promise<string> {
  const { rows } = await sql<{ spaceId: number }>`
    select space_id as "spaceId" from tenant where tenant_id = ${tx.tenantId}`.execute(tx.db)
  return `Q${rows[0]?.spaceId ?? ''}`
}

async function unsetDefault(tx: Tx): Promise<void> {
  await sql`
    update crm_config set data = data || '{"isDefault": false}'
    where tenant_id = ${tx.tenantId} and kind = 'REASON' and data ->> 'isDefault' = 'true'`.execute(
    tx.db,
  )
}

function activeOne(config: Configuration, { kind, id }: ConfigAt): Config {
  const found = config.find((one) => one.kind === kind && one.id === id && one.isActive)
  if (!found) throw refuseCrm('config_not_found')
  return found
}

/** What a type or a user names has to be there. */
function requireReferences(config: Configuration, data: Readonly<Record<string, unknown>>): void {
  const require = (kind: ConfigKind, ids: readonly unknown[]) => {
    for (const id of ids) activeOne(config, { kind, id: String(id) })
  }
  require('METHOD', listOf(data['methodIds']))
  require('CATEGORY', listOf(data['categoryIds']))
  require('METHOD', listOf(data['defaultMethodId']))
  require('UNIT', listOf(data['unitId']))
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

const uniqueViolation = '23505'

async function unlessTaken(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === uniqueViolation)
      throw refuseCrm('config_exists')
    throw error
  }
}
