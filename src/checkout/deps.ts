import type { Kysely } from 'kysely'
import type { Bookkeeper } from '../book/index.ts'
import type { Gateways } from '../gateways/index.ts'
import type { Tables } from '../platform/tables.ts'

/** What payments of debtors need around them. */
export interface CheckoutDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  readonly gateways: Gateways
  /** What time it is for a tenant. */
  readonly nowOf: (tenantId: string) => Date
  /** Where people reach this server, without a slash at its end. */
  readonly publicUrl: () => string
}

export interface PaymentAt {
  readonly tenantId: string
  readonly paymentId: string
}
