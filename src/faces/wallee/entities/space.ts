import { sql } from 'kysely'
import { createTenant } from '../../../identity/index.ts'
import { inTransaction, type Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import {
  boolean,
  dateTime,
  type Entity,
  type Fields,
  idField,
  long,
  object,
  refersTo,
  shown,
  switchable,
  text,
  texts,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { type At, deleteRow, insertRow, updateRow } from '../table-store.ts'
import { noteDeletion } from './account.ts'
import { databaseId } from './installation.ts'
import { postalAddressFields } from './postal-address.ts'

const notOfSpaces = new Set([
  'commercialRegisterNumber',
  'dateOfBirth',
  'gender',
  'legalOrganizationForm',
  'socialSecurityNumber',
])
const spaceAddressFields: Fields = Object.fromEntries(
  Object.entries(postalAddressFields).filter(([name]) => !notOfSpaces.has(name)),
)

const store = {
  kind: 'table',
  table: 'wallee_space',
  deletes: 'state',
  atCreate: (call: Call) => ({
    state: 'ACTIVE',
    created_by: call.caller.userId,
    created_at: call.now,
  }),
} as const

const timeZoneDefault = 'Europe/Zurich'

/** A space is a tenant; the account's home keeps the list of its spaces. */
export const space: Entity = {
  name: 'Space',
  group: 'spaces',
  scope: 'account',
  v1: { path: '/space', verbs: ['create', 'read', 'update', 'delete', 'search', 'count'] },
  v2: { path: '/spaces', verbs: ['list', 'get', 'search', 'create', 'update', 'delete'] },
  fields: {
    ...idField,
    ...versionField,
    account: { type: refersTo('Account'), create: 'required', column: 't.account_id' },
    active: shown(boolean, { column: "(t.state = 'ACTIVE')" }),
    activeOrRestrictedActive: shown(boolean, { column: "(t.state = 'ACTIVE')" }),
    createdBy: shown(long),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    database: {
      type: refersTo('TenantDatabase'),
      create: 'optional',
      column: `${databaseId}::bigint`,
      isDerived: true,
    },
    deletedBy: shown(long),
    deletedOn: shown(dateTime, { column: 't.deleted_at' }),
    name: writable(text(200, { min: 3 })),
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    postalAddress: writable(object(spaceAddressFields)),
    primaryCurrency: writable(text(3, { format: 'currency' })),
    requestLimit: writable({ kind: 'long', min: 1 }),
    restrictedActive: shown(boolean, { column: 'false' }),
    state: writable(switchable()),
    technicalContactAddresses: writable(texts),
    timeZone: writable(text(64, { format: 'timeZone' })),
  },
  store,
  async create(call, values) {
    const { services, sealer } = call.deps
    const name = textOf(values['name']) ?? 'Space'
    const timeZone = textOf(values['timeZone']) ?? timeZoneDefault
    // A space made and not listed, should the second step fail, is reached by nobody and does no harm.
    const made = await createTenant(
      services.db,
      { name, timeZone, isSandbox: call.tenant.isSandbox },
      { now: services.clock, sealer },
    )
    await inCall(call, (tx) => listSpace(tx, call, { values, name, timeZone, made }))
    return made.wallee.spaceId
  },
  async update(call, change) {
    const spaceTenantId = await inCall(call, async (tx) => {
      await updateRow(tx, { entity: space, store, call }, change)
      return tenantOf(tx, change.id)
    })
    await updateTenant(call, spaceTenantId, change.values)
  },
  async remove(call, id) {
    await inCall(call, async (tx) => {
      const { rows } = await sql`select 1 from wallee_space s
        where s.tenant_id = ${tx.tenantId} and s.id = ${id} and s.space_tenant_id = ${tx.tenantId}`.execute(
        tx.db,
      )
      // The keys of every user hang on the space that the account began with.
      if (rows.length > 0) throw refuse('invalid_state', 'the first space of an account stays')
      await deleteRow(tx, { entity: space, store, call }, id)
      await noteDeletion(tx, 'wallee_space', { id, userId: call.caller.userId })
    })
  },
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

async function listSpace(
  tx: Tx,
  call: Call,
  of: {
    values: Values
    name: string
    timeZone: string
    made: { tenantId: string; wallee: { spaceId: number } }
  },
): Promise<void> {
  const { values, name, timeZone, made } = of
  const listed = {
    ...store,
    atCreate: () => ({
      ...store.atCreate(call),
      id: made.wallee.spaceId,
      space_tenant_id: made.tenantId,
    }),
  }
  const at: At = { entity: space, store: listed, call }
  await insertRow(tx, at, { ...values, name, timeZone })
}

async function tenantOf(tx: Tx, id: number): Promise<string> {
  const row = await tx.db
    .selectFrom('wallee_space')
    .select('space_tenant_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.space_tenant_id
}

/** Name and time zone are the tenant's own: its days begin by them. */
async function updateTenant(call: Call, tenantId: string, { name, timeZone }: Values) {
  const set = {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof timeZone === 'string' ? { time_zone: timeZone } : {}),
  }
  if (Object.keys(set).length === 0) return
  const unit = { tenantId, now: call.now }
  await inTransaction(call.deps.services.db, unit, (tx) =>
    tx.db.updateTable('tenant').set(set).where('tenant_id', '=', tenantId).execute(),
  )
}
