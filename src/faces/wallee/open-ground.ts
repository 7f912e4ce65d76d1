import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { everythingId, groups, permissionIds } from './groups.ts'

/**
 * Gives a tenant what these doors need and `tenant create` knows nothing of: an account, the space that the tenant is, two
 * roles, and its first application user as administrator. Done at the first request; done again it changes nothing.
 */
export async function openGround(tx: Tx): Promise<void> {
  // Two first requests at once: the second waits here and finds everything done.
  const tenant = await tx.db
    .selectFrom('tenant')
    .select(['name', 'space_id', 'time_zone', 'created_at'])
    .where('tenant_id', '=', tx.tenantId)
    .forUpdate()
    .executeTakeFirst()
  if (!tenant || (await isOpen(tx))) return
  const { id: accountId } = await tx.db
    .insertInto('wallee_account')
    .values({
      tenant_id: tx.tenantId,
      name: tenant.name,
      account_type: 'REGULAR',
      state: 'ACTIVE',
      parent_account: null,
      subaccount_limit: null,
      created_by: null,
      created_at: tenant.created_at,
      deleted_by: null,
      deleted_at: null,
      planned_purge_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await insertSpace(tx, tenant, accountId)
  const administrator = await insertRole(tx, 'Administrator', [everythingId])
  await insertRole(
    tx,
    'Reader',
    groups.map((group) => permissionIds(group).read),
  )
  await insertFirstUsers(tx, accountId, administrator)
}

async function isOpen(tx: Tx): Promise<boolean> {
  const { rows } =
    await sql`select 1 from wallee_account a where a.tenant_id = ${tx.tenantId} limit 1`.execute(
      tx.db,
    )
  return rows.length > 0
}

async function insertSpace(
  tx: Tx,
  tenant: { name: string; space_id: number; time_zone: string; created_at: Date },
  accountId: number,
): Promise<void> {
  await sql`
    insert into wallee_space (tenant_id, id, space_tenant_id, account_id, name, time_zone, state, created_at)
    values (${tx.tenantId}, ${tenant.space_id}, ${tx.tenantId}, ${accountId}, ${tenant.name}, ${tenant.time_zone},
      'ACTIVE', ${tenant.created_at})`.execute(tx.db)
}

async function insertRole(tx: Tx, name: string, permissions: readonly number[]): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into wallee_role (tenant_id, name, permissions, is_built_in, state, created_at)
    values (${tx.tenantId}, ${JSON.stringify({ 'en-US': name })}::jsonb, ${JSON.stringify(permissions)}::jsonb,
      true, 'ACTIVE', ${tx.now}) returning id`.execute(tx.db)
  return rows[0]?.id ?? 0
}

/** Those whose keys `tenant create` made. */
async function insertFirstUsers(tx: Tx, accountId: number, roleId: number): Promise<void> {
  await sql`
    with keys as (
      select c.key_id, c.key_id::bigint as user_id, c.created_at from door_credential c
      where c.tenant_id = ${tx.tenantId} and c.door = 'wallee' and c.key_id ~ '^[0-9]{1,15}$'
    ), users as (
      insert into wallee_user (tenant_id, id, user_type, state, primary_account, name, created_at)
      select ${tx.tenantId}::uuid, k.user_id, 'APPLICATION_USER', 'ACTIVE', ${accountId}::bigint, 'First user', k.created_at
      from keys k returning id
    ), user_keys as (
      insert into wallee_user_key (tenant_id, user_id, credential_key_id, created_at)
      select ${tx.tenantId}::uuid, k.user_id, k.key_id, k.created_at from keys k join users u on u.id = k.user_id
    )
    insert into wallee_user_role (tenant_id, user_id, role_id, account_id, applies_on_sub_account, created_at)
    select ${tx.tenantId}::uuid, u.id, ${roleId}::bigint, ${accountId}::bigint, true, ${tx.now} from users u`.execute(
    tx.db,
  )
}
