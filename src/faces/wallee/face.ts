import type { FastifyInstance } from 'fastify'
import type { Caller, WalleeDeps } from './call.ts'
import { errorSender } from './errors.ts'
import { mountPaymentPage } from './payment-page.ts'
import { mountV1 } from './v1.ts'
import { mountV2, v2Prefix } from './v2.ts'

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
  mountPaymentPage(app, deps)
}

/** How what went wrong before a route was found is worded below a path. */
export function walleeErrors(url: string, clock: () => Date) {
  return errorSender(url.startsWith(v2Prefix) ? 2 : 1, clock)
}
