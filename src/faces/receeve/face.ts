import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import type { Bookkeeper, Json } from '../../book/index.ts'
import { type BearerDeps, bearerTenant, type Tenant } from '../../identity/index.ts'
import {
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
} from '../../platform/idempotency.ts'
import type { BlobStores } from '../../files/index.ts'
import { parseJsonBodies } from '../../platform/http.ts'
import type { Services } from '../../platform/services.ts'
import { queueBatch } from './async.ts'
import { type ActionResponse, ActionResponseSchema, type BatchOperation } from './batch.ts'
import { sendError } from './errors.ts'
import { batchOperations } from './operations/index.ts'
import { mountUpload, openUploads, uploadFiles } from './operations/upload-files.ts'
import { type ReadOperation, readOperations } from './reads.ts'
import { type BatchCall, requireItemCount, runBatch } from './run-batch.ts'

export interface ReceeveDeps {
  readonly services: Services
  readonly callers: BearerDeps
  readonly bookkeeper: Bookkeeper
  readonly stores: BlobStores
}

const ClientPath = Type.Object({ clientId: Type.String({ format: 'uuid' }) })

const BatchQuery = Type.Object({
  async: Type.Optional(Type.Boolean()),
  sequential: Type.Optional(Type.Boolean()),
  triggerName: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  minorVersion: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  forceAmountCheck: Type.Optional(Type.Boolean()),
})
interface BatchQueryValues {
  async?: boolean
  sequential?: boolean
  triggerName?: string
  minorVersion?: string
  forceAmountCheck?: boolean
}

/** What the published contract says of an operation; OpenAPI is made from it. */
export interface Published {
  readonly id: string
  readonly method: 'GET' | 'POST'
  readonly tag: string
  readonly summary: string
  readonly query: TSchema
  readonly body?: TSchema
  /** The body as a multipart form. */
  readonly form?: TSchema
  readonly answer: TSchema
  /** Statuses of refusals beyond those that every operation of its method has. */
  readonly errors?: readonly number[]
}

export function publishedOperations(): Published[] {
  const reads = readOperations.map((read) => ({ ...read, method: 'GET' as const }))
  const batches = batchOperations.map((batch) => ({
    id: batch.id,
    method: 'POST' as const,
    tag: batch.tag,
    summary: batch.summary,
    query:
      batch.takesTriggerName === false
        ? Type.Omit(queryOf(batch), ['triggerName'])
        : queryOf(batch),
    body: batch.body,
    answer: Type.Record(Type.String(), answerSchema(batch)),
  }))
  return [...reads, ...batches, uploadFiles]
}

function queryOf(batch: BatchOperation): TSchema {
  return batch.takesForceAmountCheck ? BatchQuery : Type.Omit(BatchQuery, ['forceAmountCheck'])
}

function answerSchema(batch: BatchOperation): TSchema {
  if (!batch.data) return ActionResponseSchema
  return Type.Object({ ...ActionResponseSchema.properties, data: Type.Optional(batch.data) })
}

declare module 'fastify' {
  interface FastifyRequest {
    tenant: Tenant
  }
}

/** Mounts the door at `/v1/{clientId}`; its token endpoint stands beside it. */
export function mountReceeve(app: FastifyInstance, deps: ReceeveDeps): void {
  const uploads = openUploads(deps.services, deps.stores)
  mountAt(app, deps, {
    prefix: '/v1',
    mount(scope) {
      for (const batch of batchOperations) mountBatch(scope, deps, batch)
      for (const read of readOperations) mountRead(scope, deps, read)
      mountUpload(scope, uploads)
    },
  })
  // D-99: a newer text of the vendor has uploads here.
  mountAt(app, deps, { prefix: '/files/v1', mount: (scope) => mountUpload(scope, uploads) })
}

function mountAt(
  app: FastifyInstance,
  deps: ReceeveDeps,
  { prefix, mount }: { prefix: string; mount: (scope: FastifyInstance) => void },
): void {
  void app.register(
    async (scope) => {
      parseJsonBodies(scope)
      scope.setErrorHandler(sendError)
      // D-5
      scope.setNotFoundHandler((_request, reply) =>
        reply.code(403).send({ message: 'Missing Authentication Token' }),
      )
      await scope.register(async (inner) => {
        inner.addHook('onRequest', async (request) => {
          const { clientId } = request.params as { clientId?: string }
          request.tenant = await bearerTenant(deps.callers, request.headers.authorization, clientId)
        })
        mount(inner)
      })
    },
    { prefix },
  )
}

function mountBatch(scope: FastifyInstance, deps: ReceeveDeps, batch: BatchOperation): void {
  scope.route({
    method: 'POST',
    url: `/:clientId/${batch.id}`,
    schema: { params: ClientPath, querystring: queryOf(batch), body: batch.body },
    handler: (request, reply) => answerBatch(deps, batch, { request, reply }),
  })
}

async function answerBatch(
  deps: ReceeveDeps,
  batch: BatchOperation,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<Record<string, ActionResponse> | string> {
  const query = request.query as BatchQueryValues
  const items = batch.items(request.body as never, request.bodyKeys)
  requireItemCount(deps.services, Array.isArray(request.body) ? request.body.length : items.length)
  // Nothing is asked for, so nothing is done that a key could stand for.
  if (items.length === 0) return {}
  const reserved = await reserve(deps, request)
  if (reserved && 'first' in reserved) {
    void reply
      .code(reserved.first.status)
      .header('idempotent-replayed', 'true')
      .type('application/json')
    return reserved.first.answer
  }
  const reservation = reserved?.reservation
  const call: BatchCall = {
    tenant: request.tenant,
    items,
    options: { forceAmountCheck: query.forceAmountCheck },
    triggerName: query.triggerName,
    minorVersion: query.minorVersion,
    isSequential: query.sequential ?? false,
    reservation,
  }
  try {
    return await (query.async
      ? queueBatch(deps.services, batch, call)
      : runBatch(deps.bookkeeper, batch, call))
  } catch (error) {
    if (reservation) await freeAfterFailure(deps.services, reservation)
    throw error
  }
}

async function reserve(deps: ReceeveDeps, request: FastifyRequest) {
  const keyed = keyedRequest(request, request.tenant.tenantId)
  return keyed && reserveKey(deps.services, keyed, deps.services.clock())
}

/** A request that failed leaves its key free. Where the database cannot be reached the lease ends by itself. */
async function freeAfterFailure(services: Services, reservation: Reservation): Promise<void> {
  await releaseKey(services.db, reservation, services.clock()).catch((error: unknown) => {
    services.log.warn({ err: error }, 'an idempotency key could not be freed; its lease will end')
  })
}

function mountRead(scope: FastifyInstance, deps: ReceeveDeps, read: ReadOperation): void {
  scope.route({
    method: 'GET',
    url: `/:clientId/${read.id}`,
    schema: { params: ClientPath, querystring: read.query },
    handler: async (request): Promise<unknown> => {
      const query = request.query as Json
      const { tenantId } = request.tenant
      return read.answerTo({ services: deps.services, tenantId, query, log: request.log })
    },
  })
}
