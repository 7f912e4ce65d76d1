import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import {
  callContext,
  findClaimNamed,
  refuse as refuseByBook,
  resolutionReasons,
} from '../../book/index.ts'
import { decodeUtf8 } from '../../kernel/json.ts'
import {
  changeAgency,
  closePlacement,
  closeWithReason,
  collectAmounts,
  createAgency,
  deleteAgency,
  exportPlaced,
  findAgency,
  listAgencies,
  listPlacements,
  placeClaims,
  recallClaims,
  refuse,
  reportExternalStatus,
  showPlacement,
} from '../../placements/index.ts'
import * as shapes from '../../placements/schema.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import { answerInSteps } from './answer-steps.ts'
import { type BookDeps, bookOnce } from './book-once.ts'
import {
  ClaimPath,
  IdPath,
  idOf,
  mountRoutes,
  NoPath,
  operationsOf,
  pageOf,
  readOf,
  referenceOf,
  type Route,
} from './routes.ts'

const Closing = Type.Object(
  { reason: Type.Optional(Type.Union(resolutionReasons.map((reason) => Type.Literal(reason)))) },
  { additionalProperties: false },
)
const cause = { kind: 'API' }

const agencies: readonly Route<BookDeps>[] = [
  {
    id: 'agencies.create',
    method: 'POST',
    path: '/agencies',
    tag: 'Agencies',
    summary: 'Make a collection agency known; its name stays',
    params: NoPath,
    body: shapes.NewAgency,
    answer: shapes.Agency,
    status: 201,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 201,
        body: await createAgency(tx, exchange.request.body as shapes.NewAgency),
      })),
  },
  {
    id: 'agencies.list',
    method: 'GET',
    path: '/agencies',
    tag: 'Agencies',
    summary: 'Agencies, the oldest first',
    params: NoPath,
    query: shapes.AgencyPageQuery,
    answer: shapes.AgencyPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listAgencies(tx, pageOf<shapes.AgencyPageQuery>(request))),
  },
  {
    id: 'agencies.get',
    method: 'GET',
    path: '/agencies/{id}',
    tag: 'Agencies',
    summary: 'One agency',
    params: IdPath,
    answer: shapes.Agency,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findAgency(tx, idOf(request))),
  },
  {
    id: 'agencies.change',
    method: 'PATCH',
    path: '/agencies/{id}',
    tag: 'Agencies',
    summary: 'Change an agency; one that is not active keeps its claims and takes no more',
    params: IdPath,
    body: shapes.AgencyPatch,
    answer: shapes.Agency,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 200,
        body: await changeAgency(
          tx,
          idOf(exchange.request),
          exchange.request.body as shapes.AgencyPatch,
        ),
      })),
  },
  {
    id: 'agencies.delete',
    method: 'DELETE',
    path: '/agencies/{id}',
    tag: 'Agencies',
    summary: 'Forget an agency that never had a claim',
    params: IdPath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await deleteAgency(tx, idOf(exchange.request))
        return { status: 204 }
      }),
  },
  {
    id: 'agencies.claims',
    method: 'GET',
    path: '/agencies/{id}/claims',
    tag: 'Agencies',
    summary: 'The claims that are with an agency, as a CSV file',
    params: IdPath,
    status: 200,
    handle: sendClaims,
  },
]

const collections: readonly Route<BookDeps>[] = [
  {
    id: 'agencies.collect',
    method: 'POST',
    path: '/agencies/{id}/collections',
    tag: 'Agencies',
    summary: 'Book what an agency collected, from a CSV list (text/csv); each externalId once',
    params: IdPath,
    body: Type.String({ contentMediaType: 'text/csv', minLength: 1 }),
    answer: shapes.CollectedList,
    status: 200,
    handle: collect,
  },
]

const placements: readonly Route<BookDeps>[] = [
  {
    id: 'placements.list',
    method: 'GET',
    path: '/placements',
    tag: 'Placements',
    summary: 'Which claims are or were with which agency, the newest first',
    params: NoPath,
    query: shapes.PlacementPageQuery,
    answer: shapes.PlacementPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) =>
        listPlacements(tx, pageOf<shapes.PlacementPageQuery>(request)),
      ),
  },
  {
    id: 'claims.placement',
    method: 'GET',
    path: '/claims/{reference}/placement',
    tag: 'Placements',
    summary: 'The newest placement of a claim',
    params: ClaimPath,
    answer: shapes.Placement,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => showPlacement(tx, referenceOf(request))),
  },
  {
    id: 'claims.place',
    method: 'POST',
    path: '/claims/{reference}/placement',
    tag: 'Placements',
    summary: 'Hand an active claim over to an agency; messages of our own stop',
    params: ClaimPath,
    body: shapes.NewPlacement,
    answer: shapes.Placement,
    status: 201,
    handle: place,
  },
  {
    id: 'claims.recall',
    method: 'POST',
    path: '/claims/{reference}/placement/recall',
    tag: 'Placements',
    summary: 'Take a claim back from its agency; its journey goes on',
    params: ClaimPath,
    answer: shapes.Placement,
    status: 200,
    handle: recall,
  },
  {
    id: 'claims.closePlacement',
    method: 'POST',
    path: '/claims/{reference}/placement/close',
    tag: 'Placements',
    summary: 'End what the agency does; with a reason the claim is resolved too',
    params: ClaimPath,
    body: Closing,
    answer: shapes.Placement,
    status: 200,
    handle: close,
  },
  {
    id: 'claims.reportPlacement',
    method: 'POST',
    path: '/claims/{reference}/placement/status',
    tag: 'Placements',
    summary: 'Note how the agency itself says that the claim stands',
    params: ClaimPath,
    body: shapes.ExternalStatus,
    answer: shapes.Placement,
    status: 200,
    handle: report,
  },
]

