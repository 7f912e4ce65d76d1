import type { Generated, JSONColumnType } from 'kysely'

/** The tables of the Payofin door: institutions, merchants and their float. */
export interface PayofinTables {
  payofin_institution: InstitutionTable
  payofin_merchant: MerchantTable
  payofin_commission: CommissionTable
  payofin_query: QueryTable
  payofin_payment: PaymentTable
  payofin_movement: MovementTable
}

interface InstitutionTable {
  tenant_id: string
  soot_code: number
  name: string
  type_code: number
  city_code: number | null
  description: string
  field_title: string
  field_description: string
  mask: string
  subscriber_kind: string
  portfolio_reference: string | null
  number_kind: string
  is_additional_required: boolean
  is_partial_allowed: boolean
  currency: string
  commission_minor: number
  profit_minor: number
  opens_at: number | null
  closes_at: number | null
  holidays: JSONColumnType<string[]>
  is_active: boolean
  created_at: Date
}

interface MerchantTable {
  tenant_id: string
  merchant_id: number
  name: string
  address: string
  phone: string
  api_key: string
  secret_sha256: Buffer
  addresses: JSONColumnType<string[]>
  soot_codes: JSONColumnType<number[]> | null
  currency: string
  balance_minor: Generated<number>
  movement_seq: Generated<number>
  is_active: boolean
  created_at: Date
}

interface CommissionTable {
  tenant_id: string
  merchant_id: number
  soot_code: number
  commission_minor: number
  profit_minor: number
}

interface QueryTable {
  tenant_id: string
  query_id: Generated<number>
  merchant_id: number
  soot_code: number
  subscriber_no: string
  additional_no: string
  firm_ref_no: string
  customer_name: string
  claim_reference: string
  amount_minor: number
  currency: string
  commission_minor: number
  profit_minor: number
  due_on: string
  created_at: Date
  valid_until: Date
}

interface PaymentTable {
  tenant_id: string
  payment_id: Generated<number>
  merchant_id: number
  query_id: number
  claim_reference: string
  amount_minor: number
  currency: string
  commission_minor: number
  profit_minor: number
  balance_minor: number
  shares: JSONColumnType<unknown[]>
  status: string
  paid_at: Date
  cancelled_at: Date | null
}

interface MovementTable {
  tenant_id: string
  merchant_id: number
  seq: number
  kind: string
  debit: string
  credit: string
  amount_minor: number
  effect: number
  payment_id: number | null
  note: string
  created_at: Date
}
