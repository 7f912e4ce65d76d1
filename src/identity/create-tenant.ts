import { randomBytes, randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { isTimeZone } from '../kernel/dates.ts'
import { newId, newSecret } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Tables } from '../platform/tables.ts'
import { doorSecretContext, newClientId, sha256 } from './credentials.ts'
import { refuse } from './refusals.ts'

export interface NewTenant {
  name: string
  isSandbox: boolean
  /** Where its days begin and end; Europe/Berlin unless told. */
  timeZone?: string
}

/** A tenant and its secrets, which are shown this once. Scripts of other people read it: it only grows. */
export interface CreatedTenant {
  tenantId: string
  name: string
  oauth: { clientId: string; clientSecret: string }
  wallee: { spaceId: number; userId: number; authenticationKey: string }
  crmcom: { organisation: string; username: string; password: string }
  payofin: { merchantId: number; apiKey: string; secretKey: string }
}

interface Deps {
  now: () => Date
  sealer: Sealer
}

const nameLengthMax = 200
const authenticationKeyBytes = 32
// The space's number and then the user's within it: unique without a sequence that tenants share.
const usersPerSpaceMax = 1000
const crmcomUsername = 'administrator'

/** Opens a tenant with fresh credentials for every door, all of them or none. */
export async function createTenant(
  db: Kysely<Tables>,
  input: NewTenant,
  deps: Deps,
): Promise<CreatedTenant> {
  const name = input.name.trim()
  const timeZone = input.timeZone ?? 'Europe/Berlin'
  if (name === '' || name.length > nameLengthMax || name.includes('\0')) {
    throw refuse('tenant_name_unusable')
  }
  if (!isTimeZone(timeZone)) throw refuse('time_zone_unknown', timeZone)
  const unit = { tenantId: newId(), now: deps.now() }
  return inTransaction(db, unit, async (tx) => {
    const tenant = { name, timeZone, isSandbox: input.isSandbox }
    const created = makeCredentials({ tenantId: tx.tenantId, name }, await insertTenant(tx, tenant))
    await insertOAuthClient(tx, created.oauth)
    await insertDoorCredentials(tx, created, deps.sealer)
    return created
  })
}

/** The key by which a CRM.COM login is found: user names are only unique within an organisation. */
export function crmcomKeyId(organisation: string, username: string): string {
  return `${organisation}/${username}`
}

async function insertTenant(
  tx: Tx,
  tenant: { name: string; timeZone: string; isSandbox: boolean },
): Promise<number> {
  const row = await tx.db
    .insertInto('tenant')
    .values({
      tenant_id: tx.tenantId,
      name: tenant.name,
      is_sandbox: tenant.isSandbox,
      time_zone: tenant.timeZone,
      settings: '{}',
      created_at: tx.now,
    })
    .returning('space_id')
    .executeTakeFirstOrThrow()
  return row.space_id
}

function makeCredentials(
  tenant: { tenantId: string; name: string },
  spaceId: number,
): CreatedTenant {
  return {
    ...tenant,
    oauth: { clientId: newClientId(), clientSecret: newSecret() },
    wallee: {
      spaceId,
      userId: spaceId * usersPerSpaceMax + 1,
      authenticationKey: randomBytes(authenticationKeyBytes).toString('base64'),
    },
    crmcom: { organisation: `Q${spaceId}`, username: crmcomUsername, password: newSecret() },
    // Clients of Payofin keep both in fields made for GUIDs.
    payofin: { merchantId: spaceId, apiKey: randomUUID(), secretKey: randomUUID() },
  }
}

async function insertOAuthClient(tx: Tx, oauth: CreatedTenant['oauth']): Promise<void> {
  await tx.db
    .insertInto('oauth_client')
    .values({
      tenant_id: tx.tenantId,
      client_id: oauth.clientId,
      secret_sha256: sha256(oauth.clientSecret),
      created_at: tx.now,
      revoked_at: null,
    })
    .execute()
}

async function insertDoorCredentials(
  tx: Tx,
  { wallee, crmcom, payofin }: CreatedTenant,
  sealer: Sealer,
): Promise<void> {
  const tenantId = tx.tenantId
  const walleeKeyId = String(wallee.userId)
  const context = doorSecretContext({ tenantId, door: 'wallee', keyId: walleeKeyId })
  // Requests are signed with this key, so the hash of it is not enough.
  const sealed = sealer.seal(Buffer.from(wallee.authenticationKey, 'base64'), context)
  const credential = (door: string, keyId: string, secret: string) => ({
    tenant_id: tenantId,
    door,
    key_id: keyId,
    secret_sha256: sha256(secret),
    secret_sealed: door === 'wallee' ? sealed : null,
    created_at: tx.now,
    revoked_at: null,
  })
  await tx.db
    .insertInto('door_credential')
    .values([
      credential('wallee', walleeKeyId, wallee.authenticationKey),
      credential('crmcom', crmcomKeyId(crmcom.organisation, crmcom.username), crmcom.password),
      credential('payofin', payofin.apiKey, payofin.secretKey),
    ])
    .execute()
}
