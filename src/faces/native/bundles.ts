import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
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
import { Id } from '../../kernel/schema.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import type { NativeOperation } from './operation.ts'

interface Deps {
  readonly services: Services
  readonly renderer: Renderer
}

type Handle = (deps: Deps, exchange: Exchange) => Promise<unknown>

interface Route extends NativeOperation {
  readonly handle: Handle
}

const limitDefault = 50
const BundlePath = Type.Object({ id: Id })

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
}): Route => ({ tag: 'Bundles', params: Type.Object({}), ...of })

const routes: readonly Route[] = [
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
    params: BundlePath,
    query: shapes.BundleQuery,
    answer: shapes.BundleDetail,
    status: 200,
    handle: (deps, { request }) => {
      const { version } = request.query as shapes.BundleQuery
      return read(deps, request, (tx) => findBundle(tx, idOf(request), version))
    },
  }),
  onBundles({
    id: 'bundles.addVersion',
    method: 'POST',
    path: '/bundles/{id}/versions',
    summary: 'Keep another version, which is sent from now on',
    params: BundlePath,
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
    params: BundlePath,
    body: shapes.PreviewInput,
    answer: shapes.Preview,
    status: 200,
    handle: preview,
  }),
  onBundles({
    id: 'bundles.delete',
    method: 'DELETE',
    path: '/bundles/{id}',
    summary: 'Delete a template that no message was made from',
    params: BundlePath,
    status: 204,
    handle: remove,
  }),
]

export const bundleOperations: readonly NativeOperation[] = routes.map(
  ({ handle: _handle, ...operation }) => operation,
)

/** Mounts what manages templates. The tenant of a request is known by then. */
export function mountBundles(scope: FastifyInstance, deps: Deps): void {
  for (const { method, path, params, query, body, handle } of routes) {
    scope.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      schema: {
        params,
        ...(query ? { querystring: query } : {}),
        ...(body ? { body } : {}),
      },
      handler: (request, reply) => handle(deps, { request, reply }),
    })
  }
}

const idOf = (request: FastifyRequest) => (request.params as { id: string }).id.toLowerCase()

function read<R>(
  { services: { db, clocks } }: Deps,
  { tenant: { tenantId } }: FastifyRequest,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  return inTransaction(db, { tenantId, now: clocks.nowOf(tenantId), isReadOnly: true }, work)
}

async function create(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  const input = exchange.request.body as shapes.NewBundle
  const content = await checkContent(deps.renderer, input.channel, input)
  return answerOnce(deps.services, exchange, async (tx) => ({
    status: 201,
    body: await createBundle(tx, { ...input, ...content }),
  }))
}

async function add(deps: Deps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const id = idOf(request)
  const { channel } = await read(deps, request, (tx) => findBundle(tx, id))
  const content = await checkContent(deps.renderer, channel, request.body as shapes.BundleContent)
  return answerOnce(deps.services, exchange, async (tx) => ({
    status: 201,
    body: await addVersion(tx, id, content),
  }))
}

async function list(deps: Deps, { request }: Exchange): Promise<shapes.BundlePage> {
  const { limit = limitDefault, cursor } = request.query as shapes.BundlePageQuery
  if (cursor !== undefined && !isUuid(cursor))
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
  const rows = await read(deps, request, (tx) =>
    listBundles(tx, { limit: limit + 1, after: cursor }),
  )
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

async function preview(deps: Deps, { request, reply }: Exchange): Promise<unknown> {
  const input = request.body as shapes.PreviewInput
  const prepared = await read(deps, request, (tx) => preparePreview(tx, idOf(request), input))
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
