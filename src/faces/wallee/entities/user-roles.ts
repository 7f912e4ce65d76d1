import type { Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  type ActionDoor,
  boolean,
  type Entity,
  idField,
  long,
  nothing,
  shown,
} from '../entity.ts'
import { requireHeld } from '../groups.ts'
import { refuse } from '../refusals.ts'

type Kind = 'space' | 'account'

const number = { type: long, isRequired: true }
/** The three kinds of user, by their paths and what they are in the table. */
const users = [
  ['/application-users', 'APPLICATION_USER'],
  ['/human-users', 'HUMAN_USER'],
  ['/single-sign-on-users', 'SINGLE_SIGNON_USER'],
] as const

/** The roles that a user has in a space. */
export const userSpaceRole: Entity = {
  name: 'UserSpaceRole',
  group: 'users',
  scope: 'account',
  fields: {
    ...idField,
    role: shown(long, { column: 't.role_id' }),
    space: shown(long, { column: 't.space_id' }),
    user: shown(long, { column: 't.user_id' }),
    version: shown({ kind: 'integer' }),
  },
  store: { kind: 'table', table: 'wallee_user_role', where: 't.space_id is not null' },
  actions: actionsOf('space'),
}

/** The roles that a user has in an account, and in those below it where they apply there. */
export const userAccountRole: Entity = {
  name: 'UserAccountRole',
  group: 'users',
  scope: 'account',
  fields: {
    ...idField,
    account: shown(long, { column: 't.account_id' }),
    appliesOnSubAccount: shown(boolean),
    role: shown(long, { column: 't.role_id' }),
    user: shown(long, { column: 't.user_id' }),
    version: shown({ kind: 'integer' }),
  },
  store: { kind: 'table', table: 'wallee_user_role', where: 't.account_id is not null' },
  actions: actionsOf('account'),
}

const placeField = { space: 'space_id', account: 'account_id' } as const

function actionsOf(kind: Kind): readonly Action[] {
  const entity = kind === 'space' ? 'UserSpaceRole' : 'UserAccountRole'
  return [...v1Actions(kind, entity), ...users.flatMap((user) => v2Actions(kind, entity, user))]
}

function v1Actions(kind: Kind, entity: string): Action[] {
  const path = `/user-${kind}-role`
  const door = (method: 'POST', name: string): ActionDoor => ({
    method,
    path: `${path}/${name}`,
    scope: `in-${kind}`,
  })
  return [
    {
      name: `Roles of a user in ${kind === 'space' ? 'a space' : 'an account'}`,
      needs: 'read',
      params: { userId: number },
      v1: door('POST', 'list'),
      async run(call, { params }) {
        const ids = await roleIds(call, { kind, userId: Number(params['userId']) })
        return { kind: 'objects', entity, ids }
      },
    },
    {
      name: `Give a user a role in ${kind === 'space' ? 'a space' : 'an account'}`,
      needs: 'write',
      params: {
        userId: number,
        roleId: number,
        ...(kind === 'account' ? { appliesOnSubaccount: { type: boolean } } : {}),
      },
      v1: door('POST', 'addRole'),
      async run(call, { params }) {
        const id = await addRole(call, {
          kind,
          userId: Number(params['userId']),
          roleId: Number(params['roleId']),
          appliesBelow: params['appliesOnSubaccount'] === true,
        })
        return { kind: 'object', entity, id }
      },
    },
    {
      name: `Take a role from a user in ${kind === 'space' ? 'a space' : 'an account'}`,
      needs: 'write',
      params: { id: number },
      v1: { method: 'POST', path: `${path}/removeRole` },
      async run(call, { params }) {
        await removeRole(call, { kind, id: Number(params['id']) })
        return nothing
      },
    },
  ]
}

