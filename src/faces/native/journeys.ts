import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { type Bookkeeper, callContext, type Command } from '../../book/index.ts'
import {
  addVersion,
  assignJourney,
  claimJourney,
  createJourney,
  deleteJourney,
  findJourney,
  findVersion,
  listJourneys,
  moveJourney,
  pauseJourney,
  resumeJourney,
  simulateJourney,
  startJourney,
  stopJourney,
  unassignJourney,
} from '../../journeys/index.ts'
import * as shapes from '../../journeys/schema.ts'
import { Id } from '../../kernel/schema.ts'
import type { Tx } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import { bookOnce } from './book-once.ts'
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

interface Deps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
}

const VersionPath = Type.Object({
  id: Id,
  version: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
})

const tag = 'Journeys'

/** A write of one transaction that answers what it made. */
const written = (
  { services }: Deps,
  exchange: Exchange,
  write: { status: number; work(tx: Tx): Promise<unknown> },
): Promise<FastifyReply> =>
  answerOnce(services, exchange, async (tx) => {
    const body = await write.work(tx)
    return { status: write.status, ...(body === undefined ? {} : { body }) }
  })

const journeyRoutes: readonly Route<Deps>[] = [
  {
    id: 'journeys.create',
    method: 'POST',
    path: '/journeys',
    tag,
    summary: 'Keep a journey; what is wrong with it is said step by step',
    params: NoPath,
    body: shapes.NewJourney,
    answer: shapes.Journey,
    status: 201,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 201,
        work: (tx) => createJourney(tx, exchange.request.body as shapes.NewJourney),
      }),
  },
  {
    id: 'journeys.list',
    method: 'GET',
    path: '/journeys',
    tag,
    summary: 'All journeys, the oldest first',
    params: NoPath,
    query: shapes.JourneyPageQuery,
    answer: shapes.JourneyPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listJourneys(tx, pageOf<shapes.JourneyPageQuery>(request))),
  },
  {
    id: 'journeys.get',
    method: 'GET',
    path: '/journeys/{id}',
    tag,
    summary: 'A journey with the steps of its newest version',
    params: IdPath,
    answer: shapes.Journey,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findJourney(tx, idOf(request))),
  },
  {
    id: 'journeys.delete',
    method: 'DELETE',
    path: '/journeys/{id}',
    tag,
    summary: 'Delete a journey that no claim is on',
    params: IdPath,
    status: 204,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 204,
        work: (tx) => deleteJourney(tx, idOf(exchange.request)),
      }),
  },
  {
    id: 'journeys.addVersion',
    method: 'POST',
    path: '/journeys/{id}/versions',
    tag,
    summary: 'Keep a new version; claims on their way stay on theirs',
    params: IdPath,
    body: shapes.NewVersion,
    answer: shapes.Journey,
    status: 201,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 201,
        work: (tx) =>
          addVersion(tx, idOf(exchange.request), exchange.request.body as shapes.NewVersion),
      }),
  },
  {
    id: 'journeys.version',
    method: 'GET',
    path: '/journeys/{id}/versions/{version}',
    tag,
    summary: 'One version of a journey',
    params: VersionPath,
    answer: shapes.JourneyVersion,
    status: 200,
    handle: ({ services }, { request }) => {
      const { version } = request.params as Static<typeof VersionPath>
      return readOf(services, request, (tx) =>
        findVersion(tx, { journeyId: idOf(request), version }),
      )
    },
  },
  {
    id: 'journeys.assign',
    method: 'POST',
    path: '/journeys/{id}/assignments',
    tag,
    summary: 'Have claims of a portfolio, or all others, begin with this journey',
    params: IdPath,
    body: shapes.NewAssignment,
    answer: shapes.Journey,
    status: 200,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 200,
        work: (tx) =>
          assignJourney(tx, idOf(exchange.request), exchange.request.body as shapes.NewAssignment),
      }),
  },
  {
    id: 'journeys.unassign',
    method: 'DELETE',
    path: '/journeys/{id}/assignments',
    tag,
    summary: 'End the assignment of a portfolio, or of all others, to this journey',
    params: IdPath,
    query: shapes.AssignmentQuery,
    status: 204,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 204,
        work: (tx) =>
          unassignJourney(
            tx,
            idOf(exchange.request),
            exchange.request.query as shapes.AssignmentQuery,
          ),
      }),
  },
  {
    id: 'journeys.simulate',
    method: 'POST',
    path: '/journeys/{id}/simulate',
    tag,
    summary: 'Who would get what and when, without its happening',
    params: IdPath,
    body: shapes.Simulate,
    answer: shapes.Simulation,
    status: 200,
    takesIdempotencyKey: false,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) =>
        simulateJourney(tx, idOf(request), request.body as shapes.Simulate),
      ),
  },
]

