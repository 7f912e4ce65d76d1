import { sql } from 'kysely'
import type { Channel } from '../../contacts/schema.ts'
import { newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import type { Purpose } from '../gate/index.ts'

/** Who wanted a message. The id of a journey's cause is that of its run. */
export interface Cause {
  readonly kind: 'journey' | 'reaction' | 'agent'
  readonly id: string
  readonly step?: string
  /** The reactions that led to it; its events tell them on. */
  readonly chain?: unknown
}

export interface QueuedMessage {
  /** One per tenant: a message whose key is taken is passed over. */
  readonly key: string
  readonly claimId: string
  readonly channel: Channel
  readonly bundleId: string
  readonly cause: Cause
  /** `customBody`, `language`, `triggerContext` for the template. */
  readonly context?: Record<string, unknown>
  /** Not before; undefined: now. */
  readonly dueAt?: Date
  /** `notice`: the debtor should hear it even when nothing is owed, such as thanks for a payment. */
  readonly purpose?: Purpose
}

/**
 * Puts messages into the queue, each once by its key; what happens to them is decided when they are due. Claims that are
 * not there, or pending, have nobody to write to and are passed over.
 */
export async function queueMessages(tx: Tx, messages: readonly QueuedMessage[]): Promise<void> {
  if (messages.length === 0) return
  // In one order for all: two who make the same messages wait for each other and never both.
  const rows = messages
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((message) => ({
      message_id: newId(),
      key: message.key,
      claim_id: message.claimId,
      channel: message.channel,
      purpose: message.purpose ?? 'dunning',
      bundle_id: message.bundleId,
      cause: message.cause,
      context: message.context ?? {},
      due_at: (message.dueAt ?? tx.now).toISOString(),
    }))
  await sql`
    insert into message (tenant_id, message_id, key, claim_id, account_id, debtor_reference, channel, purpose, bundle_id,
      cause, context, status, due_at, created_at)
    select ${tx.tenantId}, r.message_id, r.key, c.claim_id, c.account_id,
      coalesce(c.debtor_reference, c.primary_debtor ->> 'debtorReference', c.claim_id::text), r.channel, r.purpose,
      r.bundle_id, r.cause, r.context, 'QUEUED', r.due_at, ${tx.now}
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(message_id uuid, key text, claim_id uuid, channel text,
      purpose text, bundle_id uuid, cause jsonb, context jsonb, due_at timestamptz)
    join claim c on c.tenant_id = ${tx.tenantId} and c.claim_id = r.claim_id and c.status <> 'PENDING'
    order by r.key
    on conflict (tenant_id, key) do nothing`.execute(tx.db)
}
