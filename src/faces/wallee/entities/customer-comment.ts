import { type Call, inCall } from '../call.ts'
import {
  type Action,
  type ActionDoor,
  boolean,
  dateTime,
  type Entity,
  idField,
  long,
  nothing,
  refersTo,
  shown,
  text,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'

const contentMax = 262_144

export const customerComment: Entity = {
  name: 'CustomerComment',
  group: 'customers',
  scope: 'space',
  v1: {
    path: '/customer-comment',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count'],
  },
  v2: {
    path: '/customers/{customerId}/comments',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
    parent: { param: 'customerId', field: 'customer', entity: 'Customer' },
  },
  fields: {
    ...idField,
    ...versionField,
    content: writable(text(contentMax)),
    createdBy: shown(long),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    customer: {
      type: refersTo('Customer', { v1: 'id', v2: 'object' }),
      create: 'required',
      column: 't.debtor_number',
    },
    editedBy: shown(long),
    editedOn: shown(dateTime, { column: 't.edited_at' }),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    pinned: shown(boolean),
  },
  store: {
    kind: 'table',
    table: 'customer_comment',
    atCreate: ({ caller, now }) => ({ created_by: caller.userId, created_at: now }),
    atUpdate: ({ caller, now }) => ({ edited_by: caller.userId, edited_at: now }),
  },
  actions: [
    pinning('Pin a comment', {
      isPinned: true,
      v1: { method: 'GET', path: '/customer-comment/pin-comment' },
      v2: { method: 'POST', path: '/customers/{customerId}/comments/{id}/pin' },
    }),
    pinning('Unpin a comment', {
      isPinned: false,
      v1: { method: 'GET', path: '/customer-comment/unpin-comment' },
      v2: { method: 'POST', path: '/customers/{customerId}/comments/{id}/unpin' },
    }),
  ],
}

function pinning(
  name: string,
  { isPinned, v1, v2 }: { isPinned: boolean; v1: ActionDoor; v2: ActionDoor },
): Action {
  return {
    name,
    needs: 'write',
    params: {
      id: { type: long, isRequired: true },
      customerId: { type: long, isRequired: true, only: 2 },
    },
    v1,
    v2,
    async run(call, { params }) {
      await setPinned(call, Number(params['id']), { isPinned, owner: params['customerId'] })
      return nothing
    },
  }
}

/** Pinning what is pinned changes nothing. */
async function setPinned(
  call: Call,
  id: number,
  { isPinned, owner }: { isPinned: boolean; owner: unknown },
): Promise<void> {
  await inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('customer_comment')
      .select(['debtor_number', 'pinned'])
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!row || (owner !== undefined && owner !== row.debtor_number)) throw refuse('not_found')
    if (row.pinned === isPinned) return
    await tx.db
      .updateTable('customer_comment')
      .set((eb) => ({ pinned: isPinned, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', id)
      .execute()
  })
}
