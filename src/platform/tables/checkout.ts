import type { Generated, JSONColumnType } from 'kysely'

/** The tables of payment providers and of the payments made with them. */
export interface CheckoutTables {
  payment_provider: PaymentProviderTable
  sandbox_checkout: SandboxCheckoutTable
  sandbox_charge: SandboxChargeTable
  portal_payment: PortalPaymentTable
  portal_payment_claim: PortalPaymentClaimTable
}

interface PaymentProviderTable {
  tenant_id: string
  name: string
  position: number
  api_base: string | null
  secret_key_sealed: Buffer | null
  webhook_secret_sealed: Buffer | null
  created_at: Date
  updated_at: Date
}

interface SandboxCheckoutTable {
  tenant_id: string
  reference: string
  payment_id: string
  idempotency_key: string
  amount_minor: number
  currency: string
  description: string
  locale: string | null
  return_url: string
  cancel_url: string
  state: string
  tracking_id: string | null
  reason: string | null
  next_state: string | null
  next_at: Date | null
  created_at: Date
}

interface SandboxChargeTable {
  tenant_id: string
  idempotency_key: string
  charge_reference: string
  amount_minor: number
  currency: string
  card_reference: string
  created_at: Date
}

interface PortalPaymentTable {
  tenant_id: string
  payment_id: string
  provider: string
  provider_reference: string | null
  tracking_id: string | null
  currency: string
  amount_minor: number
  locale: string | null
  state: string
  is_landed: Generated<boolean>
  history: JSONColumnType<Record<string, unknown>[]>
  bookings: JSONColumnType<Record<string, unknown>[], string | undefined>
  checks: Generated<number>
  next_check_at: Date | null
  expires_at: Date
  created_at: Date
  updated_at: Date
}

interface PortalPaymentClaimTable {
  tenant_id: string
  payment_id: string
  claim_id: string
  position: number
  claim_reference: string
  account_reference: string
  amount_minor: number
}
