import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { callContext } from '../../book/index.ts'
import {
  cancelPlan,
  changeDefinition,
  createDefinition,
  deleteDefinition,
  findDefinition,
  findPlan,
  listDefinitions,
  plansOf,
  prepareAcceptance,
  previewPlans,
} from '../../plans/index.ts'
import * as shapes from '../../plans/schema.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
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

const definitions: readonly Route<BookDeps>[] = [
  {
    id: 'planDefinitions.create',
    method: 'POST',
    path: '/plan-definitions',
    tag: 'Plans',
    summary: 'Offer a kind of instalment plan to the claims that its terms allow',
    params: NoPath,
    body: shapes.NewPlanDefinition,
    answer: shapes.PlanDefinition,
    status: 201,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 201,
        body: await createDefinition(tx, exchange.request.body as shapes.NewPlanDefinition),
      })),
  },
  {
    id: 'planDefinitions.list',
    method: 'GET',
    path: '/plan-definitions',
    tag: 'Plans',
    summary: 'Plan definitions in their newest versions, the oldest first',
    params: NoPath,
    query: shapes.PlanPageQuery,
    answer: shapes.PlanDefinitionPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listDefinitions(tx, pageOf<shapes.PlanPageQuery>(request))),
  },
  {
    id: 'planDefinitions.get',
    method: 'GET',
    path: '/plan-definitions/{id}',
    tag: 'Plans',
    summary: 'One plan definition in its newest version',
    params: IdPath,
    answer: shapes.PlanDefinition,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findDefinition(tx, idOf(request))),
  },
  {
    id: 'planDefinitions.change',
    method: 'PATCH',
    path: '/plan-definitions/{id}',
    tag: 'Plans',
    summary: 'Make a new version of a plan definition; accepted plans go on as they are',
    params: IdPath,
    body: shapes.PlanDefinitionPatch,
    answer: shapes.PlanDefinition,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 200,
        body: await changeDefinition(
          tx,
          idOf(exchange.request),
          exchange.request.body as shapes.PlanDefinitionPatch,
        ),
      })),
  },
  {
    id: 'planDefinitions.delete',
    method: 'DELETE',
    path: '/plan-definitions/{id}',
    tag: 'Plans',
    summary: 'Offer a plan no more; accepted plans go on',
    params: IdPath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await deleteDefinition(tx, idOf(exchange.request))
        return { status: 204 }
      }),
  },
]

const plans: readonly Route<BookDeps>[] = [
  {
    id: 'claims.planOptions',
    method: 'GET',
    path: '/claims/{reference}/plan-options',
    tag: 'Plans',
    summary: 'Every plan that a claim may choose now, with its schedule',
    params: ClaimPath,
    query: shapes.PlanOptionsQuery,
    answer: shapes.PlanOptions,
    status: 200,
    handle: options,
  },
  {
    id: 'claims.plans',
    method: 'GET',
    path: '/claims/{reference}/plans',
    tag: 'Plans',
    summary: 'The plans of a claim, the newest first',
    params: ClaimPath,
    answer: Type.Object({ items: Type.Array(shapes.Plan) }),
    status: 200,
    handle: async ({ services }, { request }) => ({
      items: await readOf(services, request, (tx) => plansOf(tx, referenceOf(request))),
    }),
  },
  {
    id: 'claims.acceptPlan',
    method: 'POST',
    path: '/claims/{reference}/plans',
    tag: 'Plans',
    summary: 'Agree a plan over what the claim asks for now; a promise on it gives way',
    params: ClaimPath,
    body: shapes.NewPlan,
    answer: shapes.Plan,
    status: 201,
    handle: accept,
  },
  {
    id: 'plans.get',
    method: 'GET',
    path: '/plans/{id}',
    tag: 'Plans',
    summary: 'One plan with its instalments',
    params: IdPath,
    answer: shapes.Plan,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findPlan(tx, idOf(request))),
  },
  {
    id: 'plans.cancel',
    method: 'POST',
    path: '/plans/{id}/cancel',
    tag: 'Plans',
    summary: 'End an active plan; what was paid stays paid',
    params: IdPath,
    body: shapes.PlanCancelling,
    answer: shapes.Plan,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        const planId = idOf(exchange.request)
        const { reason } = exchange.request.body as Static<typeof shapes.PlanCancelling>
        await cancelPlan(tx, { planId, reason })
        return { status: 200, body: await findPlan(tx, planId) }
      }),
  },
]

export const planOperations = operationsOf([...definitions, ...plans])

/** Mounts what offers, agrees and shows instalment plans. */
export function mountPlans(scope: FastifyInstance, deps: BookDeps): void {
  mountRoutes(scope, deps, [...definitions, ...plans])
}

async function options({ services: { db, clocks } }: BookDeps, { request }: Exchange) {
  const { firstDueOn } = request.query as Static<typeof shapes.PlanOptionsQuery>
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  const { tenantId } = request.tenant
  const wanted = { tenantId, claimReference: referenceOf(request), firstDueOn }
  return { items: await previewPlans({ db, nowOf }, wanted) }
}

function accept(deps: BookDeps, exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const context = callContext(request.tenant, { originator: 'NativeAPI' })
  const choice = request.body as shapes.NewPlan
  return bookOnce(deps, exchange, async () => {
    const work = await readOf(deps.services, request, (tx) =>
      prepareAcceptance(tx, context, { claimReference: referenceOf(request), choice }),
    )
    return { ...work, answer: (plan) => ({ status: 201, body: work.answer(plan) }) }
  })
}
