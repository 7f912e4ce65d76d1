import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { Reference } from '../../accounts/schema.ts'
import { Id } from '../../kernel/schema.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Exchange } from './answer-once.ts'
import type { NativeOperation } from './operation.ts'

/** An operation of this door with what does it. */
export interface Route<D> extends NativeOperation {
  readonly handle: (deps: D, exchange: Exchange) => Promise<unknown>
}

export const NoPath = Type.Object({})
export const IdPath = Type.Object({ id: Id })
export const ClaimPath = Type.Object({ reference: Reference })
export const limitDefault = 50

/** What the published contract says of routes. */
export function operationsOf<D>(routes: readonly Route<D>[]): readonly NativeOperation[] {
  return routes.map(({ handle: _handle, ...operation }) => operation)
}

/** Mounts routes. The tenant of a request is known by then. */
export function mountRoutes<D>(scope: FastifyInstance, deps: D, routes: readonly Route<D>[]): void {
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

/** Reads something of the tenant of a request, by its clock. */
export function readOf<R>(
  { db, clocks }: Services,
  { tenant: { tenantId } }: FastifyRequest,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  return inTransaction(db, { tenantId, now: clocks.nowOf(tenantId), isReadOnly: true }, work)
}

export const idOf = ({ params }: FastifyRequest) =>
  (params as Static<typeof IdPath>).id.toLowerCase()
export const referenceOf = ({ params }: FastifyRequest) =>
  (params as Static<typeof ClaimPath>).reference

/** The query of a page as it is asked for, with the limit that holds where none is named. */
export function pageOf<Q extends { limit?: number }>(request: FastifyRequest) {
  const { limit = limitDefault, ...rest } = request.query as Q
  return { limit, ...rest }
}
