import type { FastifyInstance, FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { type Static, type TSchema, Type } from 'typebox'
import { type Bookkeeper, callContext } from '../../book/index.ts'
import {
  addInstitution,
  addMerchant,
  cancelPayment,
  changeInstitution,
  changeMerchant,
  ensureConfigured,
  listInstitutions,
  listMerchants,
  listMovements,
  listPayments,
  setCommission,
  topUp,
} from '../../payofin/index.ts'
import * as shapes from '../../payofin/schema.ts'
import type { Tx } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import { answerInSteps } from './answer-steps.ts'
import { mountRoutes, NoPath, operationsOf, pageOf, readOf, type Route } from './routes.ts'

interface Deps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
}

const tag = 'Payofin'
const SootPath = Type.Object({ sootCode: shapes.SootCode })
const MerchantPath = Type.Object({ merchantId: shapes.MerchantId })
const Counted = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const PaymentPath = Type.Object({ paymentId: Counted })
const PageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  before: Type.Optional(Counted),
})
type PageQuery = Static<typeof PageQuery>
const listOf = (schema: TSchema) => Type.Object({ items: Type.Array(schema) })

const routes: readonly Route<Deps>[] = [
  {
    id: 'payofin.institutions.list',
    method: 'GET',
    path: '/payofin/institutions',
    tag,
    summary: 'The institutions whose debts merchants collect',
    params: NoPath,
    answer: listOf(shapes.Institution),
    status: 200,
    handle: (deps, exchange) =>
      writing(deps, exchange, 200, async (tx) => ({
        items: await listInstitutions(tx),
      })),
  },
  {
    id: 'payofin.institutions.create',
    method: 'POST',
    path: '/payofin/institutions',
    tag,
    summary: 'Let merchants collect for another institution',
    params: NoPath,
    body: shapes.NewInstitution,
    answer: shapes.Institution,
    status: 201,
    handle: (deps, exchange) =>
      writing(deps, exchange, 201, (tx) =>
        addInstitution(tx, exchange.request.body as shapes.NewInstitution),
      ),
  },
  {
    id: 'payofin.institutions.change',
    method: 'PATCH',
    path: '/payofin/institutions/{sootCode}',
    tag,
    summary: 'Change an institution',
    params: SootPath,
    body: shapes.InstitutionPatch,
    answer: shapes.Institution,
    status: 200,
    handle: (deps, exchange) =>
      writing(deps, exchange, 200, (tx) =>
        changeInstitution(
          tx,
          numberOf(exchange.request, 'sootCode'),
          exchange.request.body as shapes.InstitutionPatch,
        ),
      ),
  },
  {
    id: 'payofin.merchants.list',
    method: 'GET',
    path: '/payofin/merchants',
    tag,
    summary: 'The merchants and what is left of their floats',
    params: NoPath,
    answer: listOf(shapes.Merchant),
    status: 200,
    handle: (deps, exchange) =>
      writing(deps, exchange, 200, async (tx) => ({ items: await listMerchants(tx) })),
  },
  {
    id: 'payofin.merchants.create',
    method: 'POST',
    path: '/payofin/merchants',
    tag,
    summary: 'Add a merchant; its secret key is answered this once',
    params: NoPath,
    body: shapes.NewMerchant,
    answer: shapes.CreatedMerchant,
    status: 201,
    handle: (deps, exchange) => {
      const input = exchange.request.body as shapes.NewMerchant
      requireNetworks(input.addresses)
      return writing(deps, exchange, 201, (tx) => addMerchant(tx, input))
    },
  },
  {
    id: 'payofin.merchants.change',
    method: 'PATCH',
    path: '/payofin/merchants/{merchantId}',
    tag,
    summary: 'Change a merchant: its name, where it calls from, what it may collect for',
    params: MerchantPath,
    body: shapes.MerchantPatch,
    answer: shapes.Merchant,
    status: 200,
    handle: (deps, exchange) => {
      const patch = exchange.request.body as shapes.MerchantPatch
      requireNetworks(patch.addresses)
      const id = numberOf(exchange.request, 'merchantId')
      return writing(deps, exchange, 200, (tx) => changeMerchant(tx, id, patch))
    },
  },
  {
    id: 'payofin.merchants.top-up',
    method: 'POST',
    path: '/payofin/merchants/{merchantId}/top-ups',
    tag,
    summary: 'Book money that a merchant paid in',
    params: MerchantPath,
    body: shapes.TopUp,
    answer: shapes.Merchant,
    status: 201,
    handle: (deps, exchange) => {
      const id = numberOf(exchange.request, 'merchantId')
      return writing(deps, exchange, 201, (tx) =>
        topUp(tx, id, exchange.request.body as shapes.TopUp),
      )
    },
  },
  {
    id: 'payofin.merchants.movements',
    method: 'GET',
    path: '/payofin/merchants/{merchantId}/movements',
    tag,
    summary: 'What moved the float of a merchant, the newest first; together it is the balance',
    params: MerchantPath,
    query: PageQuery,
    answer: listOf(shapes.Movement),
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, async (tx) => ({
        items: await listMovements(tx, numberOf(request, 'merchantId'), pageOf<PageQuery>(request)),
      })),
  },
  {
    id: 'payofin.commissions.set',
    method: 'POST',
    path: '/payofin/commissions',
    tag,
    summary: 'Set what a merchant pays and takes for an institution',
    params: NoPath,
    body: shapes.Commission,
    answer: shapes.Commission,
    status: 200,
    handle: (deps, exchange) =>
      writing(deps, exchange, 200, (tx) =>
        setCommission(tx, exchange.request.body as shapes.Commission),
      ),
  },
  {
    id: 'payofin.payments.list',
    method: 'GET',
    path: '/payofin/payments',
    tag,
    summary: 'What merchants collected, the newest first',
    params: NoPath,
    query: PageQuery,
    answer: listOf(shapes.CollectedPayment),
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, async (tx) => ({
        items: await listPayments(tx, pageOf<PageQuery>(request)),
      })),
  },
  {
    id: 'payofin.payments.cancel',
    method: 'POST',
    path: '/payofin/payments/{paymentId}/cancel',
    tag,
    summary: 'Take a payment back: the claim and the float are as before it',
    params: PaymentPath,
    answer: shapes.CollectedPayment,
    status: 200,
    handle({ services, bookkeeper }, exchange) {
      const { db, clocks } = services
      const { request } = exchange
      return answerInSteps(services, exchange, {
        run: async () => ({
          status: 200,
          body: await cancelPayment(
            { db, bookkeeper, nowOf: (tenantId) => clocks.nowOf(tenantId) },
            callContext(request.tenant, { originator: 'NativeAPI' }),
            numberOf(request, 'paymentId'),
          ),
        }),
      })
    },
  },
]

export const payofinOperations = operationsOf(routes)

/** Mounts what manages the Payofin door. */
export function mountPayofinDesk(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

const numberOf = ({ params }: FastifyRequest, name: string) =>
  Number((params as Record<string, unknown>)[name])

/** Does something for a tenant that has at least what a new one has. */
// oxlint-disable-next-line max-params -- an exchange with its status and its work
function writing(
  { services }: Deps,
  exchange: Exchange,
  status: number,
  work: (tx: Tx) => Promise<unknown>,
) {
  return answerOnce(services, exchange, async (tx) => {
    await ensureConfigured(tx)
    return { status, body: await work(tx) }
  })
}

function requireNetworks(addresses: readonly string[] | undefined): void {
  const wrong = addresses?.find((each) => {
    return each.includes('/') ? !ipaddr.isValidCIDR(each) : !ipaddr.isValid(each)
  })
  if (wrong !== undefined)
    throw new Refusal('invalid_address', 'invalid', `${wrong} is no address and no network`)
}
