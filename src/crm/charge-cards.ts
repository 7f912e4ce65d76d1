import type { Gateways } from '../gateways/index.ts'
import type { CardCharger } from './deps.ts'
import { refuseCrm } from './refusals.ts'

const sandbox = 'sandbox'

/** Charges cards by the gateway that a payment method names, where the tenant has set it up; else in its sandbox. */
export function createCardCharger(gateways: Gateways): CardCharger {
  return {
    async chargerOf(tenantId, gateway) {
      const names = await gateways.providersOf(tenantId)
      const name = [gateway.toLowerCase(), sandbox].find((candidate) => names.includes(candidate))
      if (name === undefined) throw refuseCrm('gateway_missing')
      const provider = await gateways.provider(tenantId, name)
      if (!provider.chargeCard) throw refuseCrm('gateway_missing')
      return provider.chargeCard.bind(provider)
    },
  }
}
