import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import {
  createSendRule,
  deleteSendRule,
  findSendRule,
  listSendRules,
  NewSendRule,
  SendRule,
  SendRules,
} from '../../communications/index.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce } from './answer-once.ts'
import { mountRoutes, NoPath, operationsOf, readOf, type Route } from './routes.ts'

interface Deps {
  readonly services: Services
}

const tag = 'Send rules'
/** Rules that are built in have names, not ids. */
const RulePath = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) })

const routes: readonly Route<Deps>[] = [
  {
    id: 'sendRules.list',
    method: 'GET',
    path: '/send-rules',
    tag,
    summary:
      'When and how often debtors are written to: your rules, and behind them those built in',
    params: NoPath,
    answer: SendRules,
    status: 200,
    handle: async ({ services }, { request }) => ({
      items: await readOf(services, request, listSendRules),
    }),
  },
  {
    id: 'sendRules.create',
    method: 'POST',
    path: '/send-rules',
    tag,
    summary: 'Add a rule; it goes before those built in from the day on which it is valid',
    params: NoPath,
    body: NewSendRule,
    answer: SendRule,
    status: 201,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 201,
        body: await createSendRule(tx, exchange.request.body as NewSendRule),
      })),
  },
  {
    id: 'sendRules.get',
    method: 'GET',
    path: '/send-rules/{id}',
    tag,
    summary: 'One rule',
    params: RulePath,
    answer: SendRule,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findSendRule(tx, ruleIdOf(request))),
  },
  {
    id: 'sendRules.delete',
    method: 'DELETE',
    path: '/send-rules/{id}',
    tag,
    summary: 'Remove a rule of yours',
    params: RulePath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await deleteSendRule(tx, ruleIdOf(exchange.request))
        return { status: 204 }
      }),
  },
]

export const sendRuleOperations = operationsOf(routes)

/** Mounts the rules of the send gate. The tenant of a request is known by then. */
export function mountSendRules(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

const ruleIdOf = ({ params }: FastifyRequest) =>
  (params as Static<typeof RulePath>).id.toLowerCase()
