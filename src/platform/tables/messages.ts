import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely'

/** The tables of migrations/0015. */
export interface MessageTables {
  contact: ContactTable
  contact_preference: ContactPreferenceTable
  suppressed_address: SuppressedAddressTable
  send_rule: SendRuleTable
  message: MessageTable
  message_content: MessageContentTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface ContactTable {
  tenant_id: string
  debtor_reference: string
  created_at: Date
}

interface ContactPreferenceTable {
  tenant_id: string
  debtor_reference: string
  channel: string
  preference: string
  source: string
  changed_at: Date
}

interface SuppressedAddressTable {
  tenant_id: string
  channel: string
  address: string
  reason: string
  message_id: string | null
  debtor_reference: string | null
  suppressed_at: Date
}

interface SendRuleTable {
  tenant_id: string
  rule_id: string
  kind: string
  country: string | null
  channel: string | null
  value: Json
  note: string | null
  valid_from: string
  valid_until: string | null
  created_at: Date
}

interface MessageTable {
  tenant_id: string
  message_id: string
  key: string
  claim_id: string
  account_id: string
  debtor_reference: string
  channel: string
  purpose: string
  bundle_id: string
  bundle_version: number | null
  bundle_name: string | null
  cause: Json
  context: Json
  status: string
  due_at: Date
  attempts: Generated<number>
  lease_id: string | null
  lease_until: Date | null
  transfer_began_at: Date | null
  decided_at: Date | null
  decision: Json | null
  contacted_at: Date | null
  recipient: string | null
  transport: string | null
  message_url: string | null
  error: string | null
  bounce: Json | null
  created_at: Date
  sent_at: Date | null
  delivered_at: Date | null
  number: GeneratedAlways<number>
}

interface MessageContentTable {
  tenant_id: string
  message_id: string
  eml: Buffer
  words: string
  sha256: Buffer
  composed_at: Date
}
