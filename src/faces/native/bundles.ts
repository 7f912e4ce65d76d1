import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import {
  addVersion,
  bundleShapes as shapes,
  checkContent,
  createBundle,
  deleteBundle,
  findBundle,
  listBundles,
  listFields,
  preparePreview,
  previewBundle,
  previewLetter,
  type Renderer,
} from '../../communications/index.ts'
import { isUuid } from '../../kernel/id.ts'
import { inTransaction } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
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

interface Deps {
  readonly services: Services
  readonly renderer: Renderer
}

type Handle = Route<Deps>['handle']

const onBundles = (of: {
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
  takesIdempotencyKey?: false
}): Route<Deps> => ({ tag: 'Bundles', params: NoPath, ...of })

const routes: readonly Route<Deps>[] = [
  onBundles({
    id: 'bundles.create',
    method: 'POST',
    path: '/bundles',
    summary: 'Keep a template; unknown merge fields are refused with their line and column',
    body: shapes.NewBundle,
    answer: shapes.BundleDetail,
    status: 201,
    handle: create,
  }),
  onBundles({
    id: 'bundles.list',
    method: 'GET',
    path: '/bundles',
    summary: 'All templates, the oldest first',
    query: shapes.BundlePageQuery,
    answer: shapes.BundlePage,
    status: 200,
    handle: list,
  }),
  onBundles({
    id: 'bundles.fields',
    method: 'GET',
    path: '/bundles/fields',
    summary: 'Every merge field that a template may name',
    answer: shapes.MergeFields,
    status: 200,
    handle: () => Promise.resolve({ items: listFields() }),
  }),
  onBundles({
    id: 'bundles.get',
    method: 'GET',
    path: '/bundles/{id}',
    summary: 'A template with its newest version, or with the one asked for',
    params: IdPath,
    query: shapes.BundleQuery,
    answer: shapes.BundleDetail,
    status: 200,
    handle: (deps, { request }) => {
      const { version } = request.query as shapes.BundleQuery
      return readOf(deps.services, request, (tx) => findBundle(tx, idOf(request), version))
    },
  }),
  onBundles({
    id: 'bundles.addVersion',
    method: 'POST',
    path: '/bundles/{id}/versions',
    summary: 'Keep another version, which is sent from now on',
    params: IdPath,
    body: shapes.BundleContent,
    answer: shapes.BundleDetail,
    status: 201,
    handle: add,
  }),
  onBundles({
    id: 'bundles.preview',
    method: 'POST',
    path: '/bundles/{id}/preview',
    summary: 'What a message would say; a letter as PDF when application/pdf is accepted',
    params: IdPath,
    body: shapes.PreviewInput,
    answer: shapes.Preview,
    status: 200,
    takesIdempotencyKey: false,
    handle: preview,
  }),
  onBundles({
    id: 'bundles.delete',
    method: 'DELETE',
    path: '/bundles/{id}',
    summary: 'Delete a template that no message was made from',
    params: IdPath,
    status: 204,
    handle: remove,
  }),
]

export const bundleOperations = operationsOf(routes)

/** Mounts what manages templates. The tenant of a request is known by then. */
export function mountBundles(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

function create({ services, renderer }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const input = exchange.request.body as shapes.NewBundle
  return answerPrepared(services, exchange, {
    prepare: () => checkContent(renderer, input.channel, input),
    work: async (tx, content) => ({
      status: 201,
      body: await createBundle(tx, { ...input, ...content }),
    }),
  })
}

function add({ services, renderer }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const id = idOf(request)
  return answerPrepared(services, exchange, {
    async prepare() {
      const { channel } = await readOf(services, request, (tx) => findBundle(tx, id))
      return checkContent(renderer, channel, request.body as shapes.BundleContent)
    },
    work: async (tx, content) => ({ status: 201, body: await addVersion(tx, id, content) }),
  })
}

async function list(deps: Deps, { request }: Exchange): Promise<shapes.BundlePage> {
  const { limit = limitDefault, cursor } = request.query as shapes.BundlePageQuery
  if (cursor !== undefined && !isUuid(cursor))
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
  const rows = await readOf(deps.services, request, (tx) =>
    listBundles(tx, { limit: limit + 1, after: cursor }),
  )
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

async function preview(deps: Deps, { request, reply }: Exchange): Promise<unknown> {
  const input = request.body as shapes.PreviewInput
  const { services } = deps
  const { db, clocks } = services
  const { tenantId } = request.tenant
  const of = { bundleId: idOf(request), publicUrl: services.publicUrl() }
  // A claim that nobody was written to yet gets the address of its page here.
  const prepared = await inTransaction(db, { tenantId, now: clocks.nowOf(tenantId) }, (tx) =>
    preparePreview(tx, of, input),
  )
  if (!acceptsPdf(request)) return previewBundle(deps, prepared)
  const pdf = await previewLetter(deps, prepared)
  return reply.type('application/pdf').header('cache-control', 'private, no-store').send(pdf)
}

const acceptsPdf = ({ headers }: FastifyRequest) =>
  (headers.accept ?? '').split(',').some((type) => /^\s*application\/pdf\s*(?:;|$)/i.test(type))

function remove(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  return answerOnce(deps.services, exchange, async (tx) => {
    await deleteBundle(tx, idOf(exchange.request))
    return { status: 204 }
  })
}
