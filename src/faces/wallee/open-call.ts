import { sql } from 'kysely'
import { requireRate as requireTenantRate } from '../../identity/index.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Call, Caller, WalleeDeps } from './call.ts'
import type { Group } from './groups.ts'
import { isAllowed } from './groups.ts'
import { openGround } from './open-ground.ts'
import { refuse } from './refusals.ts'

/** What an operation says about itself before its caller is let in. */
export interface Asked {
  readonly version: 1 | 2
  readonly group: Group
  readonly needs: 'read' | 'write'
  /** Where it works: `space` and `account` are named by the request, `home` is where the caller belongs. */
  readonly place: 'space' | 'account' | 'home'
  /** The rows are the home's, wherever the rights are looked up. */
  readonly isAtHome?: boolean
  readonly spaceId?: number | undefined
  readonly accountId?: number | undefined
  readonly expand: ReadonlySet<string>
  readonly language: string
}

/** Lets a caller in where they may do what they ask, within their rates, or refuses. */
export async function openCall(deps: WalleeDeps, caller: Caller, asked: Asked): Promise<Call> {
  const place = await findPlace(deps, caller, asked)
  requireRate(deps, `wallee-user/${caller.userId}`, place.userLimit)
  requireRate(deps, `wallee-space/${place.spaceId}`, place.spaceLimit)
  const permissions = new Set(place.permissions)
  if (!isAllowed(permissions, asked.group, asked.needs)) throw refuse('forbidden')
  const tenantId = asked.place === 'space' && !asked.isAtHome ? place.spaceTenantId : caller.homeId
  const tenant = await deps.tenants.tenantOf(tenantId)
  if (!tenant) throw refuse('unauthorized')
  requireTenantRate(deps.services, tenant)
  return {
    deps,
    version: asked.version,
    caller,
    tenant,
    tenantId,
    spaceId: place.spaceId,
    accountId: place.accountId,
    permissions,
    now: deps.services.clocks.nowOf(tenantId),
    expand: asked.expand,
    language: asked.language,
  }
}

interface Place {
  readonly spaceId: number
  readonly spaceTenantId: string
  readonly accountId: number
  readonly userLimit: number | null
  readonly spaceLimit: number | null
  readonly permissions: readonly number[]
}

async function findPlace(deps: WalleeDeps, caller: Caller, asked: Asked): Promise<Place> {
  if (asked.place === 'space' && asked.spaceId === undefined) throw refuse('space_missing')
  if (asked.place === 'account' && asked.accountId === undefined) throw refuse('account_missing')
  const { db, clocks } = deps.services
  const unit = { tenantId: caller.homeId, now: clocks.nowOf(caller.homeId) }
  const found = await inTransaction(db, unit, (tx) => readPlace(tx, caller, asked))
  if (found) return checked(found, asked)
  await inTransaction(db, unit, openGround)
  const opened = await inTransaction(db, unit, (tx) => readPlace(tx, caller, asked))
  if (!opened) throw refuse('unauthorized')
  return checked(opened, asked)
}

interface PlaceRow {
  readonly userState: string
  readonly userLimit: number | null
  readonly accountId: number | null
  readonly accountState: string | null
  readonly spaceId: number | null
  readonly spaceTenantId: string | null
  readonly spaceState: string | null
  readonly spaceLimit: number | null
  readonly permissions: readonly number[]
}

function checked(row: PlaceRow, asked: Asked): Place {
  if (row.userState !== 'ACTIVE') throw refuse('unauthorized', 'the user is not active')
  const { accountId, spaceId, spaceTenantId, userLimit, spaceLimit, permissions } = row
  if (asked.place === 'space') {
    if (spaceId === null || spaceTenantId === null || row.spaceState === 'DELETED')
      throw refuse('forbidden', 'there is no such space for this user')
    if (row.spaceState !== 'ACTIVE') throw refuse('forbidden', 'the space is not active')
  }
  if (accountId === null) throw refuse('forbidden', 'there is no such account for this user')
  const isOpen = row.accountState === 'ACTIVE' || row.accountState === 'RESTRICTED_ACTIVE'
  if (!isOpen && asked.place !== 'home') throw refuse('forbidden', 'the account is not active')
  return {
    spaceId: spaceId ?? 0,
    spaceTenantId: spaceTenantId ?? '',
    accountId,
    userLimit,
    spaceLimit,
    permissions,
  }
}

/** The user, the place and what the roles allow there: those of the space, of its account, and of accounts above. */
async function readPlace(tx: Tx, caller: Caller, asked: Asked): Promise<PlaceRow | undefined> {
  const spaceId = asked.place === 'space' ? asked.spaceId : null
  const accountId = asked.place === 'account' ? asked.accountId : null
  const { rows } = await sql<PlaceRow>`
    with recursive place as (
      select u.state as user_state, u.request_limit as user_limit, s.id as space_id, s.space_tenant_id, s.state as space_state,
        s.request_limit as space_limit, coalesce(${accountId}::bigint, s.account_id, u.primary_account) as account_id
      from wallee_user u
      left join wallee_space s on s.tenant_id = u.tenant_id and s.id = ${spaceId}::bigint
      where u.tenant_id = ${tx.tenantId} and u.id = ${caller.userId}
    ), up (id, parent, level) as (
      select a.id, a.parent_account, 0 from wallee_account a join place p on p.account_id = a.id
      where a.tenant_id = ${tx.tenantId}
      union all
      select a.id, a.parent_account, up.level + 1 from wallee_account a join up on up.parent = a.id
      where a.tenant_id = ${tx.tenantId} and up.level < 10
    )
    select p.user_state as "userState", p.user_limit as "userLimit", a.id as "accountId", a.state as "accountState",
      p.space_id as "spaceId", p.space_tenant_id as "spaceTenantId", p.space_state as "spaceState",
      p.space_limit as "spaceLimit", coalesce((
        select jsonb_agg(distinct one.id) from wallee_user_role ur
        join wallee_role r on r.tenant_id = ur.tenant_id and r.id = ur.role_id and r.state = 'ACTIVE'
        cross join lateral jsonb_array_elements(r.permissions) one (id)
        where ur.tenant_id = ${tx.tenantId} and ur.user_id = ${caller.userId}
          and (ur.space_id = p.space_id or ur.account_id = p.account_id
            or (ur.applies_on_sub_account and ur.account_id in (select up.id from up)))), '[]') as permissions
    from place p left join wallee_account a on a.tenant_id = ${tx.tenantId} and a.id = p.account_id and a.state <> 'DELETED'`.execute(
    tx.db,
  )
  return rows[0]
}

const rateWindowSeconds = 120

/** Limits are given as requests in two minutes (a.2). */
function requireRate({ services }: WalleeDeps, key: string, limit: number | null): void {
  const rate =
    limit === null ? undefined : { ratePerSecond: limit / rateWindowSeconds, burst: limit }
  const taken = services.limiter.take(key, services.clock().getTime(), rate)
  if (taken.isAllowed) return
  throw new Refusal('rate_limited', 'too_many', 'Too many requests', taken.retryAfterSeconds)
}
