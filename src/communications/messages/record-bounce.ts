import { sql } from 'kysely'
import { suppressAddress } from '../../contacts/index.ts'
import type { Channel } from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'
import { refuseMessage } from './refusals.ts'
import type { Message, NewBounce } from './schema.ts'
import { findMessage } from './show-messages.ts'
import { tell } from './tell.ts'

/**
 * Records that a message came back. A hard bounce or a complaint ends the address; a soft one only says so. What is told
 * twice is recorded once, and a soft bounce never takes the place of a hard one.
 */
export async function recordBounce(tx: Tx, bounce: NewBounce): Promise<Message> {
  const { messageId, kind, diagnostic } = bounce
  const { rows } = await sql<{ status: string; channel: Channel; recipient: string | null }>`
    select status, channel, recipient from message
    where tenant_id = ${tx.tenantId} and message_id = ${messageId} for update`.execute(tx.db)
  const [message] = rows
  if (!message) throw refuseMessage('message_not_found')
  if (message.status === 'BOUNCED') return findMessage(tx, messageId)
  // A server that ended in the middle did not know that it was taken; a bounce proves that it was.
  if (message.status !== 'SENT' && message.status !== 'FAILED')
    throw refuseMessage('message_not_sent')
  const isHard = kind !== 'soft'
  // Of one that failed already it says nothing new.
  if (message.status === 'FAILED' && !isHard) return findMessage(tx, messageId)
  const kept = JSON.stringify({ kind, diagnostic: diagnostic ?? null, at: tx.now.toISOString() })
  await sql`
    update message set bounce = ${kept}, status = ${isHard ? 'BOUNCED' : message.status},
      sent_at = coalesce(sent_at, ${tx.now})
    where tenant_id = ${tx.tenantId} and message_id = ${messageId}`.execute(tx.db)
  const { channel, recipient } = message
  if (isHard && recipient !== null && channel !== 'letter') {
    const reason = kind === 'complaint' ? 'complaint' : 'bounce'
    await suppressAddress(tx, { channel, address: recipient, reason, messageId })
  }
  const error = diagnostic ?? `${kind} bounce`
  await tell(tx, messageId, { telling: isHard ? 'failed' : 'temporaryFailed', error })
  return findMessage(tx, messageId)
}
