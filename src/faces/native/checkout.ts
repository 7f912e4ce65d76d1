import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import {
  type CheckoutDeps,
  disputePayment,
  findPayment,
  listPayments,
  refreshPayment,
  startPayment,
} from '../../checkout/index.ts'
import * as shapes from '../../checkout/schema.ts'
import { listProviders, removeProvider, setProvider } from '../../gateways/index.ts'
import * as gatewayShapes from '../../gateways/schema.ts'
import { inTransaction } from '../../platform/db.ts'
import { keyedRequest, releaseKey, reserveKey, storeAnswer } from '../../platform/idempotency.ts'
import type { Services } from '../../platform/services.ts'
import { CompiledQuery } from 'kysely'
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
  readonly checkout: CheckoutDeps
}

const tag = 'Payments'
const NamePath = Type.Object({ name: Type.String({ minLength: 1, maxLength: 40 }) })

const payments: readonly Route<Deps>[] = [
  {
    id: 'payments.start',
    method: 'POST',
    path: '/payments',
    tag,
    summary: 'Open a payment of claims at a payment provider; the debtor pays at `redirectUrl`',
    params: NoPath,
    body: shapes.NewPayment,
    answer: shapes.StartedPayment,
    status: 201,
    handle: start,
  },
  {
    id: 'payments.list',
    method: 'GET',
    path: '/payments',
    tag,
    summary: 'Payments that debtors made or began, of one claim or of all, the newest first',
    params: NoPath,
    query: shapes.PaymentsQuery,
    answer: shapes.PaymentPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listPayments(tx, pageOf<shapes.PaymentsQuery>(request))),
  },
  {
    id: 'payments.get',
    method: 'GET',
    path: '/payments/{id}',
    tag,
    summary: 'One payment with the states it went through',
    params: IdPath,
    answer: shapes.Payment,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findPayment(tx, idOf(request))),
  },
  {
    id: 'payments.refresh',
    method: 'POST',
    path: '/payments/{id}/refresh',
    tag,
    summary: 'Ask the payment provider how a payment stands, and book what settled',
    params: IdPath,
    answer: shapes.Payment,
    status: 200,
    handle: ({ checkout }, { request }) =>
      refreshPayment(checkout, {
        tenantId: request.tenant.tenantId,
        paymentId: idOf(request),
      }),
  },
  {
    id: 'payments.disputeInSandbox',
    method: 'POST',
    path: '/payments/{id}/sandbox-dispute',
    tag,
    summary: 'Let the bank of a debtor take a settled sandbox payment back',
    params: IdPath,
    answer: shapes.Payment,
    status: 200,
    handle: ({ checkout }, { request }) =>
      disputePayment(checkout, {
        tenantId: request.tenant.tenantId,
        paymentId: idOf(request),
      }),
  },
]

const providers: readonly Route<Deps>[] = [
  {
    id: 'paymentProviders.set',
    method: 'POST',
    path: '/payment-providers',
    tag,
    summary: 'Set up a payment provider, or set it up anew; its secrets are never shown',
    params: NoPath,
    body: gatewayShapes.ProviderSettings,
    answer: gatewayShapes.Provider,
    status: 200,
    handle: ({ services, checkout }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        const settings = exchange.request.body as gatewayShapes.ProviderSettings
        return { status: 200, body: await setProvider(tx, checkout.gateways.settings, settings) }
      }),
  },
  {
    id: 'paymentProviders.list',
    method: 'GET',
    path: '/payment-providers',
    tag,
    summary: 'The payment providers of this tenant, the preferred one first',
    params: NoPath,
    answer: gatewayShapes.ProviderList,
    status: 200,
    handle: ({ services }, { request }) => readOf(services, request, listProviders),
  },
  {
    id: 'paymentProviders.remove',
    method: 'DELETE',
    path: '/payment-providers/{name}',
    tag,
    summary: 'Take no more payments with a provider, and forget its secrets',
    params: NamePath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await removeProvider(tx, (exchange.request.params as Static<typeof NamePath>).name)
        return { status: 204 }
      }),
  },
]

const routes = [...payments, ...providers]

export const checkoutOperations = operationsOf(routes)

/** Mounts payments and their providers. The tenant of a request is known by then. */
export function mountCheckout(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

/** Calls a provider, so it is no one transaction: the key is held meanwhile, and the answer stored after. */
async function start(
  { services, checkout }: Deps,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  const { db, clock } = services
  const { tenantId } = request.tenant
  const input = { tenantId, ...(request.body as shapes.NewPayment) }
  const keyed = keyedRequest(request, tenantId)
  if (!keyed) return reply.code(201).send(await startPayment(checkout, input))
  const reserved = await reserveKey(db, keyed, clock())
  if ('first' in reserved) {
    void reply.code(reserved.first.status).header('idempotent-replayed', 'true')
    return reply.type('application/json').send(reserved.first.answer)
  }
  const { reservation } = reserved
  try {
    const answer = JSON.stringify(await startPayment(checkout, input))
    const { text, values } = storeAnswer(reservation, { status: 201, answer })
    await inTransaction(db, { tenantId, now: clock() }, (tx) =>
      tx.db.executeQuery(CompiledQuery.raw(text, values)),
    )
    return await reply.code(201).type('application/json').send(answer)
  } catch (error) {
    await releaseKey(db, reservation, clock()).catch(() => undefined)
    throw error
  }
}
