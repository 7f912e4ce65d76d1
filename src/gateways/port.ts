import type { IncomingHttpHeaders } from 'node:http'
import type { SettingsDeps } from './provider-settings.ts'

/** What a debtor is asked to pay on a provider's page. */
export interface CheckoutOrder {
  readonly paymentId: string
  readonly amountMinor: number
  readonly currency: string
  readonly description: string
  /** BCP 47, such as `de` or `en-GB`. */
  readonly locale?: string | undefined
  readonly returnUrl: string
  readonly cancelUrl: string
  /** Given again, the provider answers the same checkout again. */
  readonly idempotencyKey: string
}

export interface StartedCheckout {
  readonly providerReference: string
  readonly redirectUrl: string
}

export type CheckoutState = 'open' | 'processing' | 'settled' | 'declined' | 'canceled' | 'disputed'

/** How a checkout stands at its provider. */
export interface CheckoutReport {
  readonly state: CheckoutState
  /** The provider's name of the payment, by which it is booked once. */
  readonly trackingId?: string | undefined
  readonly reason?: string | undefined
  /** When the provider expects this to change by itself. */
  readonly newsAt?: Date | undefined
}

/** What a provider tells by itself; the signature was checked. */
export interface CheckoutNotice extends CheckoutReport {
  /** Absent: known by its tracking id alone, as a dispute is. */
  readonly providerReference?: string | undefined
}

/** A card on file that is charged without its owner being present. */
export interface CardCharge {
  readonly amountMinor: number
  readonly currency: string
  readonly cardReference: string
  readonly idempotencyKey: string
  readonly description: string
  /** It may have been made before, longer ago than a provider remembers keys. */
  readonly isRepeat?: boolean
}

export type ChargeProvider = 'STRIPE' | 'SANDBOX'

export type CardChargeResult =
  | {
      readonly status: 'succeeded'
      readonly chargeReference: string
      readonly provider: ChargeProvider
    }
  | { readonly status: 'declined'; readonly reason: string }

export interface RawNotice {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** One way to take money, for one tenant. Its methods call out: never within a transaction. */
export interface PaymentProvider {
  readonly name: string
  createCheckout(order: CheckoutOrder): Promise<StartedCheckout>
  readCheckout(providerReference: string): Promise<CheckoutReport>
  /** Ends a checkout that nobody may pay any more; what is paid or ended already stays as it is. */
  closeCheckout(providerReference: string): Promise<CheckoutReport>
  /** Refuses what the provider did not sign. */
  readNotice(notice: RawNotice): Promise<readonly CheckoutNotice[]>
  chargeCard?(charge: CardCharge): Promise<CardChargeResult>
}

/** The providers of tenants. */
export interface Gateways {
  /** What is needed to set providers up. */
  readonly settings: SettingsDeps
  /** Names of the providers a tenant takes payments with, its preferred one first. */
  providersOf(tenantId: string): Promise<readonly string[]>
  /** Refuses a provider that the tenant has not set up; without a name, the tenant's preferred one. */
  provider(tenantId: string, name?: string): Promise<PaymentProvider>
}
