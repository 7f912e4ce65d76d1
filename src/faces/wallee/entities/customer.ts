import { sql } from 'kysely'
import {
  createCustomer,
  customerOf,
  deleteCustomer,
  mergeCustomers,
  referenceOf,
  refuse,
  updateCustomer,
} from '../../../customers/index.ts'
import type { CustomerChange } from '../../../customers/schema.ts'
import type { Tx } from '../../../platform/db.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import { dateTime, type Entity, long, map, shown, text, versionField, writable } from '../entity.ts'

/** A customer is a debtor (src/customers/README.md): its names and e-mail are the debtor's own. */
export const customer: Entity = {
  name: 'Customer',
  group: 'customers',
  scope: 'space',
  v1: { path: '/customer', verbs: ['create', 'read', 'update', 'delete', 'search', 'count'] },
  v2: {
    path: '/customers',
    verbs: [
      'list',
      'get',
      'search',
      'create',
      'update',
      'delete',
      'createMany',
      'updateMany',
      'deleteMany',
    ],
  },
  fields: {
    id: shown(long, { column: 't.number' }),
    ...versionField,
    createdOn: shown(dateTime, { column: 'coalesce(t.created_at, t.updated_at)' }),
    customerId: writable(text(100, { format: 'ascii' }), {
      column: 'case when c.tenant_id is null then t.reference else c.customer_id end',
    }),
    emailAddress: writable(text(254, { format: 'email' })),
    familyName: writable(text(100)),
    givenName: writable(text(100), { column: "(t.data ->> 'firstName')" }),
    language: writable(text(20), { column: 'c.language' }),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    metaData: writable(map, { column: "coalesce(c.meta_data, '{}')" }),
    preferredCurrency: writable(text(3, { format: 'currency' }), {
      column: 'c.preferred_currency',
    }),
  },
  store: {
    kind: 'table',
    table: 'debtor',
    from: 'debtor t left join customer c on c.tenant_id = t.tenant_id and c.debtor_reference = t.reference',
    id: 't.number',
  },
  async create(call, values) {
    const change: CustomerChange = values
    const { reference } = await book(call, createCustomer(contextOf(call), change))
    return inCall(call, (tx) => customerOf(tx, reference))
  },
  async update(call, { id, version, values }) {
    const change: CustomerChange = values
    const at = await inCall(call, async (tx) => {
      const reference = await referenceOf(tx, id)
      return { reference, version, accounts: await accountsOf(tx, reference) }
    })
    await book(call, updateCustomer(contextOf(call), at, change))
  },
  async remove(call, id) {
    const reference = await inCall(call, async (tx) => {
      const found = await referenceOf(tx, id)
      if ((await accountsOf(tx, found)).length > 0) throw refuse('customer_has_accounts')
      return found
    })
    await book(call, deleteCustomer(contextOf(call), reference))
  },
  actions: [
    {
      name: 'E-mail addresses that a customer has or had',
      needs: 'read',
      params: { id: { type: long, isRequired: true } },
      v2: { method: 'GET', path: '/customers/{id}/email-addresses' },
      async run(call, { params }) {
        return { kind: 'page', data: await emailHistory(call, Number(params['id'])) }
      },
    },
    {
      name: 'Merge two customers',
      needs: 'write',
      params: { id: { type: long, isRequired: true }, other: { type: long, isRequired: true } },
      v2: { method: 'POST', path: '/customers/{id}/merge/{other}' },
      async run(call, { params }) {
        const id = Number(params['id'])
        const merge = await inCall(call, async (tx) => {
          const other = await referenceOf(tx, Number(params['other']))
          return {
            survivor: await referenceOf(tx, id),
            other,
            accounts: await accountsOf(tx, other),
          }
        })
        await book(call, mergeCustomers(contextOf(call), merge))
        return { kind: 'object', entity: 'Customer', id }
      },
    },
  ],
}

async function accountsOf(tx: Tx, reference: string): Promise<string[]> {
  const { rows } = await sql<{ reference: string }>`
    select a.reference from account_debtor l
    join account a on a.tenant_id = l.tenant_id and a.account_id = l.account_id
    where l.tenant_id = ${tx.tenantId} and l.debtor_reference = ${reference}
    order by a.reference limit 1000`.execute(tx.db)
  return rows.map((row) => row.reference)
}

/** The newest first, the present one among them. */
async function emailHistory(call: Call, id: number) {
  return inCall(call, async (tx) => {
    const reference = await referenceOf(tx, id)
    const { rows } = await sql<{ emailAddress: string; createdOn: Date }>`
      select e.email as "emailAddress", min(e.created_at) as "createdOn" from (
        select h.email, h.created_at from customer_email h
        where h.tenant_id = ${tx.tenantId} and h.debtor_reference = ${reference}
        union all
        select d.data #>> '{contactInformation,email}', d.updated_at from debtor d
        where d.tenant_id = ${tx.tenantId} and d.reference = ${reference}) e
      where e.email is not null group by e.email order by min(e.created_at) desc, e.email limit 100`.execute(
      tx.db,
    )
    return rows
  })
}
