import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import {
  crmcomKeyId,
  isSecretOf,
  sha256,
  type Tenant,
  type TenantFinder,
} from '../identity/index.ts'
import type { BoundedMap } from '../platform/bounded-map.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { configOf, defaultUnitOf, ensureConfigured, findConfig } from './configuration.ts'
import { refuseCrm } from './refusals.ts'

export interface SessionDeps {
  readonly db: Kysely<Tables>
  readonly tenants: TenantFinder
  /** The machine's time: a login does not live longer or shorter by a test clock. */
  readonly clock: () => Date
  /** A space keeps its tenant for good, so what was found once is not asked for again. */
  readonly spaces: BoundedMap<number, string>
}

/** Who calls, and for which of its units. */
export interface Session {
  readonly tenant: Tenant
  readonly userId: string
  readonly unitId: string
}

export interface Login {
  readonly organisation: string
  readonly username: string
  readonly password: string
  /** The id of a unit; the user's own unless given. */
  readonly unit?: string | undefined
}

/** How long a token lives, used or not. */
export const tokenLifeMs = 2 * 60 * 60 * 1_000
const prefixDigits = 8
const tokenBytes = 12
const expiredAtOnce = 100

/** A token for a user of an organisation that knows the password; others live on beside it. */
export async function issueToken(deps: SessionDeps, login: Login): Promise<string> {
  const spaceId = /^Q(\d{1,9})$/.exec(login.organisation)?.[1]
  const tenantId = spaceId === undefined ? undefined : await tenantOfSpace(deps, Number(spaceId))
  if (spaceId === undefined || tenantId === undefined) throw refuseCrm('invalid_credentials')
  return inTransaction(deps.db, { tenantId, now: deps.clock() }, async (tx) => {
    const keyId = crmcomKeyId(login.organisation, login.username)
    const { rows } = await sql<{ secret: Buffer }>`
      select secret_sha256 as secret from door_credential
      where tenant_id = ${tenantId} and door = 'crmcom' and key_id = ${keyId} and revoked_at is null`.execute(
      tx.db,
    )
    const [row] = rows
    if (!row || !isSecretOf(login.password, row.secret)) throw refuseCrm('invalid_credentials')
    await ensureConfigured(tx)
    const user = await findConfig(tx, { kind: 'USER', field: 'name', value: login.username })
    const unitId = await unitFor(tx, user.id, login.unit)
    return insertToken(tx, { spaceId: Number(spaceId), userId: user.id, unitId })
  })
}

/** A token for whoever holds a web API key. */
export async function issueTokenForKey(
  deps: SessionDeps,
  key: string,
  unit: string | undefined,
): Promise<string> {
  const found = await lookUp(deps, key)
  if (!found?.isKey) throw refuseCrm('invalid_credentials')
  return inTransaction(deps.db, { tenantId: found.tenantId, now: deps.clock() }, async (tx) => {
    const unitId = unit === undefined ? found.unitId : await unitFor(tx, found.userId, unit)
    return insertToken(tx, { spaceId: found.spaceId, userId: found.userId, unitId })
  })
}

/** The session of a live token. */
export async function findSession(deps: SessionDeps, token: string): Promise<Session> {
  const found = await lookUp(deps, token)
  if (!found || found.isKey) throw refuseCrm('invalid_token')
  const tenant = await deps.tenants.tenantOf(found.tenantId)
  if (!tenant) throw refuseCrm('invalid_token')
  return { tenant, userId: found.userId, unitId: found.unitId }
}

/** Ends a token; the user's others live on. */
export async function releaseToken(
  deps: SessionDeps,
  session: Session,
  token: string,
): Promise<void> {
  const { tenantId } = session.tenant
  await inTransaction(deps.db, { tenantId, now: deps.clock() }, (tx) =>
    sql`delete from crm_token where tenant_id = ${tenantId} and token_sha256 = ${sha256(token)}
      and not is_key`.execute(tx.db),
  )
}

