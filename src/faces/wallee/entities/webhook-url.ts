import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import {
  boolean,
  dateTime,
  type Entity,
  idField,
  long,
  shown,
  switchable,
  type TableStore,
  text,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { type At, deleteRow, insertRow, updateRow } from '../table-store.ts'
import { lockUrl, refreshEndpoints } from '../webhooks/endpoint-of.ts'

export const linkedSpaceId = shown(long, {
  column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
})

const store: TableStore = {
  kind: 'table',
  table: 'wallee_webhook_url',
  deletes: 'state',
  atCreate: ({ now }: Call) => ({ state: 'ACTIVE', created_at: now }),
}

/** Where listeners are told of things. Only addresses that may be called are taken. */
export const webhookUrl: Entity = {
  name: 'WebhookUrl',
  group: 'webhooks',
  scope: 'space',
  v1: { path: '/webhook-url', verbs: ['create', 'read', 'update', 'delete', 'search', 'count'] },
  v2: {
    path: '/webhooks/urls',
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
    ...idField,
    ...versionField,
    applicationManaged: shown(boolean, { column: 'false' }),
    linkedSpaceId,
    name: writable(text(50)),
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    state: writable(switchable()),
    url: writable(text(500, { min: 9, format: 'url' })),
  },
  store,
  async create(call, values) {
    await requireCallable(call, values)
    const { state, ...rest } = values
    const given = typeof state === 'string' ? { ...rest, state } : rest
    return inCall(call, (tx) => insertRow(tx, at(call), given))
  },
  async update(call, { id, version, values }) {
    const { state, ...rest } = values
    if (state === null) throw refuse('unprocessable', 'state cannot be empty')
    await requireCallable(call, values)
    await inCall(call, async (tx) => {
      const before = await lockUrl(tx, id)
      if (before.state === 'DELETED') throw refuse('invalid_state', 'it is deleted')
      const change = typeof state === 'string' ? { ...rest, state } : rest
      await updateRow(tx, at(call), { id, version, values: change })
      await refreshEndpoints(tx, { urlId: id, isAsked: state === 'ACTIVE' })
    })
  },
  remove: (call, id) =>
    inCall(call, async (tx) => {
      await lockUrl(tx, id)
      await requireUnused(tx, id)
      await deleteRow(tx, at(call), id)
    }),
}

const at = (call: Call): At => ({ entity: webhookUrl, store, call })

async function requireCallable(call: Call, { url }: Values): Promise<void> {
  if (typeof url === 'string') await call.deps.targets.check(url)
}

async function requireUnused(tx: Tx, id: number): Promise<void> {
  const { rows } = await sql`select 1 from wallee_webhook_listener l
    where l.tenant_id = ${tx.tenantId} and l.url_id = ${id} and l.state <> 'DELETED' limit 1`.execute(
    tx.db,
  )
  if (rows.length > 0) throw refuse('invalid_state', 'listeners use it')
}
