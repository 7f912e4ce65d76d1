import { type RawBuilder, sql } from 'kysely'
import { findClaimNamed } from '../../book/index.ts'
import { isUuid } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import { refuseMessage } from './refusals.ts'
import type { Message, MessagePage, MessageQuery } from './schema.ts'
import { readContent } from './message-content.ts'

interface MessageRow extends Omit<Message, Dated> {
  readonly dueAt: Date
  readonly createdAt: Date
  readonly decidedAt: Date | null
  readonly sentAt: Date | null
  readonly deliveredAt: Date | null
}
type Dated = 'dueAt' | 'createdAt' | 'decidedAt' | 'sentAt' | 'deliveredAt'

const limitDefault = 50

const selectMessages = sql`
  select m.message_id as id, c.reference as "claimReference", m.debtor_reference as "debtorReference", m.channel,
    m.purpose, m.bundle_id as "bundleId", m.bundle_version as "bundleVersion", m.bundle_name as "bundleName", m.cause,
    m.status, m.due_at as "dueAt", m.attempts, m.decided_at as "decidedAt", m.decision, m.recipient, m.transport,
    m.message_url as "messageUrl", m.error, m.bounce, m.created_at as "createdAt", m.sent_at as "sentAt",
    m.delivered_at as "deliveredAt"
  from message m join claim c on c.tenant_id = m.tenant_id and c.claim_id = m.claim_id`

/** A page of the messages of a tenant, of one claim or of one status, the newest first. */
export async function listMessages(tx: Tx, query: MessageQuery): Promise<MessagePage> {
  const { claimReference, status, cursor, limit = limitDefault } = query
  if (cursor !== undefined && !isUuid(cursor)) throw refuseMessage('invalid_cursor')
  const conditions: RawBuilder<unknown>[] = [sql`m.tenant_id = ${tx.tenantId}`]
  if (claimReference !== undefined) {
    const { claimId } = await findClaimNamed(tx, claimReference)
    conditions.push(sql`m.claim_id = ${claimId}`)
  }
  if (status !== undefined) conditions.push(sql`m.status = ${status}`)
  if (cursor !== undefined) conditions.push(sql`m.message_id < ${cursor}`)
  const { rows } = await sql<MessageRow>`
    ${selectMessages} where ${sql.join(conditions, sql` and `)}
    order by m.message_id desc limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(shown)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** One message and why it was sent, was withheld or waits. */
export async function findMessage(tx: Tx, messageId: string): Promise<Message> {
  if (!isUuid(messageId)) throw refuseMessage('message_not_found')
  const { rows } = await sql<MessageRow>`
    ${selectMessages} where m.tenant_id = ${tx.tenantId} and m.message_id = ${messageId}`.execute(
    tx.db,
  )
  const [row] = rows
  if (!row) throw refuseMessage('message_not_found')
  return shown(row)
}

/** The bytes of a message as it left. */
export async function messageEml(tx: Tx, messageId: string): Promise<Buffer> {
  await findMessage(tx, messageId)
  const content = await readContent(tx, messageId)
  if (!content) throw refuseMessage('message_not_composed')
  return content.eml
}

/** The bytes of the message that a URL of `listCommunications` names; undefined where it names none. */
export async function emlOfUrl(tx: Tx, messageUrl: string): Promise<Buffer | undefined> {
  const [, messageId] = /\/([0-9a-f-]{36})\.eml$/.exec(messageUrl) ?? []
  if (messageId === undefined || !isUuid(messageId)) return undefined
  const row = await tx.db
    .selectFrom('message')
    .select('message_url')
    .where('tenant_id', '=', tx.tenantId)
    .where('message_id', '=', messageId)
    .executeTakeFirst()
  if (row?.message_url !== messageUrl) return undefined
  return (await readContent(tx, messageId))?.eml
}

const shown = (row: MessageRow): Message => ({
  ...row,
  dueAt: row.dueAt.toISOString(),
  createdAt: row.createdAt.toISOString(),
  decidedAt: row.decidedAt?.toISOString() ?? null,
  sentAt: row.sentAt?.toISOString() ?? null,
  deliveredAt: row.deliveredAt?.toISOString() ?? null,
})
