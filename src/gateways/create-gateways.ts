import type { Kysely } from 'kysely'
import type { Config } from '../platform/config.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Tables } from '../platform/tables.ts'
import type { Gateways, PaymentProvider } from './port.ts'
import { listProviders, stripeKeysOf } from './provider-settings.ts'
import { refuse } from './refusals.ts'
import { createSandbox } from './sandbox.ts'
import { createStripe } from './stripe.ts'

export interface GatewaysOptions {
  readonly config: Pick<Config, 'webhookAllow'>
  readonly db: Kysely<Tables>
  readonly sealer: Sealer
  /** The machine's time: signatures are made by machines. */
  readonly clock: () => Date
  /** What time it is for a tenant: what the sandbox plays. */
  readonly nowOf: (tenantId: string) => Date
  /** Where people reach this server. */
  readonly publicUrl: () => string
}

/** The payment providers of all tenants. A tenant that has set up none has the sandbox. */
export function createGateways(options: GatewaysOptions): Gateways {
  const { config, db, sealer, clock, nowOf, publicUrl } = options

  function read<R>(tenantId: string, work: (tx: Tx) => Promise<R>): Promise<R> {
    return inTransaction(db, { tenantId, now: nowOf(tenantId), isReadOnly: true }, work)
  }

  async function providersOf(tenantId: string): Promise<readonly string[]> {
    const { items } = await read(tenantId, listProviders)
    return items.map(({ name }) => name)
  }

  async function stripeOf(tenantId: string): Promise<PaymentProvider> {
    const keys = await read(tenantId, (tx) => stripeKeysOf(tx, sealer))
    if (!keys) throw refuse('provider_not_found')
    return createStripe({ ...keys, tenantId, clock })
  }

  return {
    settings: { sealer, allow: config.webhookAllow },
    providersOf,
    async provider(tenantId, name) {
      const wanted = name ?? (await providersOf(tenantId))[0]
      // Always there, so that what was begun with it can be ended when it is offered no longer.
      if (wanted === 'sandbox') return createSandbox({ db, tenantId, nowOf, publicUrl })
      if (wanted === 'stripe') return stripeOf(tenantId)
      throw refuse('provider_not_found')
    },
  }
}
