import type { Generated, JSONColumnType } from 'kysely'

/** Webhooks in the shape of the wallee doors. */
export interface WalleeWebhookTables {
  wallee_webhook_url: WebhookUrlTable
  wallee_webhook_identity: WebhookIdentityTable
  wallee_webhook_listener: WebhookListenerTable
  wallee_notice: NoticeTable
  wallee_overdue_told: OverdueToldTable
}

interface WebhookUrlTable {
  tenant_id: string
  id: Generated<number>
  name: string | null
  url: string | null
  state: string
  version: Generated<number>
  created_at: Date
  planned_purge_at: Date | null
}

interface WebhookIdentityTable {
  tenant_id: string
  id: Generated<number>
  name: string
  key_id: string
  state: Generated<string>
  version: Generated<number>
  planned_purge_at: Date | null
}

interface WebhookListenerTable {
  tenant_id: string
  id: Generated<number>
  name: string | null
  url_id: number
  identity_id: number
  entity: number
  entity_states: JSONColumnType<string[]>
  notify_every_change: Generated<boolean>
  enable_payload_signature_and_state: Generated<boolean>
  subscription_id: string
  state: string
  version: Generated<number>
  created_at: Date
  planned_purge_at: Date | null
}

interface NoticeTable {
  tenant_id: string
  id: Generated<number>
  entity: number
  entity_id: number
  state: string
  cause_id: string
  message_id: string
  occurred_at: Date
}

interface OverdueToldTable {
  tenant_id: string
  through_on: string
}