function v2Actions(kind: Kind, entity: string, user: (typeof users)[number]): Action[] {
  const [base, userType] = user
  const path = `${base}/{userId}/${kind}-roles`
  const scope = `in-${kind}` as const
  return [
    {
      name: `Roles of a user (${base.slice(1)}) by ${kind}`,
      needs: 'read',
      params: { userId: number },
      v2: { method: 'GET', path, scope },
      async run(call, { params }) {
        const ids = await roleIds(call, { kind, userId: Number(params['userId']), userType })
        return { kind: 'pageOf', entity, ids }
      },
    },
    {
      name: `Give a user (${base.slice(1)}) a role by ${kind}`,
      needs: 'write',
      params: {
        userId: number,
        roleId: number,
        ...(kind === 'account' ? { appliesOnSubAccount: { type: boolean } } : {}),
      },
      v2: { method: 'POST', path, scope },
      async run(call, { params }) {
        const id = await addRole(call, {
          kind,
          userType,
          userId: Number(params['userId']),
          roleId: Number(params['roleId']),
          appliesBelow: params['appliesOnSubAccount'] === true,
        })
        return { kind: 'object', entity, id }
      },
    },
    {
      name: `Take a role from a user (${base.slice(1)}) by ${kind}`,
      needs: 'write',
      params: { userId: number, roleId: number },
      v2: { method: 'DELETE', path, scope },
      async run(call, { params }) {
        const userId = Number(params['userId'])
        await removeRole(call, { kind, userId, userType, roleId: Number(params['roleId']) })
        return nothing
      },
    },
  ]
}

interface OfUser {
  readonly kind: Kind
  readonly userId: number
  readonly userType?: string
}

/** The place that the request names. */
const placeOf = (call: Call, kind: Kind) => (kind === 'space' ? call.spaceId : call.accountId)
const rolesMax = 100

async function roleIds(call: Call, of: OfUser): Promise<number[]> {
  return inCall(call, async (tx) => {
    await requireUser(tx, of)
    const rows = await tx.db
      .selectFrom('wallee_user_role')
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('user_id', '=', of.userId)
      .where(placeField[of.kind], '=', placeOf(call, of.kind))
      .orderBy('id')
      .limit(rolesMax)
      .execute()
    return rows.map((row) => row.id)
  })
}

/** Gives a role; one that the user has already is answered as it is. */
async function addRole(
  call: Call,
  of: OfUser & { roleId: number; appliesBelow: boolean },
): Promise<number> {
  const { kind, userId, roleId, appliesBelow } = of
  const place = placeOf(call, kind)
  return inCall(call, async (tx) => {
    const user = await requireUser(tx, of)
    await requireRole(tx, { call, roleId, user })
    await tx.db
      .insertInto('wallee_user_role')
      .values({
        tenant_id: tx.tenantId,
        user_id: userId,
        role_id: roleId,
        account_id: kind === 'account' ? place : null,
        space_id: kind === 'space' ? place : null,
        applies_on_sub_account: appliesBelow,
        created_at: tx.now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await tx.db
      .selectFrom('wallee_user_role')
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('user_id', '=', userId)
      .where('role_id', '=', roleId)
      .where(placeField[kind], '=', place)
      .executeTakeFirstOrThrow()
    return row.id
  })
}

type Removal = { readonly kind: Kind; readonly id: number } | (OfUser & { readonly roleId: number })

async function removeRole(call: Call, of: Removal): Promise<void> {
  await inCall(call, async (tx) => {
    const rows = tx.db.deleteFrom('wallee_user_role').where('tenant_id', '=', tx.tenantId)
    const removal =
      'id' in of
        ? rows.where('id', '=', of.id).where(placeField[of.kind], 'is not', null)
        : rows
            .where('user_id', '=', of.userId)
            .where('role_id', '=', of.roleId)
            .where(placeField[of.kind], '=', placeOf(call, of.kind))
    const { numDeletedRows } = await removal.executeTakeFirstOrThrow()
    if (numDeletedRows === 0n) throw refuse('not_found')
  })
}

interface User {
  readonly user_type: string
  readonly two_factor_enabled: boolean
}

async function requireUser(tx: Tx, { userId, userType }: OfUser): Promise<User> {
  const row = await tx.db
    .selectFrom('wallee_user')
    .select(['user_type', 'two_factor_enabled'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', userId)
    .where('state', '<>', 'DELETED')
    .executeTakeFirst()
  if (!row || (userType !== undefined && row.user_type !== userType)) throw refuse('not_found')
  return row
}

/** The role is there, within what the caller may do, and not for people with a second factor only if this is none. */
async function requireRole(
  tx: Tx,
  { call, roleId, user }: { call: Call; roleId: number; user: User },
): Promise<void> {
  const row = await tx.db
    .selectFrom('wallee_role')
    .select(['permissions', 'two_factor_required'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', roleId)
    .where('state', '=', 'ACTIVE')
    .executeTakeFirst()
  if (!row) throw refuse('unprocessable', 'there is no such role')
  requireHeld(call.permissions, row.permissions)
  const lacksFactor = user.user_type === 'HUMAN_USER' && !user.two_factor_enabled
  if (row.two_factor_required && lacksFactor)
    throw refuse('unprocessable', 'the role is for users with a second factor')
}
