import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { takeNotice } from '../../checkout/index.ts'
import { Id } from '../../kernel/schema.ts'
import type { CheckoutFaceDeps } from './deps.ts'

const NoticePath = Type.Object({
  provider: Type.String({ minLength: 1, maxLength: 40 }),
  tenantId: Id,
})
const bodyBytesMax = 256 * 1024

/** Mounts the address that payment providers call. A signature is over bytes, so nothing reads the body before it. */
export function mountNotices(app: FastifyInstance, deps: CheckoutFaceDeps): void {
  void app.register(async (scope) => {
    scope.setErrorHandler(deps.sendError)
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
      done(null, bytes)
    })
    scope.post(
      '/payments/notices/:provider/:tenantId',
      { schema: { params: NoticePath }, bodyLimit: bodyBytesMax },
      async (request) => {
        const { provider, tenantId } = request.params as Static<typeof NoticePath>
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const notice = { headers: request.headers, body }
        await takeNotice(deps.checkout, { tenantId: tenantId.toLowerCase(), provider, notice })
        return { received: true }
      },
    )
  })
}
