export { createGateways, type GatewaysOptions } from './create-gateways.ts'
export type {
  CardCharge,
  CardChargeResult,
  ChargeProvider,
  CheckoutNotice,
  CheckoutOrder,
  CheckoutReport,
  CheckoutState,
  Gateways,
  PaymentProvider,
  RawNotice,
  StartedCheckout,
} from './port.ts'
export { listProviders, removeProvider, setProvider } from './provider-settings.ts'
export { defaultCard } from './sandbox-cards.ts'
export { tenantOfSandbox } from './sandbox.ts'
export {
  advanceSandbox,
  chooseInSandbox,
  disputeInSandbox,
  type SandboxCheckout,
  type SandboxChoice,
} from './sandbox-checkout.ts'
