import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { askAgain } from './ask-again.ts'
import { keepContents, messageUrl, type Written } from './message-content.ts'

// Many times as long as a transfer may take.
const transferLeaseMs = 15 * 60_000

/** Keeps what leaves and marks that it does. False: it must not leave any more, or somebody else has the message. */
export async function beginTransfer(tx: Tx, written: Written, machineNow: Date): Promise<boolean> {
  const { message } = written
  const { messageId, leaseId, prepared } = message
  const mayLeave = await askAgain(tx, [message])
  if (!mayLeave.has(messageId)) return false
  const leaseUntil = new Date(machineNow.getTime() + transferLeaseMs)
  await sql`
    update message set transfer_began_at = ${tx.now}, lease_until = ${leaseUntil},
      bundle_version = ${prepared?.bundleVersion ?? null}, bundle_name = ${prepared?.bundleName ?? null},
      message_url = ${messageUrl(message)}
    where tenant_id = ${tx.tenantId} and message_id = ${messageId} and lease_id = ${leaseId}`.execute(
    tx.db,
  )
  await keepContents(tx, [written])
  return true
}
