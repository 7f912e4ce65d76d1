import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely'

/** Debt collection cases and what belongs to them. */
export interface CaseTables {
  debt_collector_configuration: ConfigurationTable
  debt_case: CaseTable
  debt_receipt: ReceiptTable
  debt_case_document: DocumentTable
}

interface ConfigurationTable {
  tenant_id: string
  id: GeneratedAlways<number>
  collector: number
  conditions: JSONColumnType<number[]>
  enabled_space_views: JSONColumnType<number[]>
  name: string | null
  priority: Generated<number>
  skip_review_enabled: Generated<boolean>
  state: Generated<string>
  is_built_in: Generated<boolean>
  version: Generated<number>
}

interface CaseTable {
  tenant_id: string
  id: GeneratedAlways<number>
  external_id: string
  reference: string
  state: string
  source: number
  environment: string
  configuration_id: number | null
  claim_id: string | null
  currency: string | null
  line_items: JSONColumnType<Record<string, unknown>[]>
  items_minor: number | null
  left_minor: number | null
  billing_address: JSONColumnType<Record<string, unknown>> | null
  contract_at: Date | null
  due_on_at: Date | null
  language: string | null
  space_view_id: number | null
  created_by: number | null
  created_at: Date
  reviewed_by: number | null
  review_started_at: Date | null
  reviewed_at: Date | null
  review_task_id: string | null
  processing_started_at: Date | null
  processing_timeout_at: Date | null
  next_attempt_at: Date | null
  attempts: Generated<number>
  asked: string | null
  closed_at: Date | null
  failed_at: Date | null
  failure: string | null
  due_at: GeneratedAlways<Date | null>
  version: Generated<number>
}

interface ReceiptTable {
  tenant_id: string
  id: GeneratedAlways<number>
  case_id: number
  external_id: string
  amount_minor: number
  currency: string
  source: number
  created_by: number | null
  created_at: Date
  repeated_minor: number | null
  version: Generated<number>
}

interface DocumentTable {
  tenant_id: string
  id: GeneratedAlways<number>
  case_id: number
  file_name: string
  mime_type: string
  unique_id: string
  sha256: string
  size_bytes: number
  is_filed: Generated<boolean>
  created_at: Date
  version: Generated<number>
}
