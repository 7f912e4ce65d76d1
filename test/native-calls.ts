import type { Answer, TestTenant, World } from './world.ts'
import { person } from './world.ts'

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Calls operations of our own door for a tenant. */
export function nativeCalls(tenant: TestTenant) {
  const call = (method: Method, path: string, body?: unknown): Promise<Answer<any>> =>
    tenant.call({
      method,
      url: `/q/v1${path}`,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) }),
    })
  return {
    get: (path: string) => call('GET', path),
    post: (path: string, body?: unknown) => call('POST', path, body),
    patch: (path: string, body: unknown) => call('PATCH', path, body),
    delete: (path: string) => call('DELETE', path),
    /** Moves the clock of a sandbox tenant. */
    advance: (by: object) => call('POST', '/test-clock/advance', by),
  }
}

/** A tenant whose clock its owner may advance. */
export const sandboxTenant = (it: World, settings = {}) => it.tenant('Sandbox', settings, true)

/** Makes an unmanaged claim that asks for an amount in minor units of EUR. */
export function makeClaim(
  tenant: TestTenant,
  reference: string,
  more: Record<string, unknown> = {},
): Promise<Answer> {
  return tenant.post('create_claims', {
    [reference]: {
      amount: 10_000,
      currency: 'EUR',
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-01-31',
      totalFees: 0,
      primaryDebtor: person(`D-${reference}`),
      ...more,
    },
  })
}

export interface SeenEvent {
  readonly type: string
  readonly data: Record<string, any>
}

/** What a tenant was told of, in order; of types that begin with `prefix`. */
export async function eventsSeen(
  it: World,
  tenant: TestTenant,
  prefix = 'event.',
): Promise<SeenEvent[]> {
  const { rows } = await it.database.ownerPool.query<SeenEvent>(
    `select type, data from quittance.event where tenant_id = $1 and starts_with(type, $2) order by xid, seq`,
    [tenant.tenantId, prefix],
  )
  return rows
}
