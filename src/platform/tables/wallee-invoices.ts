import type { GeneratedAlways, Generated, JSONColumnType } from 'kysely'

/** What invoices, refunds and payment links have beside the book. */
export interface WalleeInvoiceTables {
  invoice: InvoiceTable
  invoice_comment: InvoiceCommentTable
  refund: RefundTable
  refund_comment: RefundCommentTable
  subscription_entry: SubscriptionEntryTable
  payment_link: PaymentLinkTable
  payment_link_use: PaymentLinkUseTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface InvoiceTable {
  tenant_id: string
  claim_id: string
  external_id: string | null
  merchant_reference: string | null
  line_items: JSONColumnType<Record<string, unknown>[]> | null
  billing_address: Json | null
  replaces_claim_id: string | null
  derecognized_by: number | null
  version: Generated<number>
}

interface InvoiceCommentTable {
  tenant_id: string
  id: GeneratedAlways<number>
  claim_number: number
  content: string | null
  pinned: Generated<boolean>
  created_by: number
  edited_by: number | null
  edited_at: Date | null
  version: Generated<number>
  created_at: Date
}

interface RefundCommentTable {
  tenant_id: string
  id: GeneratedAlways<number>
  refund_id: number
  content: string | null
  pinned: Generated<boolean>
  created_by: number
  edited_by: number | null
  edited_at: Date | null
  version: Generated<number>
  created_at: Date
}

interface RefundTable {
  tenant_id: string
  id: GeneratedAlways<number>
  external_id: string
  claim_id: string
  type: string
  state: string
  amount_minor: number
  currency: string
  merchant_reference: string | null
  meta_data: Json
  reductions: JSONColumnType<Record<string, unknown>[]>
  base_line_items: JSONColumnType<Record<string, unknown>[]>
  line_items: JSONColumnType<Record<string, unknown>[]>
  reduced_line_items: JSONColumnType<Record<string, unknown>[]>
  created_by: number
  created_at: Date
  succeeded_at: Date | null
  failed_at: Date | null
  version: Generated<number>
}

interface SubscriptionEntryTable {
  tenant_id: string
  account_id: string
  reference: string
  external_id: string
  title: string
  quantity: string
  taxes: JSONColumnType<Record<string, unknown>[]>
  tax_minor: Generated<number>
  component_reference_name: string | null
  subscription_metric_id: number | null
  created_by: number
}

interface PaymentLinkTable {
  tenant_id: string
  id: GeneratedAlways<number>
  external_id: string
  code: string
  name: string | null
  currency: string | null
  language: string | null
  line_items: JSONColumnType<Record<string, unknown>[]> | null
  allowed_redirection_domains: JSONColumnType<string[]> | null
  allowed_payment_method_configurations: JSONColumnType<unknown[]> | null
  applied_space_view: number | null
  available_from: Date | null
  available_until: Date | null
  billing_address_handling_mode: string | null
  shipping_address_handling_mode: string | null
  maximal_number_of_transactions: number | null
  access_key: string | null
  protection_mode: string
  state: Generated<string>
  planned_purge_at: Date | null
  version: Generated<number>
}

interface PaymentLinkUseTable {
  tenant_id: string
  link_id: number
  place: number
  claim_reference: string
  used_at: Date
}
