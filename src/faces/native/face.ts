import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Reference } from '../../accounts/schema.ts'
import { type Bookkeeper, callContext, type Outcome } from '../../book/index.ts'
import type { CheckoutDeps } from '../../checkout/index.ts'
import { deleteClaim, explainClaim } from '../../claims/index.ts'
import type { Renderer } from '../../communications/index.ts'
import {
  type BearerDeps,
  bearerTenant,
  type Tenant,
  type TenantFinder,
} from '../../identity/index.ts'
import type { BlobStores } from '../../files/index.ts'
import { JsonError } from '../../kernel/json.ts'
import { parseJsonBodies, logFailure } from '../../platform/http.ts'
import {
  freeKey,
  keyedRequest,
  releaseKey,
  reserveKey,
  storeAnswer,
} from '../../platform/idempotency.ts'
import { Refusal, type RefusalKind } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { bundleOperations, mountBundles } from './bundles.ts'
import { checkoutOperations, mountCheckout } from './checkout.ts'
import { contactOperations, mountContacts } from './contacts.ts'
import { crmNativeOperations, mountCrm } from './crm.ts'
import { disputeOperations, mountDisputes } from './disputes.ts'
import { fileOperations, mountFiles } from './files.ts'
import { journeyOperations, mountJourneys } from './journeys.ts'
import { messageOperations, mountMessages } from './messages.ts'
import type { NativeOperation } from './operation.ts'
import { mountPayofinDesk, payofinOperations } from './payofin.ts'
import { mountPlacements, placementOperations } from './placements.ts'
import { mountReactions, reactionOperations } from './reactions.ts'
import { mountSendRules, sendRuleOperations } from './send-rules.ts'
import { mountPlans, planOperations } from './plans.ts'
import { mountTasks, taskOperations } from './tasks.ts'
import { mountTenant, tenantOperations } from './tenant.ts'
import { mountTestClock, type TestClockDoor, testClockOperations } from './test-clock.ts'
import { mountWebhooks, type WebhookDoor, webhookOperations } from './webhooks.ts'

export interface NativeDeps {
  readonly services: Services
  readonly callers: BearerDeps
  readonly tenants: TenantFinder
  readonly bookkeeper: Bookkeeper
  readonly webhooks: WebhookDoor
  readonly stores: BlobStores
  readonly checkout: CheckoutDeps
  readonly renderer: Renderer
  readonly advanceClock: TestClockDoor['advance']
}

const statusOf: Record<RefusalKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  mismatch: 422,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
}

const ClaimPath = Type.Object({ reference: Reference })

/** What the published contract says of the operations of this door. */
export const nativeOperations: readonly NativeOperation[] = [
  {
    id: 'claims.delete',
    method: 'DELETE',
    path: '/claims/{reference}',
    tag: 'Claims',
    summary: 'Delete a claim: what it still asks for is written off, its reference stays taken',
    params: ClaimPath,
    status: 204,
  },
  {
    id: 'claims.explain',
    method: 'GET',
    path: '/claims/{reference}/explain',
    tag: 'Claims',
    summary: 'Every entry that made a claim ask for what it asks for',
    params: ClaimPath,
    status: 200,
  },
  ...webhookOperations,
  ...fileOperations,
  ...testClockOperations,
  ...tenantOperations,
  ...checkoutOperations,
  ...bundleOperations,
  ...placementOperations,
  ...planOperations,
  ...reactionOperations,
  ...taskOperations,
  ...crmNativeOperations,
  ...payofinOperations,
  ...disputeOperations,
  ...messageOperations,
  ...journeyOperations,
  ...contactOperations,
  ...sendRuleOperations,
]

/** Mounts our own door at `/q/v1`: plain REST, errors as problem+json. */
export function mountNative(app: FastifyInstance, deps: NativeDeps): void {
  void app.register(
    async (scope) => {
      parseJsonBodies(scope)
      scope.setErrorHandler(sendProblem)
      scope.setNotFoundHandler((_request, reply) =>
        problem(reply, { status: 404, code: 'not_found', detail: 'There is no such resource' }),
      )
      scope.addHook('onRequest', async (request) => {
        request.tenant = await bearerTenant(deps.callers, request.headers.authorization)
      })
      scope.delete('/claims/:reference', { schema: { params: ClaimPath } }, (request, reply) =>
        removeClaim(deps, { request, reply }),
      )
      scope.get('/claims/:reference/explain', { schema: { params: ClaimPath } }, (request) => {
        const { reference } = request.params as { reference: string }
        return explainClaim(deps.services.reader, request.tenant.tenantId, reference)
      })
      mountWebhooks(scope, deps)
      mountFiles(scope, deps)
      mountCheckout(scope, deps)
      mountBundles(scope, deps)
      mountPlacements(scope, deps)
      mountPlans(scope, deps)
      mountReactions(scope, deps)
      mountTasks(scope, deps)
      mountCrm(scope, deps)
      mountPayofinDesk(scope, deps)
      mountDisputes(scope, deps)
      mountMessages(scope, deps)
      mountJourneys(scope, deps)
      mountContacts(scope, deps)
      mountSendRules(scope, deps)
      mountTenant(scope, deps)
      mountTestClock(scope, { services: deps.services, advance: deps.advanceClock })
    },
    { prefix: '/q/v1' },
  )
}

async function removeClaim(
  deps: NativeDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const { services, bookkeeper } = deps
  const { reference } = request.params as { reference: string }
  const command = deleteClaim(contextOf(request.tenant), reference)
  const keyed = keyedRequest(request, request.tenant.tenantId)
  if (!keyed) {
    requireDone(await bookkeeper.submit(command))
    return reply.code(204).send()
  }
  const reserved = await reserveKey(services, keyed, services.clock())
  if ('first' in reserved)
    return reply.code(reserved.first.status).header('idempotent-replayed', 'true').send()
  const { reservation } = reserved
  try {
    const companions = ([outcome]: Outcome[]) => [
      outcome && 'result' in outcome
        ? storeAnswer(reservation, { status: 204, answer: '' })
        : freeKey(reservation),
    ]
    const [outcome] = await bookkeeper.submitGroup([command], { companions })
    if (outcome) requireDone(outcome)
    return await reply.code(204).send()
  } catch (error) {
    await releaseKey(services.db, reservation, services.clock()).catch(() => undefined)
    throw error
  }
}

const contextOf = (tenant: Tenant) => callContext(tenant, { originator: 'NativeAPI' })

function requireDone(outcome: Outcome): void {
  if ('refusal' in outcome) throw outcome.refusal
}

/** Turns whatever went wrong with a request into RFC 9457. Bugs are logged here, once, and tell nothing. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof Refusal) {
    if (error.retryAfterSeconds !== undefined)
      void reply.header('retry-after', error.retryAfterSeconds)
    return problem(reply, { status: statusOf[error.kind], code: error.code, detail: error.message })
  }
  if (error instanceof JsonError)
    return problem(reply, { status: 400, code: 'invalid_json', detail: error.message })
  const known = error as Partial<FastifyError>
  const status = known.validation ? 400 : (known.statusCode ?? 500)
  if (status < 500)
    return problem(reply, { status, code: 'invalid_request', detail: known.message ?? '' })
  logFailure(request, error)
  return problem(reply, {
    status: 500,
    code: 'internal_error',
    detail: 'Something broke on our side',
  })
}

/** RFC 9457 */
function problem(
  reply: FastifyReply,
  { status, code, detail }: { status: number; code: string; detail: string },
): FastifyReply {
  const body = {
    type: `urn:quittance:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail,
  }
  return reply.code(status).type('application/problem+json').send(body)
}
