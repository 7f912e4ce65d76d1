import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { type Bookkeeper, callContext } from '../../book/index.ts'
import { requireRate, type TenantFinder } from '../../identity/index.ts'
import { JsonError } from '../../kernel/json.ts'
import { authenticate, type Caller, findMerchant, refusePayofin } from '../../payofin/index.ts'
import { answerKeyed, keepAnswers } from '../../platform/answer-keyed.ts'
import { inTransaction } from '../../platform/db.ts'
import { parseJsonBodies, logFailure } from '../../platform/http.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { codeOf, failed } from './answers.ts'
import * as does from './operations.ts'

export interface PayofinDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly tenants: TenantFinder
}

interface Mounted {
  readonly method: 'GET' | 'POST'
  readonly run: does.Operation
}

/** The operations of this door by the last part of their path, in lower case. */
const operations: Readonly<Record<string, Mounted>> = {
  sootlist: { method: 'GET', run: does.sootList },
  sootlistbytype: { method: 'POST', run: does.sootListByType },
  invoicequery: { method: 'POST', run: does.invoiceQuery },
  multipleinvoicequery: { method: 'POST', run: does.multipleInvoiceQuery },
  invoicepayment: { method: 'POST', run: does.invoicePayment },
  multipleinvoicepayment: { method: 'POST', run: does.multipleInvoicePayment },
  invoicecheck: { method: 'POST', run: does.invoiceCheck },
  invoicelist: { method: 'POST', run: does.invoiceList },
  invoicereceipt: { method: 'POST', run: does.invoiceReceipt },
}

/** §8.2: pages write the paths of this door in several ways. Every other path stays as it is. */
export function payofinPath(url: string): string {
  if (!/^\/invoices\//i.test(url)) return url
  const [path = '', ...query] = url.split('?')
  return [path.toLowerCase(), ...query].join('?')
}

/** Mounts the Payofin door at `/invoices`. */
export function mountPayofin(app: FastifyInstance, deps: PayofinDeps): void {
  void app.register(
    async (scope) => {
      parseJsonBodies(scope)
      keepAnswers(scope, deps.services)
      scope.setErrorHandler((error, request, reply) => sendFailure(error, request, reply))
      scope.setNotFoundHandler((_request, reply) => reply.code(404).send(failed(internal)))
      for (const [name, { method, run }] of Object.entries(operations)) {
        scope.route({
          method,
          url: `/${name}`,
          handler: (request, reply) => answer(deps, { request, reply }, run),
        })
      }
    },
    { prefix: '/invoices' },
  )
}

const internal = -18

async function answer(
  { services, bookkeeper, tenants }: PayofinDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  run: does.Operation,
): Promise<object> {
  const { db, reader, clocks } = services
  const caller = await callerOf(services, request)
  const tenant = await tenants.tenantOf(caller.tenantId)
  if (!tenant) throw refusePayofin('credentials_wrong')
  requireRate(services, tenant)
  await requirePlace(services, request, caller)
  const { tenantId } = tenant
  const keyed = { services, request, reply, tenantId, caller: `payofin/${caller.merchantId}` }
  const work = () =>
    run({
      db,
      reader,
      bookkeeper,
      nowOf: (tenantId) => clocks.nowOf(tenantId),
      caller,
      body: request.body,
      newContext: () => callContext(tenant, { originator: 'Payofin' }),
      note: (error) => noteBug(error, request),
    })
  return request.method === 'GET' ? work() : answerKeyed(keyed, work)
}

/** The merchant whose keys a request carries. */
async function callerOf(services: Services, request: FastifyRequest): Promise<Caller> {
  const { apikey, secretkey } = request.headers
  const isKeyed = typeof apikey === 'string' && typeof secretkey === 'string'
  if (!isKeyed) throw refusePayofin('credentials_wrong')
  return authenticate(services, { apiKey: apikey, secretKey: secretkey })
}

/** Refuses a merchant that is not active, and calls from where it does not call from. */
async function requirePlace(
  services: Services,
  request: FastifyRequest,
  { tenantId, merchantId }: Caller,
): Promise<void> {
  const unit = { tenantId, now: services.clocks.nowOf(tenantId), isReadOnly: true }
  const merchant = await inTransaction(services.db, unit, (tx) => findMerchant(tx, merchantId))
  if (!merchant.isActive || !isFrom(request.ip, merchant.addresses))
    throw refusePayofin('not_permitted')
}

function isFrom(address: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  const caller = ipaddr.process(address)
  return allowed.some((each) => {
    const bits = ipaddr.parse(each.split('/')[0] ?? '').kind() === 'ipv6' ? 128 : 32
    const network = ipaddr.parseCIDR(each.includes('/') ? each : `${each}/${bits}`)
    return network[0].kind() === caller.kind() && caller.match(network)
  })
}

/** A contradicted Idempotency-Key is no answer of this door's operations. */
const keyStatuses: Readonly<Record<string, number>> = {
  invalid_key: 400,
  key_reused: 422,
  key_running: 409,
  key_unanswered: 409,
}

/** Everything that this door answers has its envelope and status 200, but for what is no request of it at all. */
function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  noteBug(error, request)
  if (error instanceof Refusal && error.kind === 'too_many')
    return reply
      .code(429)
      .header('retry-after', error.retryAfterSeconds ?? 1)
      .send(failed(codeOf(error)))
  const keyStatus = error instanceof Refusal ? keyStatuses[error.code] : undefined
  if (keyStatus !== undefined) return reply.code(keyStatus).send(failed(codeOf(error)))
  const known = error as { statusCode?: number }
  const isUnreadable = error instanceof JsonError || (known.statusCode ?? 500) < 500
  return reply
    .code(isUnreadable && !(error instanceof Refusal) ? 400 : 200)
    .send(failed(codeOf(error)))
}

function noteBug(error: unknown, request: FastifyRequest): void {
  const isExpected =
    error instanceof Refusal ||
    error instanceof JsonError ||
    ((error as { statusCode?: number }).statusCode ?? 500) < 500
  if (!isExpected) logFailure(request, error)
}
