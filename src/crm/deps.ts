import type { Kysely } from 'kysely'
import type { Bookkeeper, CallContext } from '../book/index.ts'
import { callContext } from '../book/index.ts'
import type { CardCharge, CardChargeResult } from '../gateways/index.ts'
import type { Tenant } from '../identity/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import type { Session } from './sessions.ts'
import type { Turns } from './turns.ts'

/** Charges cards at one provider. A charge is repeated with the same key and answers the same. */
export interface Charger {
  readonly provider: string
  charge(charge: CardCharge): Promise<CardChargeResult>
}

/** Finds who charges cards on file. */
export interface CardCharger {
  /** By the gateway that a payment method names. Refuses where there is none, before anything is charged. */
  chargerOf(tenantId: string, gateway: string): Promise<Charger>
  /** The provider of this name and no other; undefined where the tenant has it no more. */
  chargerNamed(tenantId: string, provider: string): Promise<Charger | undefined>
}

export interface CrmDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  /** The machine's time, by which leases run. */
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
  readonly cards: CardCharger
  readonly turns: Turns
}

/** Reads and writes for the tenant of a session, at its time. */
export function inSession<R>(
  deps: Pick<CrmDeps, 'db' | 'nowOf'>,
  session: Session,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  const { tenantId } = session.tenant
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, work)
}

export const crmContext = (
  tenant: Pick<Tenant, 'tenantId' | 'timeZone' | 'settings'>,
): CallContext => callContext(tenant, { originator: 'CRM' })
