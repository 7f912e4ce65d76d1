import type { FastifyInstance } from 'fastify'
import type { Caller, WalleeDeps } from './call.ts'
import { mountV1 } from './v1.ts'
import { mountV2 } from './v2.ts'

declare module 'fastify' {
  interface FastifyRequest {
    walleeCaller: Caller
  }
}

/** Mounts both versions of the wallee and PostFinance Checkout web service. */
export function mountWallee(app: FastifyInstance, deps: WalleeDeps): void {
  app.decorateRequest('walleeCaller', null as never)
  mountV1(app, deps)
  mountV2(app, deps)
}
