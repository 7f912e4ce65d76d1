import type { FastifyInstance } from 'fastify'
import type { CheckoutFaceDeps } from './deps.ts'
import { mountNotices } from './notices.ts'
import { mountSandboxPay } from './sandbox-pay.ts'

/** Mounts what payment providers call, and the page on which the sandbox plays one. */
export function mountCheckoutFace(app: FastifyInstance, deps: CheckoutFaceDeps): void {
  mountNotices(app, deps)
  mountSandboxPay(app, deps)
}
