import { Refusal } from '../platform/refusal.ts'
import type { Rate, RateLimiter } from '../platform/rate-limiter.ts'
import type { Tenant, TenantFinder } from './find-tenant.ts'
import type { TokenService } from './tokens.ts'

export interface BearerDeps {
  readonly tokens: TokenService
  readonly tenants: TenantFinder
  readonly limiter: RateLimiter
  readonly clock: () => Date
}

const unauthorized = () => new Refusal('unauthorized', 'unauthenticated', 'Unauthorized')

/**
 * The tenant that a bearer token speaks for, within its rate (D-22). The scheme may be left out (D-3); a missing header
 * and a token that is not good are different refusals (D-6). `clientId`, where a path names one, must be the token's own.
 */
export async function bearerTenant(
  deps: BearerDeps,
  header: string | undefined,
  clientId?: string,
): Promise<Tenant> {
  if (header === undefined || header === '') {
    throw new Refusal('no_token', 'invalid', 'Missing required request parameters: [Authorization]')
  }
  const token = header.replace(/^bearer +/i, '').trim()
  const owner = token === '' ? undefined : await deps.tokens.verifyToken(token)
  if (!owner) throw unauthorized()
  if (clientId !== undefined && clientId.toLowerCase() !== owner.tenantId) {
    throw new Refusal('other_tenant', 'forbidden', 'Forbidden')
  }
  const tenant = await deps.tenants.tenantOf(owner.tenantId)
  if (!tenant) throw unauthorized()
  requireRate(deps, tenant)
  return tenant
}

/** How fast a tenant may call, where it says so itself. */
export function rateOf({ settings }: Pick<Tenant, 'settings'>): Rate | undefined {
  const own = settings['rateLimitPerSecond']
  return typeof own === 'number' && own > 0 ? { ratePerSecond: own, burst: own } : undefined
}

/** Refuses what comes faster than a tenant may call, by its own setting or the installation's. */
export function requireRate(deps: Pick<BearerDeps, 'limiter' | 'clock'>, tenant: Tenant): void {
  const taken = deps.limiter.take(tenant.tenantId, deps.clock().getTime(), rateOf(tenant))
  if (taken.isAllowed) return
  throw new Refusal('too_many_requests', 'too_many', 'Too Many Requests', taken.retryAfterSeconds)
}
