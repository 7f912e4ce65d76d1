import type { Gateways } from '../gateways/index.ts'
import { Refusal } from '../platform/refusal.ts'
import type { CardCharger } from './deps.ts'
import { refuseCrm } from './refusals.ts'

const sandbox = 'sandbox'

/** Charges cards by the gateway that a payment method names, where the tenant has set it up; else in its sandbox. */
export function createCardCharger(gateways: Gateways): CardCharger {
  async function chargerAt(tenantId: string, name: string) {
    const provider = await gateways.provider(tenantId, name)
    return provider.chargeCard && { provider: name, charge: provider.chargeCard.bind(provider) }
  }

  return {
    async chargerOf(tenantId, gateway) {
      const names = await gateways.providersOf(tenantId)
      const name = [gateway.toLowerCase(), sandbox].find((candidate) => names.includes(candidate))
      const charger = name === undefined ? undefined : await chargerAt(tenantId, name)
      if (!charger) throw refuseCrm('gateway_missing')
      return charger
    },
    async chargerNamed(tenantId, provider) {
      return chargerAt(tenantId, provider).catch((error: unknown) => {
        if (error instanceof Refusal && error.kind === 'not_found') return undefined
        throw error
      })
    },
  }
}
