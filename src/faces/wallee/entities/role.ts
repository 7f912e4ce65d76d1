import { sql } from 'kysely'
import { type Call, inCall } from '../call.ts'
import {
  boolean,
  dateTime,
  type Entity,
  idField,
  map,
  oneOf,
  refersTo,
  shown,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { requireHeld } from '../groups.ts'
import { refuse } from '../refusals.ts'
import { type At, deleteRow, insertRow, updateRow } from '../table-store.ts'

const store = {
  kind: 'table',
  table: 'wallee_role',
  deletes: 'state',
  atCreate: ({ now }: Call) => ({ state: 'ACTIVE', created_at: now }),
} as const

/** A bundle of permissions. Nobody makes one that allows more than they may do themselves. */
export const role: Entity = {
  name: 'Role',
  group: 'roles',
  scope: 'account',
  v2: { path: '/roles', verbs: ['list', 'get', 'search', 'create', 'update', 'delete'] },
  fields: {
    ...idField,
    ...versionField,
    account: { type: refersTo('Account'), create: 'required', column: 't.account_id' },
    description: writable(map),
    name: writable(map),
    permissions: writable({
      kind: 'reference',
      entity: 'Permission',
      v1: 'object',
      v2: 'object',
      isList: true,
      writes: 'object',
    }),
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    state: shown(oneOf('CREATE', 'ACTIVE', 'DELETING', 'DELETED')),
    twoFactorRequired: writable(boolean),
  },
  store,
  create(call, values) {
    requireHeldBy(call, values)
    const at: At = { entity: role, store, call }
    return inCall(call, (tx) => insertRow(tx, at, withoutNulls(values)))
  },
  async update(call, change) {
    requireHeldBy(call, change.values)
    await inCall(call, async (tx) => {
      await requireOwn(call, change.id)
      await updateRow(tx, { entity: role, store, call }, change)
    })
  },
  async remove(call, id) {
    await requireOwn(call, id)
    await inCall(call, async (tx) => {
      await deleteRow(tx, { entity: role, store, call }, id)
      await sql`delete from wallee_user_role r where r.tenant_id = ${tx.tenantId} and r.role_id = ${id}`.execute(
        tx.db,
      )
    })
  },
}

function requireHeldBy(call: Call, { permissions }: Values): void {
  if (Array.isArray(permissions)) requireHeld(call.permissions, permissions.map(Number))
}

function withoutNulls(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** The two roles that every account begins with stay as they are. */
async function requireOwn(call: Call, id: number): Promise<void> {
  await inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('wallee_role')
      .select('is_built_in')
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row) throw refuse('not_found')
    if (row.is_built_in) throw refuse('invalid_state', 'the role came with the account')
  })
}
