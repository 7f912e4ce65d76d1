import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely'

/** The tables of the ground: identity, the book, events, requests, webhooks and files. */
export interface CoreTables {
  tenant: TenantTable
  oauth_client: OAuthClientTable
  door_credential: DoorCredentialTable
  signing_key: SigningKeyTable
  account: AccountTable
  debtor: DebtorTable
  account_debtor: AccountDebtorTable
  product: ProductTable
  entry: EntryTable
  item: ItemTable
  claim: ClaimTable
  provider_payment: ProviderPaymentTable
  promise: PromiseTable
  mandate: MandateTable
  event: EventTable
  idempotent_request: IdempotentRequestTable
  pending_command: PendingCommandTable
  event_cursor: EventCursorTable
  webhook_subscription: WebhookSubscriptionTable
  webhook_delivery: WebhookDeliveryTable
  webhook_key: WebhookKeyTable
  file_blob: FileBlobTable
  file: FileTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface TenantTable {
  tenant_id: string
  space_id: Generated<number>
  name: string
  is_sandbox: boolean
  time_zone: string
  settings: Json
  created_at: Date
  clock_offset_ms: Generated<number>
}

interface OAuthClientTable {
  tenant_id: string
  client_id: string
  secret_sha256: Buffer
  created_at: Date
  revoked_at: Date | null
}

interface DoorCredentialTable {
  tenant_id: string
  door: string
  key_id: string
  secret_sha256: Buffer
  secret_sealed: Buffer | null
  created_at: Date
  revoked_at: Date | null
}

interface SigningKeyTable {
  key_id: string
  public_jwk: Json
  private_jwk_sealed: Buffer
  created_at: Date
  retired_at: Date | null
}

interface AccountTable {
  tenant_id: string
  account_id: string
  reference: string
  currency: string
  auto_debtor_reference: string | null
  entry_seq: number
  credit_minor: number
  outstanding_minor: number
  claims_amount_minor: number
  claims_fees_minor: number
  payment_reference: string | null
  portfolio_reference: string | null
  meta: Json
  scores: JSONColumnType<unknown[]>
  created_at: Date
  number: GeneratedAlways<number>
}

interface DebtorTable {
  tenant_id: string
  reference: string
  data: Json
  updated_at: Date
  number: Generated<number>
  version: Generated<number>
  created_at: Date | null
  family_name: GeneratedAlways<string | null>
  email_address: GeneratedAlways<string | null>
  crm_name: GeneratedAlways<string | null>
}

interface AccountDebtorTable {
  tenant_id: string
  account_id: string
  debtor_reference: string
  position: number
}

interface ProductTable {
  tenant_id: string
  account_id: string
  reference: string
  position: number
  data: Json
}

interface EntryTable {
  tenant_id: string
  account_id: string
  seq: number
  reference: string
  kind: string
  origin: string
  debit: string | null
  credit: string | null
  effect: number
  amount_minor: number
  excess_minor: number
  item_seq: number | null
  details: Json
  context: Json
  created_at: Date
  booked_at: Date
  command_id: string
  taken_from: GeneratedAlways<string | null>
}

interface ItemTable {
  tenant_id: string
  account_id: string
  item_seq: number
  kind: string
  origin: string
  reference: string
  outstanding_minor: number
  is_open: boolean
  paid_minor: number
  parent_seq: number | null
  position: number
  is_retired: boolean
  fee_type: string | null
  product_reference: string | null
  due_on: string | null
  created_at: Date
}

interface ClaimTable {
  tenant_id: string
  claim_id: string
  reference: string
  receeve_reference: string
  account_id: string
  item_seq: number
  is_managed: boolean
  status: string
  resolution_reason: string | null
  is_resolved_by_request: boolean
  original_due_on: string
  current_due_on: string
  debtor_reference: string | null
  primary_debtor: JSONColumnType<Record<string, unknown>> | null
  product_reference: string | null
  portfolio_reference: string | null
  creditor_reference: string | null
  payment_reference: string | null
  scores: JSONColumnType<unknown[]> | null
  meta: Json
  frozen_meta: JSONColumnType<Record<string, unknown>> | null
  created_at: Date
  resolved_at: Date | null
  deleted_at: Date | null
  has_promise: Generated<boolean>
  number: GeneratedAlways<number>
}

interface ProviderPaymentTable {
  tenant_id: string
  account_id: string
  provider: string
  tracking_id: string
  amount_minor: number
  currency: string
  first_seq: number
  last_seq: number
}

interface EventTable {
  tenant_id: string
  xid: Generated<string>
  seq: Generated<number>
  message_id: string
  type: string
  data: Json
  metadata: Json
  occurred_at: Date
}

interface IdempotentRequestTable {
  tenant_id: string
  key: string
  fingerprint: string
  holder: string
  locked_until: Date
  status: number | null
  /** In the clear, by servers before 0037. */
  answer: string | null
  created_at: Date
  acted_at: Date | null
  answer_sealed: Buffer | null
}

interface PendingCommandTable {
  tenant_id: string
  seq: Generated<number>
  command_id: string
  operation: string
  input: Json
  options: Json
  created_at: Date
}

interface EventCursorTable {
  tenant_id: string
  subscriber: string
  xid: string
  seq: number
}

interface WebhookSubscriptionTable {
  tenant_id: string
  subscription_id: string
  url: string
  event_types: JSONColumnType<string[]>
  is_active: boolean
  inactive_reason: string | null
  failing_since: Date | null
  paused_at: Date | null
  pause_reason: string | null
  probe_at: Date | null
  created_at: Date
  updated_at: Date
  format: Generated<string>
  signing_key_id: string | null
  active_since: Generated<string>
}

interface WebhookDeliveryTable {
  tenant_id: string
  subscription_id: string
  message_id: string
  place: Generated<number>
  event_type: string
  order_key: string | null
  payload: string
  state: string
  is_ready: boolean
  attempts: Generated<number>
  next_at: Date
  expires_at: Date
  lease_id: string | null
  lease_until: Date | null
  last_attempt_at: Date | null
  response_status: number | null
  error: string | null
  created_at: Date
  delivered_at: Date | null
}

interface WebhookKeyTable {
  tenant_id: string
  key_id: string
  public_pem: string
  private_sealed: Buffer
  created_at: Date
  retired_at: Date | null
  algorithm: Generated<string>
}

interface PromiseTable {
  tenant_id: string
  promise_id: string
  claim_id: string
  status: string
  amount_minor: number
  currency: string
  due_on: string
  expires_at: Date
  paid_minor: number
  created_at: Date
  ended_at: Date | null
}

interface MandateTable {
  tenant_id: string
  account_id: string
  mandate_id: string
  position: number
  provider: string
  debtor_reference: string
  product_references: JSONColumnType<string[]>
  representation: JSONColumnType<Record<string, unknown>> | null
  client_ip_address: string | null
  created_at: Date
}

interface FileBlobTable {
  tenant_id: string
  sha256: string
  size_bytes: number
  needed_until: Date | null
}

interface FileTable {
  tenant_id: string
  file_id: string
  account_id: string
  claim_id: string | null
  product_reference: string | null
  document_type: string | null
  name: string
  content_type: string
  sha256: string
  size_bytes: number
  uploaded_at: Date
}
