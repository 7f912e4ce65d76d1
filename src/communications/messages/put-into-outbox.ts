import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { askAgain } from './ask-again.ts'
import { keepContents, messageUrl, type Written } from './message-content.ts'

/**
 * Without a way out messages are sent once they are kept, in one transaction: there is nothing that could happen twice. Those
 * that must not leave any more, or that somebody else has by now, are left out.
 */
export async function putIntoOutbox(tx: Tx, written: readonly Written[]): Promise<void> {
  const mayLeave = await askAgain(
    tx,
    written.map(({ message }) => message),
  )
  const leaving = written.filter(({ message }) => mayLeave.has(message.messageId))
  if (leaving.length === 0) return
  await markSent(tx, leaving)
  await keepContents(tx, leaving)
}

/** The rows are locked, and ours, since the gate was asked. */
async function markSent(tx: Tx, leaving: readonly Written[]): Promise<void> {
  const rows = leaving.map(({ message }) => ({
    message_id: message.messageId,
    bundle_version: message.prepared?.bundleVersion ?? null,
    bundle_name: message.prepared?.bundleName ?? null,
    message_url: messageUrl(message),
  }))
  await sql`
    update message m set status = 'SENT', transport = 'outbox', sent_at = ${tx.now}, lease_id = null, lease_until = null,
      error = null, bundle_version = r.bundle_version, bundle_name = r.bundle_name, message_url = r.message_url
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as r (message_id uuid, bundle_version integer, bundle_name text, message_url text)
    where m.tenant_id = ${tx.tenantId} and m.message_id = r.message_id`.execute(tx.db)
}
