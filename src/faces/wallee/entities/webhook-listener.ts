import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import { createEndpoint } from '../../../webhooks/index.ts'
import { type Call, inCall } from '../call.ts'
import {
  boolean,
  type Change,
  dateTime,
  type Entity,
  idField,
  long,
  refersTo,
  shown,
  switchable,
  type TableStore,
  text,
  texts,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { invalidInput } from '../errors.ts'
import { refuse } from '../refusals.ts'
import { type At, deleteRow, insertRow, updateRow } from '../table-store.ts'
import { endpointOf, lockUrl, refreshEndpoints } from '../webhooks/endpoint-of.ts'
import { defaultIdentity, keyOfIdentity } from '../webhooks/identity-of.ts'
import { type Watchable, watchableOf, watchables } from '../webhooks/watchable.ts'
import { watchDueDates } from '../webhooks/tell-overdue.ts'
import { linkedSpaceId } from './webhook-url.ts'

const listenersMax = 500

const store: TableStore = {
  kind: 'table',
  table: 'wallee_webhook_listener',
  from: `wallee_webhook_listener t join webhook_subscription s
    on s.tenant_id = t.tenant_id and s.subscription_id = t.subscription_id`,
  deletes: 'state',
}

/** Which states of which kind of objects a URL is told of. */
export const webhookListener: Entity = {
  name: 'WebhookListener',
  group: 'webhooks',
  scope: 'space',
  v1: {
    path: '/webhook-listener',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count'],
  },
  v2: {
    path: '/webhooks/listeners',
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
    enablePayloadSignatureAndState: writable(boolean),
    entity: { type: long, create: 'required' },
    entityStates: writable(texts),
    identity: {
      type: refersTo('WebhookIdentity'),
      create: 'optional',
      column: 't.identity_id',
    },
    linkedSpaceId,
    name: writable(text(50)),
    notifyEveryChange: writable(boolean),
    plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
    // A receiver that says it is gone for good is told of nothing until somebody asks for it.
    state: writable(switchable(), {
      column: `(case when t.state = 'ACTIVE' and s.inactive_reason is not null then 'INACTIVE' else t.state end)`,
      isDerived: true,
    }),
    url: { type: refersTo('WebhookUrl'), create: 'required', column: 't.url_id' },
  },
  store,
  create: createListener,
  update: updateListener,
  remove: (call, id) =>
    inCall(call, async (tx) => {
      const { urlId } = await findListener(tx, id)
      await lockUrl(tx, urlId)
      await deleteRow(tx, at(call), id)
      await refreshEndpoints(tx, { urlId, listenerId: id, isAsked: false })
    }),
}

const at = (call: Call, own?: TableStore['atCreate']): At => ({
  entity: webhookListener,
  store: own ? { ...store, atCreate: own } : store,
  call,
})

async function createListener(call: Call, given: Values): Promise<number> {
  const watched = watchableOf(given['entity'])
  if (!watched) throw unknownEntity()
  const values = withoutNulls(given)
  requireStates(watched, values)
  return inCall(call, async (tx) => {
    const identity = Number(values['identity'] ?? (await defaultIdentity(tx, call.deps.sealer)))
    await requireRoom(tx)
    const url = await lockUrl(tx, Number(values['url']))
    const state = typeof values['state'] === 'string' ? values['state'] : 'ACTIVE'
    const isSigned = values['enablePayloadSignatureAndState'] !== false
    const keyId = await keyOfIdentity(tx, identity)
    const endpoint = endpointOf(url, { state, isSigned, keyId })
    const subscriptionId = await createEndpoint(tx, { ...endpoint, topic: watched.name })
    const own = () => ({
      state,
      identity_id: identity,
      subscription_id: subscriptionId,
      created_at: tx.now,
    })
    if (watched === watchables.TransactionInvoice) await watchDueDates(tx)
    return insertRow(tx, at(call, own), values)
  })
}

async function updateListener(call: Call, { id, version, values }: Change): Promise<void> {
  const { state, ...rest } = values
  if (state === null) throw refuse('unprocessable', 'state cannot be empty')
  await inCall(call, async (tx) => {
    const before = await findListener(tx, id)
    const watched = watchableOf(before.entity)
    if (watched) requireStates(watched, values)
    await lockUrl(tx, before.urlId)
    if (before.state === 'DELETED') throw refuse('invalid_state', 'it is deleted')
    await updateRow(tx, at(call), { id, version, values: withDefaults(rest) })
    if (typeof state === 'string') {
      await tx.db
        .updateTable('wallee_webhook_listener')
        .set({ state })
        .where('tenant_id', '=', tx.tenantId)
        .where('id', '=', id)
        .execute()
    }
    const isAsked = state === 'ACTIVE'
    await refreshEndpoints(tx, { urlId: before.urlId, listenerId: id, isAsked })
  })
}

async function findListener(tx: Tx, id: number) {
  const row = await tx.db
    .selectFrom('wallee_webhook_listener')
    .select(['entity', 'url_id as urlId', 'state'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw refuse('not_found')
  return row
}

async function requireRoom(tx: Tx): Promise<void> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from wallee_webhook_listener l
    where l.tenant_id = ${tx.tenantId} and l.state <> 'DELETED'`.execute(tx.db)
  if ((rows[0]?.count ?? 0) >= listenersMax)
    throw refuse('invalid_state', `a space has ${listenersMax} listeners at most`)
}

function unknownEntity() {
  const known = Object.values(watchables).map(({ id, name }) => `${id} (${name})`)
  const errors = { entity: `Here one can listen to ${known.join(', ')}` }
  return invalidInput(errors, 'unprocessable')
}

function requireStates({ name, states }: Watchable, { entityStates }: Values): void {
  if (!Array.isArray(entityStates)) return
  const unknown = entityStates.find((state) => !states.includes(String(state)))
  if (unknown === undefined) return
  const known = states.length === 0 ? 'no states' : `the states ${states.join(', ')}`
  const errors = { entityStates: `${name} has ${known}` }
  throw invalidInput(errors, 'unprocessable')
}

const withoutNulls = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))

/** What is cleared is as it was at birth. */
function withDefaults(values: Values): Values {
  const defaults: Values = {
    entityStates: [],
    notifyEveryChange: false,
    enablePayloadSignatureAndState: true,
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value ?? defaults[name] ?? null]),
  )
}
