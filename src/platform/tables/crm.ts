import type { Generated, JSONColumnType } from 'kysely'

/** The tables of migrations/0020 and 0031. */
export interface CrmTables {
  crm_tenant: CrmTenantTable
  crm_account: CrmAccountTable
  crm_config: CrmConfigTable
  crm_token: CrmTokenTable
  crm_counter: CrmCounterTable
  crm_invoice: CrmInvoiceTable
  crm_bill: CrmBillTable
  crm_bill_invoice: CrmBillInvoiceTable
  crm_card: CrmCardTable
  crm_payment: CrmPaymentTable
  crm_take_up: CrmTakeUpTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface CrmTenantTable {
  tenant_id: string
  configured_at: Date
}

interface CrmAccountTable {
  tenant_id: string
  account_id: string
  numbered_seq: number
}

interface CrmConfigTable {
  tenant_id: string
  kind: string
  config_id: string
  name: string
  alternative_code: string | null
  description: string | null
  data: Json
  is_active: Generated<boolean>
  created_at: Date
}

interface CrmTokenTable {
  tenant_id: string
  token_sha256: Buffer
  user_id: string
  unit_id: string
  is_key: boolean
  created_at: Date
  expires_at: Date | null
}

interface CrmCounterTable {
  tenant_id: string
  classification: string
  reference_last: Generated<number>
  number_last: Generated<number>
}

interface CrmInvoiceTable {
  tenant_id: string
  claim_id: string
  reference_number: number
}

interface CrmBillTable {
  tenant_id: string
  bill_id: string
  account_id: string
  number: string
  from_on: string
  to_on: string
  created_at: Date
}

interface CrmBillInvoiceTable {
  tenant_id: string
  claim_id: string
  bill_id: string
}

interface CrmCardTable {
  tenant_id: string
  card_id: string
  debtor_reference: string
  gateway_reference: string
  last_digits: string
  created_at: Date
}

interface CrmPaymentTable {
  tenant_id: string
  payment_id: string
  classification: string
  account_id: string
  state: string
  reference_number: number | null
  number: number | null
  amount_minor: number
  type_id: string
  category_id: string | null
  method_id: string | null
  back_office_code: string | null
  cancels_id: string | null
  issued_at: Date
  posted_at: Date | null
  updated_at: Date
  gateway: string | null
  gateway_reference: string | null
  details: Json
  entries: Generated<string[]>
  credit_minor: Generated<number>
  lease_id: string | null
  leased_until: Date | null
  is_charging: Generated<boolean>
  charged_by: string | null
}

interface CrmTakeUpTable {
  tenant_id: string
  account_id: string
  asked_at: Date
  ask_id: string
}
