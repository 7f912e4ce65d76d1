import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import { mountDocs } from './docs.ts'
import { mountCheckoutFace } from './faces/checkout/face.ts'
import { sendCrmError } from './faces/crmcom/envelope.ts'
import { mountCrmcom } from './faces/crmcom/face.ts'
import { mountPortal } from './faces/portal/face.ts'
import { mountNative, type NativeDeps, sendProblem } from './faces/native/face.ts'
import { sendError } from './faces/receeve/errors.ts'
import { mountUnsubscribe } from './faces/native/unsubscribe.ts'
import { mountPayofin, payofinPath } from './faces/payofin/face.ts'
import { mountReceeve } from './faces/receeve/face.ts'
import { mountTokenEndpoint } from './faces/receeve/token.ts'
import { mountWallee, walleeErrors } from './faces/wallee/face.ts'
import type { BearerDeps, TokenService } from './identity/index.ts'
import { createHttp } from './platform/http.ts'
import type { Parts } from './work.ts'

export interface AppDeps extends Parts {
  readonly tokens: TokenService
  readonly callers: BearerDeps
  readonly poke: NativeDeps['webhooks']['poke']
  readonly advanceClock: NativeDeps['advanceClock']
  /** Whether requests can be served now. */
  isReady(): Promise<boolean>
}

/** All doors on one server. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const { services, tokens } = deps
  const app = createHttp(services, {
    sendUnroutable: (error, request, reply) => {
      void sendAt(request.url, services.clock)(error, request, reply)
    },
    rewritePath: payofinPath,
  })
  await app.register(helmet, { contentSecurityPolicy: false, hsts: false })
  mountHealth(app, deps)
  mountTokenEndpoint(app, {
    tokens,
    tokensPerMinute: services.config.tokenRateLimitPerMinute,
    now: services.clock,
  })
  mountReceeve(app, deps)
  mountWallee(app, deps)
  mountPayofin(app, deps)
  mountCrmcom(app, deps)
  mountCheckoutFace(app, { checkout: deps.checkout, sendError: sendProblem })
  mountPortal(app, deps)
  mountUnsubscribe(app, deps)
  mountNative(app, { ...deps, webhooks: deps })
  await mountDocs(app)
  // Whoever opens the server's address in a browser sees what there is.
  app.get('/', (_request, reply) => reply.redirect('/docs/'))
  return app
}

/** How a door words what went wrong before a route of it was found. */
function sendAt(url: string, clock: () => Date) {
  if (url.startsWith('/api/')) return walleeErrors(url, clock)
  if (/^\/(?:files\/)?v1\//.test(url)) return sendError
  return /^\/(?:crmapi|payments)\//.test(url) ? sendCrmError : sendProblem
}

function mountHealth(app: FastifyInstance, deps: AppDeps): void {
  const { telemetry } = deps.services
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const ready = await deps.isReady()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
  })
  app.get('/metrics', async (_request, reply) => {
    return reply.type(telemetry.contentType).send(await telemetry.text())
  })
}