const claimRoutes: readonly Route<Deps>[] = [
  {
    id: 'claimJourney.get',
    method: 'GET',
    path: '/claims/{reference}/journey',
    tag,
    summary: 'Where a claim stands on its journey',
    params: ClaimPath,
    answer: shapes.ClaimJourney,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => claimJourney(tx, referenceOf(request))),
  },
  {
    id: 'claimJourney.pause',
    method: 'POST',
    path: '/claims/{reference}/journey/pause',
    tag,
    summary: 'Hold the journey of a claim, for good or until a time',
    params: ClaimPath,
    body: shapes.PauseBody,
    status: 204,
    handle: (deps, exchange) => {
      const { pausedUntil } = exchange.request.body as shapes.PauseBody
      const until = pausedUntil === undefined ? undefined : new Date(pausedUntil)
      const reference = referenceOf(exchange.request)
      return booked(deps, exchange, pauseJourney(contextOf(exchange), { reference, until }))
    },
  },
  {
    id: 'claimJourney.resume',
    method: 'POST',
    path: '/claims/{reference}/journey/resume',
    tag,
    summary: 'Let the paused journey of a claim go on',
    params: ClaimPath,
    status: 204,
    handle: (deps, exchange) =>
      booked(deps, exchange, resumeJourney(contextOf(exchange), referenceOf(exchange.request))),
  },
  {
    id: 'claimJourney.stop',
    method: 'POST',
    path: '/claims/{reference}/journey/stop',
    tag,
    summary: 'End the journey of a claim for good; with a reason, the claim too',
    params: ClaimPath,
    body: shapes.StopBody,
    status: 204,
    handle: (deps, exchange) => {
      const input = exchange.request.body as shapes.StopBody
      const reference = referenceOf(exchange.request)
      return booked(deps, exchange, stopJourney(contextOf(exchange), { reference, ...input }))
    },
  },
  {
    id: 'claimJourney.start',
    method: 'POST',
    path: '/claims/{reference}/journey/start',
    tag,
    summary: 'Begin a journey of a claim anew: a named one, or that which is assigned',
    params: ClaimPath,
    body: shapes.StartBody,
    answer: shapes.ClaimJourney,
    status: 200,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 200,
        work: (tx) =>
          startJourney(
            tx,
            referenceOf(exchange.request),
            exchange.request.body as shapes.StartBody,
          ),
      }),
  },
  {
    id: 'claimJourney.move',
    method: 'POST',
    path: '/claims/{reference}/journey/move',
    tag,
    summary: 'Move a claim on its way to another version or journey',
    params: ClaimPath,
    body: shapes.MoveBody,
    answer: shapes.ClaimJourney,
    status: 200,
    handle: (deps, exchange) =>
      written(deps, exchange, {
        status: 200,
        work: (tx) =>
          moveJourney(tx, referenceOf(exchange.request), exchange.request.body as shapes.MoveBody),
      }),
  },
]

const routes = [...journeyRoutes, ...claimRoutes]

export const journeyOperations = operationsOf(routes)

/** Mounts journeys, and what is done with the journey of a claim. */
export function mountJourneys(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

const contextOf = ({ request }: Exchange) =>
  callContext(request.tenant, { originator: 'NativeAPI' })

function booked(deps: Deps, exchange: Exchange, command: Command<void>): Promise<FastifyReply> {
  return bookOnce(deps, exchange, () =>
    Promise.resolve({ command, answer: () => ({ status: 204 }) }),
  )
}
