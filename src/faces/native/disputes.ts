import type { FastifyInstance, FastifyReply } from 'fastify'
import { findClaimNamed } from '../../book/index.ts'
import { closeDispute, findDispute, listDisputes, openDispute } from '../../disputes/index.ts'
import * as shapes from '../../disputes/schema.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import {
  IdPath,
  idOf,
  mountRoutes,
  NoPath,
  operationsOf,
  pageOf,
  readOf,
  type Route,
} from './routes.ts'

interface Deps {
  readonly services: Services
}

const tag = 'Disputes'

const routes: readonly Route<Deps>[] = [
  {
    id: 'disputes.open',
    method: 'POST',
    path: '/disputes',
    tag,
    summary: 'Note that an active claim is contested; one dispute of a claim is open at a time',
    params: NoPath,
    body: shapes.NewDispute,
    answer: shapes.Dispute,
    status: 201,
    handle: open,
  },
  {
    id: 'disputes.list',
    method: 'GET',
    path: '/disputes',
    tag,
    summary: 'Disputes, the newest first',
    params: NoPath,
    query: shapes.DisputePageQuery,
    answer: shapes.DisputePage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listDisputes(tx, pageOf<shapes.DisputePageQuery>(request))),
  },
  {
    id: 'disputes.get',
    method: 'GET',
    path: '/disputes/{id}',
    tag,
    summary: 'One dispute',
    params: IdPath,
    answer: shapes.Dispute,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findDispute(tx, idOf(request))),
  },
  {
    id: 'disputes.close',
    method: 'POST',
    path: '/disputes/{id}/close',
    tag,
    summary: 'End an open dispute; what the outcome means for the money is booked apart',
    params: IdPath,
    body: shapes.DisputeClosing,
    answer: shapes.Dispute,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        const disputeId = idOf(exchange.request)
        const body = exchange.request.body as shapes.DisputeClosing
        await closeDispute(tx, { disputeId, ...body })
        return { status: 200, body: await findDispute(tx, disputeId) }
      }),
  },
]

function open({ services }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const {
    claimReference,
    by = 'API',
    text = '',
    ...rest
  } = exchange.request.body as shapes.NewDispute
  return answerOnce(services, exchange, async (tx) => {
    const { claimId } = await findClaimNamed(tx, claimReference)
    const disputeId = await openDispute(tx, { claimId, by, text, ...rest })
    return { status: 201, body: await findDispute(tx, disputeId) }
  })
}

export const disputeOperations = operationsOf(routes)

/** Mounts what manages disputes. */
export function mountDisputes(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}