/** A new web API key of a user, readable this once. */
export async function createWebApiKey(tx: Tx, userId: string): Promise<string> {
  const { rows } = await sql<{ spaceId: number }>`
    select space_id as "spaceId" from tenant where tenant_id = ${tx.tenantId}`.execute(tx.db)
  const spaceId = rows[0]?.spaceId ?? 0
  return insertToken(tx, {
    spaceId,
    userId,
    unitId: await unitFor(tx, userId, undefined),
    isKey: true,
  })
}

/** Takes everything from a user that it could call with. */
export async function revokeLogins(tx: Tx, userId: string): Promise<void> {
  await sql`delete from crm_token where tenant_id = ${tx.tenantId} and user_id = ${userId}`.execute(
    tx.db,
  )
}

async function unitFor(tx: Tx, userId: string, unitId: string | undefined): Promise<string> {
  if (unitId !== undefined) {
    return (await findConfig(tx, { kind: 'UNIT', field: 'id', value: unitId })).id
  }
  const config = await configOf(tx)
  return defaultUnitOf(config, userId)
}

async function insertToken(
  tx: Tx,
  of: { spaceId: number; userId: string; unitId: string; isKey?: boolean },
): Promise<string> {
  const token = newToken(of.spaceId)
  const expiresAt = of.isKey === true ? null : new Date(tx.now.getTime() + tokenLifeMs)
  await sql`
    delete from crm_token where tenant_id = ${tx.tenantId} and token_sha256 in (
      select token_sha256 from crm_token where tenant_id = ${tx.tenantId} and expires_at <= ${tx.now}
      limit ${expiredAtOnce} for update skip locked)`.execute(tx.db)
  await sql`
    insert into crm_token (tenant_id, token_sha256, user_id, unit_id, is_key, created_at, expires_at)
    values (${tx.tenantId}, ${sha256(token)}, ${of.userId}, ${of.unitId}, ${of.isKey === true},
      ${tx.now}, ${expiresAt})`.execute(tx.db)
  return token
}

/**
 * 32 hexadecimal digits. The first 8, mixed with the next 8, name the space, so that the tenant is known before its
 * tables are read; 96 bits are chance.
 */
function newToken(spaceId: number): string {
  const chance = randomBytes(tokenBytes)
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE((spaceId ^ chance.readUInt32BE(0)) >>> 0)
  return Buffer.concat([prefix, chance]).toString('hex').toUpperCase()
}

interface Found {
  readonly tenantId: string
  readonly spaceId: number
  readonly userId: string
  readonly unitId: string
  readonly isKey: boolean
}

async function lookUp(deps: SessionDeps, token: string): Promise<Found | undefined> {
  if (!/^[0-9A-F]{32}$/.test(token)) return undefined
  const first = Number.parseInt(token.slice(0, prefixDigits), 16)
  const second = Number.parseInt(token.slice(prefixDigits, prefixDigits * 2), 16)
  const spaceId = (first ^ second) >>> 0
  const tenantId = await tenantOfSpace(deps, spaceId)
  if (tenantId === undefined) return undefined
  const unit = { tenantId, now: deps.clock(), isReadOnly: true }
  return inTransaction(deps.db, unit, async (tx) => {
    const { rows } = await sql<Pick<Found, 'userId' | 'unitId' | 'isKey'>>`
      select user_id as "userId", unit_id as "unitId", is_key as "isKey" from crm_token
      where tenant_id = ${tenantId} and token_sha256 = ${sha256(token)}
        and (expires_at is null or expires_at > ${tx.now})`.execute(tx.db)
    return rows[0] && { tenantId, spaceId, ...rows[0] }
  })
}

async function tenantOfSpace(deps: SessionDeps, spaceId: number): Promise<string | undefined> {
  const known = deps.spaces.get(spaceId)
  if (known !== undefined) return known
  const { rows } = await sql<{ id: string | null }>`
    select crm_tenant_of_space(${spaceId}) as id`.execute(deps.db)
  const tenantId = rows[0]?.id ?? undefined
  if (tenantId !== undefined) deps.spaces.set(spaceId, tenantId)
  return tenantId
}