export const placementOperations = operationsOf([...agencies, ...collections, ...placements])

/** Mounts what manages agencies and placements. */
export function mountPlacements(scope: FastifyInstance, deps: BookDeps): void {
  mountRoutes(scope, deps, [...agencies, ...placements])
  void scope.register(async (lists) => {
    lists.addContentTypeParser('text/csv', { parseAs: 'buffer' }, (_request, bytes, done) => {
      try {
        done(null, decodeUtf8(bytes as Buffer))
      } catch (error) {
        done(error as Error)
      }
    })
    mountRoutes(lists, deps, collections)
  })
}

function place({ services }: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const { agency } = exchange.request.body as shapes.NewPlacement
  const reference = referenceOf(exchange.request)
  return answerOnce(services, exchange, async (tx) => {
    const { claimId } = await findClaimNamed(tx, reference)
    const outcomes = await placeClaims(tx, [{ claimId, partner: agency, cause }])
    const outcome = outcomes.get(claimId)
    if (outcome === 'NOT_ACTIVE') throw refuseByBook('claim_not_active')
    if (outcome === 'PLACED_ELSEWHERE') throw refuse('placed_elsewhere')
    return {
      status: outcome === 'PLACED' ? 201 : 200,
      body: await showPlacement(tx, reference),
    }
  })
}

function recall({ services }: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const reference = referenceOf(exchange.request)
  return answerOnce(services, exchange, async (tx) => {
    const { claimId } = await findClaimNamed(tx, reference)
    const recalled = await recallClaims(tx, [{ claimId, cause }])
    if (!recalled.has(claimId)) throw refuse('not_placed')
    return { status: 200, body: await showPlacement(tx, reference) }
  })
}

function close(deps: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const { services } = deps
  const { request } = exchange
  const { reason } = request.body as Static<typeof Closing>
  const reference = referenceOf(request)
  if (reason === undefined) {
    return answerOnce(services, exchange, async (tx) => {
      const { claimId } = await findClaimNamed(tx, reference)
      if (!(await closePlacement(tx, { claimId, cause }))) throw refuse('not_placed')
      return { status: 200, body: await showPlacement(tx, reference) }
    })
  }
  const context = callContext(request.tenant, { originator: 'NativeAPI' })
  return bookOnce(deps, exchange, async () => {
    const { answer, ...work } = await readOf(services, request, (tx) =>
      closeWithReason(tx, context, { claimReference: reference, reason, cause }),
    )
    return { ...work, answer: () => ({ status: 200, body: answer }) }
  })
}

function report({ services }: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const { externalStatus } = exchange.request.body as shapes.ExternalStatus
  const claimReference = referenceOf(exchange.request)
  return answerOnce(services, exchange, async (tx) => {
    await reportExternalStatus(tx, { claimReference, externalStatus })
    return { status: 200, body: await showPlacement(tx, claimReference) }
  })
}

async function sendClaims(
  { services }: BookDeps,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  const { name } = await readOf(services, request, (tx) => findAgency(tx, idOf(request)))
  const { tenantId } = request.tenant
  const unit = { tenantId, now: services.clocks.nowOf(tenantId) }
  void reply.headers({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="claims.csv"',
    'cache-control': 'private, no-store',
  })
  return reply.send(Readable.from(exportPlaced(services.db, unit, name)))
}

function collect({ services, bookkeeper }: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const { tenant, body: text } = request
  if (typeof text !== 'string') throw refuse('invalid_list', 'it is no text/csv')
  return answerInSteps(services, exchange, {
    async run() {
      const { name } = await readOf(services, request, (tx) => findAgency(tx, idOf(request)))
      const now = services.clocks.nowOf(tenant.tenantId)
      const order = { tenant, now, partner: name, text }
      return { status: 200, body: await collectAmounts({ db: services.db, bookkeeper }, order) }
    },
    // Each externalId is booked once: a list that was booked in part goes on where it ended.
    mayBeRepeated: () => true,
  })
}
