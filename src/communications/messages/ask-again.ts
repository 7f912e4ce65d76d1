import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { type Decision, decide, explain, loadCases } from '../gate/index.ts'
import type { TakenMessage } from './take-due.ts'

/**
 * Asks the gate once more as the message is about to leave: writing it, and those before it, took time in which the debtor
 * may have paid. False: the message is not ours any more, or must not leave, and its row says so.
 */
export async function mayStillLeave(tx: Tx, message: TakenMessage): Promise<boolean> {
  const { messageId, leaseId } = message
  const held = await sql`
    select 1 from message where tenant_id = ${tx.tenantId} and message_id = ${messageId} and lease_id = ${leaseId}
    for no key update`.execute(tx.db)
  if (held.rows.length === 0) return false
  const found = (await loadCases(tx, [message])).get(messageId)
  if (!found) return false
  const { facts, rules } = found
  // This message is counted as a contact already, so the cap would have it wait for itself.
  const { contact_cap: _cap, ...others } = rules
  const decision = decide(facts, others, tx.now)
  const { destination } = facts
  const isSamePlace = 'address' in destination && destination.address === message.recipient
  if (decision.verdict === 'send' && isSamePlace) return true
  await giveBack(tx, message, { decision, kept: explain(decision, facts) })
  return false
}

/** As if it had not been taken; one that goes elsewhere now is taken again at once. */
async function giveBack(
  tx: Tx,
  { messageId, attempts }: TakenMessage,
  { decision, kept }: { decision: Decision; kept: unknown },
): Promise<void> {
  const dueAt = decision.verdict === 'wait' ? decision.until : tx.now
  const status = decision.verdict === 'withhold' ? 'WITHHELD' : 'QUEUED'
  await sql`
    update message set status = ${status}, due_at = ${dueAt}, lease_id = null, lease_until = null, contacted_at = null,
      attempts = ${attempts - 1}, decision = ${JSON.stringify(kept)}::jsonb, decided_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and message_id = ${messageId}`.execute(tx.db)
}
