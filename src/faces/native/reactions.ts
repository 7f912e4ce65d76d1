import type { FastifyInstance } from 'fastify'
import type { Services } from '../../platform/services.ts'
import {
  changeReaction,
  createReaction,
  deleteReaction,
  findReaction,
  listReactions,
  reactionLog,
} from '../../reactions/index.ts'
import * as shapes from '../../reactions/schema.ts'
import { answerOnce } from './answer-once.ts'
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

const tag = 'Reactions'

const routes: readonly Route<Deps>[] = [
  {
    id: 'reactions.create',
    method: 'POST',
    path: '/reactions',
    tag,
    summary:
      'Keep what is to be done when something happens; what is wrong is said action by action',
    params: NoPath,
    body: shapes.NewReaction,
    answer: shapes.Reaction,
    status: 201,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 201,
        body: await createReaction(tx, exchange.request.body as shapes.NewReaction),
      })),
  },
  {
    id: 'reactions.list',
    method: 'GET',
    path: '/reactions',
    tag,
    summary: 'All reactions, the oldest first',
    params: NoPath,
    query: shapes.ReactionPageQuery,
    answer: shapes.ReactionPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) =>
        listReactions(tx, pageOf<shapes.ReactionPageQuery>(request)),
      ),
  },
  {
    id: 'reactions.get',
    method: 'GET',
    path: '/reactions/{id}',
    tag,
    summary: 'One reaction',
    params: IdPath,
    answer: shapes.Reaction,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findReaction(tx, idOf(request))),
  },
  {
    id: 'reactions.change',
    method: 'PATCH',
    path: '/reactions/{id}',
    tag,
    summary: 'Change a reaction, or switch it off and on; what fired before goes on as it began',
    params: IdPath,
    body: shapes.ReactionChange,
    answer: shapes.Reaction,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 200,
        body: await changeReaction(
          tx,
          idOf(exchange.request),
          exchange.request.body as shapes.ReactionChange,
        ),
      })),
  },
  {
    id: 'reactions.delete',
    method: 'DELETE',
    path: '/reactions/{id}',
    tag,
    summary: 'End a reaction',
    params: IdPath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await deleteReaction(tx, idOf(exchange.request))
        return { status: 204 }
      }),
  },
  {
    id: 'reactions.log',
    method: 'GET',
    path: '/reactions/{id}/log',
    tag,
    summary: 'What a reaction did, when, and why it did nothing, the newest first',
    params: IdPath,
    query: shapes.ReactionPageQuery,
    answer: shapes.FiringPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) =>
        reactionLog(tx, idOf(request), pageOf<shapes.ReactionPageQuery>(request)),
      ),
  },
]

export const reactionOperations = operationsOf(routes)

/** Mounts reactions and their logs. */
export function mountReactions(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}
