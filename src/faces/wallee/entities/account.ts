import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  boolean,
  dateTime,
  type Entity,
  idField,
  long,
  nothing,
  oneOf,
  refersTo,
  shown,
  text,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { deleteRow, insertRow, type At } from '../table-store.ts'
import { scopeId } from './installation.ts'

const store = {
  kind: 'table',
  table: 'wallee_account',
  deletes: 'state',
  atCreate: (call: Call) => ({
    name: 'Account',
    account_type: 'SUBACCOUNT',
    // An account that is nobody's would be reached by nobody.
    parent_account: call.accountId,
    state: 'ACTIVE',
    created_by: call.caller.userId,
    created_at: call.now,
  }),
} as const

/** The organisation that spaces and users belong to; a new one hangs below the account of who makes it. */
export const account: Entity = {
  name: 'Account',
  group: 'accounts',
  scope: 'account',
  v1: { path: '/account', verbs: ['create', 'read', 'update', 'delete', 'search', 'count'] },
  v2: { path: '/accounts', verbs: ['list', 'get', 'search', 'create', 'update', 'delete'] },
  fields: {
    ...idField,
    ...versionField,
    active: shown(boolean, { column: "(t.state = 'ACTIVE')" }),
    activeOrRestrictedActive: shown(boolean, {
      column: "(t.state in ('ACTIVE', 'RESTRICTED_ACTIVE'))",
    }),
    createdBy: shown(long),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    deletedBy: shown(long),
    deletedOn: shown(dateTime, { column: 't.deleted_at' }),
    name: writable(text(200, { min: 3 })),
    parentAccount: { type: refersTo('Account'), create: 'optional' },
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    restrictedActive: shown(boolean, { column: "(t.state = 'RESTRICTED_ACTIVE')" }),
    scope: {
      type: refersTo('Scope', { v1: 'id', v2: 'object' }),
      create: 'required',
      column: `${scopeId}::bigint`,
      isDerived: true,
    },
    state: shown(oneOf('CREATE', 'RESTRICTED_ACTIVE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
    subaccountLimit: writable({ kind: 'long', min: 0 }),
    type: shown(oneOf('MASTER', 'REGULAR', 'SUBACCOUNT'), { column: 't.account_type' }),
  },
  store,
  create(call, values) {
    return inCall(call, async (tx) => {
      const { parentAccount, ...rest } = values
      const parent = Number(parentAccount ?? call.accountId)
      await requireRoom(tx, parent)
      const at: At = { entity: account, store, call }
      return insertRow(tx, at, { ...rest, parentAccount: parent })
    })
  },
  remove(call, id) {
    return inCall(call, async (tx) => {
      if (id === call.accountId) throw refuse('invalid_state', 'it is the account of who asks')
      const { rows } = await sql`
        select 1 from wallee_account a where a.tenant_id = ${tx.tenantId} and a.parent_account = ${id} and a.state <> 'DELETED'
        union all
        select 1 from wallee_space s where s.tenant_id = ${tx.tenantId} and s.account_id = ${id} and s.state <> 'DELETED'
        limit 1`.execute(tx.db)
      if (rows.length > 0) throw refuse('in_use')
      await deleteRow(tx, { entity: account, store, call }, id)
      await noteDeletion(tx, 'wallee_account', { id, userId: call.caller.userId })
    })
  },
  actions: [
    changingState('Activate an account', '/accounts/{id}/activate', 'ACTIVE'),
    changingState('Deactivate an account', '/accounts/{id}/deactivate', 'INACTIVE'),
  ],
}

/** Who deleted something, and when. */
export async function noteDeletion(
  tx: Tx,
  table: 'wallee_account' | 'wallee_space',
  of: { id: number; userId: number },
): Promise<void> {
  await tx.db
    .updateTable(table)
    .set({ deleted_by: of.userId, deleted_at: tx.now })
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', of.id)
    .execute()
}

/** An account may limit how many are below it. Counted once it is held, with those that were made while this waited. */
async function requireRoom(tx: Tx, parent: number): Promise<void> {
  const { rows } = await sql<{ limit: number | null }>`
    select a.subaccount_limit as "limit" from wallee_account a
    where a.tenant_id = ${tx.tenantId} and a.id = ${parent} for update`.execute(tx.db)
  const limit = rows[0]?.limit ?? null
  if (limit === null) return
  const { rows: below } = await sql<{ isFull: boolean }>`
    select count(*) >= ${limit}::bigint as "isFull" from wallee_account s
    where s.tenant_id = ${tx.tenantId} and s.parent_account = ${parent} and s.state <> 'DELETED'`.execute(
    tx.db,
  )
  if (below[0]?.isFull) throw refuse('unprocessable', 'the account has as many as it may have')
}

function changingState(name: string, path: string, state: 'ACTIVE' | 'INACTIVE'): Action {
  return {
    name,
    needs: 'write',
    params: { id: { type: long, isRequired: true } },
    v2: { method: 'POST', path },
    async run(call, { params }) {
      await setState(call, Number(params['id']), state)
      return nothing
    },
  }
}

async function setState(call: Call, id: number, state: 'ACTIVE' | 'INACTIVE'): Promise<void> {
  if (state === 'INACTIVE' && id === call.accountId)
    throw refuse('invalid_state', 'it is the account of who asks')
  await inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('wallee_account')
      .select('state')
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw refuse('not_found')
    if (row.state === state) return
    if (row.state === 'DELETED') throw refuse('invalid_state', 'it is deleted')
    await tx.db
      .updateTable('wallee_account')
      .set((eb) => ({ state, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .execute()
  })
}
