import type { Kysely } from 'kysely'
import { type Bookkeeper, type CallContext, callContext } from '../book/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'

export interface CaseDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  readonly nowOf: (tenantId: string) => Date
}

/** The tenant whose case it is. */
export interface CaseTenant {
  readonly tenantId: string
  readonly timeZone: string
  readonly isSandbox: boolean
  readonly settings: Readonly<Record<string, unknown>>
}

/** Who changes a case, and through which door. */
export interface Actor {
  readonly tenant: CaseTenant
  /** Null: this server itself. */
  readonly userId: number | null
  readonly originator: string
}

/** One transaction of the actor's tenant. */
export function inTenant<R>(
  { db, nowOf }: CaseDeps,
  { tenant: { tenantId } }: Actor,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  return inTransaction(db, { tenantId, now: nowOf(tenantId) }, work)
}

/** The context of commands that an actor submits. */
export function contextOf({ tenant, originator }: Actor): CallContext {
  return callContext(tenant, { originator })
}
