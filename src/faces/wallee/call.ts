import type { Bookkeeper } from '../../book/index.ts'
import type { BlobStores } from '../../files/index.ts'
import type { Tenant, TenantFinder } from '../../identity/index.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import type { Sealer } from '../../platform/sealer.ts'
import type { Services } from '../../platform/services.ts'
import type { Targets } from '../../webhooks/index.ts'

/** What the wallee doors are given by the composition root. */
export interface WalleeDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly sealer: Sealer
  readonly tenants: TenantFinder
  readonly stores: BlobStores
  /** Which addresses may be called. */
  readonly targets: Targets
}

/** The application user behind a request, its signature verified. */
export interface Caller {
  readonly userId: number
  /** The tenant with whose creation its account began. */
  readonly homeId: string
  /** The key it signed with. */
  readonly keyId: string
}

/** One request as operations see it: who asks, where, when, and how the answer is worded. */
export interface Call {
  readonly deps: WalleeDeps
  readonly version: 1 | 2
  readonly caller: Caller
  /** Whose rows the operation works on: the space's tenant, or the home of the account. */
  readonly tenant: Tenant
  readonly tenantId: string
  readonly spaceId: number
  readonly accountId: number
  readonly permissions: ReadonlySet<number>
  readonly now: Date
  /** Dotted names of references to be shown whole. */
  readonly expand: ReadonlySet<string>
  /** In which names are given, where they are given in one. */
  readonly language: string
}

/** One transaction of the call's tenant. */
export function inCall<R>(call: Call, work: (tx: Tx) => Promise<R>): Promise<R> {
  return inTransaction(call.deps.services.db, { tenantId: call.tenantId, now: call.now }, work)
}
