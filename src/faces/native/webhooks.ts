import type { FastifyInstance, FastifyReply } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { isUuid } from '../../kernel/id.ts'
import { Id } from '../../kernel/schema.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Sealer } from '../../platform/sealer.ts'
import type { Services } from '../../platform/services.ts'
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  ensureKey,
  findDelivery,
  findWebhook,
  listDeliveries,
  listKeys,
  listWebhooks,
  makeKey,
  redeliverMessage,
  rotateKey,
  type Targets,
} from '../../webhooks/index.ts'
import * as shapes from '../../webhooks/schema.ts'
import { answerOnce, answerPrepared, type Exchange } from './answer-once.ts'
import type { NativeOperation } from './operation.ts'
import {
  IdPath,
  idOf,
  limitDefault,
  mountRoutes,
  NoPath,
  operationsOf,
  readOf,
  type Route,
} from './routes.ts'

export interface WebhookDoor {
  readonly targets: Targets
  readonly sealer: Sealer
  /** Says that a tenant has something to deliver. */
  poke(tenantId: string): void
}

interface Deps {
  readonly services: Services
  readonly webhooks: WebhookDoor
}

type Handle = Route<Deps>['handle']

const MessagePath = Type.Object({ id: Id, messageId: Id })

const tag = 'Webhooks'
const onWebhooks = (of: {
  id: string
  method: NativeOperation['method']
  path: string
  summary: string
  status: number
  handle: Handle
  params?: TSchema
  query?: TSchema
  body?: TSchema
  answer?: TSchema
}): Route<Deps> => ({ tag, params: NoPath, ...of })

const routes: readonly Route<Deps>[] = [
  onWebhooks({
    id: 'webhooks.create',
    method: 'POST',
    path: '/webhooks',
    summary: 'Be told of events at a URL',
    body: shapes.NewWebhook,
    answer: shapes.Webhook,
    status: 201,
    handle: create,
  }),
  onWebhooks({
    id: 'webhooks.list',
    method: 'GET',
    path: '/webhooks',
    summary: 'All webhooks, the oldest first',
    query: shapes.WebhookPageQuery,
    answer: shapes.WebhookPage,
    status: 200,
    handle: list,
  }),
  onWebhooks({
    id: 'webhooks.get',
    method: 'GET',
    path: '/webhooks/{id}',
    summary: 'One webhook, and whether it is paused',
    params: IdPath,
    answer: shapes.Webhook,
    status: 200,
    handle: (deps, { request }) =>
      readOf(deps.services, request, (tx) => findWebhook(tx, idOf(request))),
  }),
  onWebhooks({
    id: 'webhooks.change',
    method: 'PATCH',
    path: '/webhooks/{id}',
    summary: 'Change URL, event types or activity; isActive true, or another URL, ends a pause',
    params: IdPath,
    body: shapes.WebhookPatch,
    answer: shapes.Webhook,
    status: 200,
    handle: change,
  }),
  onWebhooks({
    id: 'webhooks.delete',
    method: 'DELETE',
    path: '/webhooks/{id}',
    summary: 'Delete a webhook and its delivery log',
    params: IdPath,
    status: 204,
    handle: remove,
  }),
  onWebhooks({
    id: 'webhooks.deliveries',
    method: 'GET',
    path: '/webhooks/{id}/deliveries',
    summary: 'What a webhook was or is to be told in the last 30 days, the newest first',
    params: IdPath,
    query: shapes.DeliveryPageQuery,
    answer: shapes.DeliveryPage,
    status: 200,
    handle: (deps, { request }) => {
      const { limit = limitDefault, ...rest } = request.query as shapes.DeliveryPageQuery
      const wanted = { webhookId: idOf(request), limit, ...rest }
      return readOf(deps.services, request, (tx) => listDeliveries(tx, wanted))
    },
  }),
  onWebhooks({
    id: 'webhooks.redeliver',
    method: 'POST',
    path: '/webhooks/{id}/deliveries/{messageId}/redeliver',
    summary: 'Send a message once more, with the same message id and payload',
    params: MessagePath,
    answer: shapes.Delivery,
    status: 202,
    handle: redeliver,
  }),
  onWebhooks({
    id: 'webhookKeys.list',
    method: 'GET',
    path: '/webhook-keys',
    summary: 'The public keys that check signatures, the one that signs first',
    answer: shapes.WebhookKeys,
    status: 200,
    handle: keys,
  }),
  onWebhooks({
    id: 'webhookKeys.rotate',
    method: 'POST',
    path: '/webhook-keys',
    summary: 'Let a new key sign at once; the one before is listed for 48 hours more',
    answer: shapes.WebhookKey,
    status: 201,
    handle: rotate,
  }),
]

export const webhookOperations = operationsOf(routes)

/** Mounts what manages webhooks. The tenant of a request is known by then. */
export function mountWebhooks(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

function create({ services, webhooks }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const input = exchange.request.body as shapes.NewWebhook
  return answerPrepared(services, exchange, {
    prepare: () => webhooks.targets.check(input.url),
    work: async (tx) => ({ status: 201, body: await createWebhook(tx, input) }),
  })
}

async function list(deps: Deps, { request }: Exchange): Promise<shapes.WebhookPage> {
  const { limit = limitDefault, cursor } = request.query as shapes.WebhookPageQuery
  if (cursor !== undefined && !isUuid(cursor)) {
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
  }
  const page = { limit: limit + 1, after: cursor }
  const rows = await readOf(deps.services, request, (tx) => listWebhooks(tx, page))
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

async function change(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const patch = request.body as shapes.WebhookPatch
  const reply = await answerPrepared(deps.services, exchange, {
    async prepare() {
      if (patch.url !== undefined) await deps.webhooks.targets.check(patch.url)
    },
    work: async (tx) => ({ status: 200, body: await changeWebhook(tx, idOf(request), patch) }),
  })
  deps.webhooks.poke(request.tenant.tenantId)
  return reply
}

function remove(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  return answerOnce(deps.services, exchange, async (tx) => {
    await deleteWebhook(tx, idOf(exchange.request))
    return { status: 204 }
  })
}

async function redeliver(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const { messageId } = request.params as { messageId: string }
  const wanted = { webhookId: idOf(request), messageId }
  const reply = await answerOnce(deps.services, exchange, async (tx) => {
    await redeliverMessage(tx, wanted)
    return { status: 202, body: await findDelivery(tx, wanted) }
  })
  deps.webhooks.poke(request.tenant.tenantId)
  return reply
}

async function keys(deps: Deps, { request }: Exchange): Promise<shapes.WebhookKeys> {
  const { services, webhooks } = deps
  const unit = {
    tenantId: request.tenant.tenantId,
    now: services.clocks.nowOf(request.tenant.tenantId),
  }
  // The first who asks has the key made, so that a receiver can be set up before its first message.
  await ensureKey(services.db, webhooks.sealer, unit)
  return readOf(deps.services, request, listKeys)
}

async function rotate(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  const made = await makeKey(deps.webhooks.sealer, exchange.request.tenant.tenantId)
  return answerOnce(deps.services, exchange, async (tx) => ({
    status: 201,
    body: await rotateKey(tx, made),
  }))
}
