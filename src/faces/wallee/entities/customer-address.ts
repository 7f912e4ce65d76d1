import { sql } from 'kysely'
import { addAddress, chooseDefault, referenceOf, refuse } from '../../../customers/index.ts'
import type { PostalAddress } from '../../../customers/schema.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import {
  boolean,
  dateTime,
  type Entity,
  idField,
  long,
  nothing,
  object,
  oneOf,
  refersTo,
  shown,
  versionField,
  writable,
} from '../entity.ts'
import { updateRow } from '../table-store.ts'
import { postalAddressFields } from './postal-address.ts'

const store = { kind: 'table', table: 'customer_address' } as const

export const customerAddress: Entity = {
  name: 'CustomerAddress',
  group: 'customers',
  scope: 'space',
  v1: {
    path: '/customer-address',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count'],
  },
  v2: {
    path: '/customers/{customerId}/addresses',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
    parent: { param: 'customerId', field: 'customer', entity: 'Customer' },
  },
  fields: {
    ...idField,
    ...versionField,
    address: writable(object(postalAddressFields)),
    addressType: writable(oneOf('BILLING', 'SHIPPING', 'BOTH')),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    customer: { type: refersTo('Customer'), create: 'required', column: 't.debtor_number' },
    defaultAddress: shown(boolean, { column: 't.is_default' }),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
  },
  store,
  async create(call, values) {
    const context = contextOf(call)
    const customerId = Number(values['customer'])
    const { reference, isFirst } = await inCall(call, async (tx) => {
      const { rows } = await sql`select 1 from customer_address a
        where a.tenant_id = ${tx.tenantId} and a.debtor_number = ${customerId} limit 1`.execute(
        tx.db,
      )
      return { reference: await referenceOf(tx, customerId), isFirst: rows.length === 0 }
    })
    const address = (values['address'] ?? {}) as PostalAddress
    const given = values['addressType']
    const addressType = typeof given === 'string' ? given : 'BOTH'
    const added = { reference, customerId, addressType, address, now: call.now, isFirst }
    await book(call, addAddress(context, added))
    return inCall(call, async (tx) => {
      const row = await tx.db
        .selectFrom('customer_address')
        .select('id')
        .where('tenant_id', '=', tx.tenantId)
        .where('command_id', '=', context.commandId)
        .executeTakeFirstOrThrow()
      return row.id
    })
  },
  async update(call, change) {
    const isDefault = await inCall(call, async (tx) => {
      await updateRow(tx, { entity: customerAddress, store, call }, change)
      const row = await tx.db
        .selectFrom('customer_address')
        .select('is_default')
        .where('tenant_id', '=', tx.tenantId)
        .where('id', '=', change.id)
        .executeTakeFirstOrThrow()
      return row.is_default
    })
    // Letters go where the default address says now.
    if (isDefault) await selectDefault(call, change.id, undefined)
  },
  actions: [
    {
      name: 'Make an address the default one',
      needs: 'write',
      params: {
        id: { type: long, isRequired: true },
        customerId: { type: long, isRequired: true, only: 2 },
      },
      v1: { method: 'GET', path: '/customer-address/select-default-address' },
      v2: { method: 'POST', path: '/customers/{customerId}/addresses/{id}/default' },
      async run(call, { params }) {
        const customerId = params['customerId']
        await selectDefault(call, Number(params['id']), customerId)
        return nothing
      },
    },
  ],
}

async function selectDefault(call: Call, addressId: number, owner: unknown): Promise<void> {
  const chosen = await inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('customer_address')
      .select(['debtor_number', 'address'])
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', addressId)
      .executeTakeFirst()
    if (!row || (owner !== undefined && owner !== row.debtor_number))
      throw refuse('address_not_found')
    const customerId = row.debtor_number
    const reference = await referenceOf(tx, customerId)
    return { reference, customerId, addressId, address: row.address }
  })
  await book(call, chooseDefault(contextOf(call), chosen))
}
