import type { FastifyInstance } from 'fastify'
import { changeTenant, type TenantFinder, viewTenant } from '../../identity/index.ts'
import { type TenantChange, TenantPatch, TenantView } from '../../identity/settings-schema.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce } from './answer-once.ts'
import { mountRoutes, NoPath, operationsOf, readOf, type Route } from './routes.ts'

interface Deps {
  readonly services: Services
  readonly tenants: TenantFinder
}

const tag = 'Tenant'

const routes: readonly Route<Deps>[] = [
  {
    id: 'tenant.show',
    method: 'GET',
    path: '/tenant',
    tag,
    summary: 'This tenant: its name, time zone and settings',
    params: NoPath,
    answer: TenantView,
    status: 200,
    handle: ({ services }, { request }) => readOf(services, request, viewTenant),
  },
  {
    id: 'tenant.change',
    method: 'PATCH',
    path: '/tenant',
    tag,
    summary: 'Change name, time zone or settings; a setting that is null goes back to its default',
    params: NoPath,
    body: TenantPatch,
    answer: TenantView,
    status: 200,
    async handle({ services, tenants }, exchange) {
      const { request } = exchange
      const forget = () => tenants.forget(request.tenant.tenantId)
      await answerOnce(services, exchange, async (tx) => {
        const body = await changeTenant(tx, request.body as TenantChange)
        // The caller's next request sees the change; one that came between this and the commit is forgotten below.
        forget()
        return { status: 200, body }
      }).finally(forget)
    },
  },
]

export const tenantOperations = operationsOf(routes)

/** Mounts what a tenant says of itself. */
export function mountTenant(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}
