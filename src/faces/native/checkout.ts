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
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import { answerInSteps } from './answer-steps.ts'
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
    handle: ({ services, checkout }, exchange) =>
      answerInSteps(services, exchange, {
        run: async () => ({
          status: 200,
          body: await refreshPayment(checkout, paymentAt(exchange)),
        }),
        // Whatever it takes in counts once.
        mayBeRepeated: () => true,
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
    handle: ({ services, checkout }, exchange) =>
      answerInSteps(services, exchange, {
        run: async () => ({
          status: 200,
          body: await disputePayment(checkout, paymentAt(exchange)),
        }),
        // Its bank takes it back once.
        mayBeRepeated: () => true,
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

const paymentAt = ({ request }: Exchange) => ({
  tenantId: request.tenant.tenantId,
  paymentId: idOf(request),
})

function start({ services, checkout }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const { tenant, body } = exchange.request
  const wanted = { tenantId: tenant.tenantId, ...(body as shapes.NewPayment) }
  return answerInSteps(services, exchange, {
    run: async () => ({ status: 201, body: await startPayment(checkout, wanted) }),
    // A payment that its provider did not take up is written down as failed, and nobody can pay it.
    mayBeRepeated: (error) => error instanceof Refusal,
  })
}
