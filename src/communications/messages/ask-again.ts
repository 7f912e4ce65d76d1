import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { type Decision, decide, explain, loadCases } from '../gate/index.ts'
import type { TakenMessage } from './take-due.ts'

/**
 * Asks the gate once more as messages are about to leave: writing them, and those before them, took time in which the debtor
 * may have paid. Answers the ids of those that leave; any other is not ours any more, or must not leave, and its row says so.
 */
export async function askAgain(
  tx: Tx,
  messages: readonly TakenMessage[],
): Promise<ReadonlySet<string>> {
  const held = await hold(tx, messages)
  const ours = messages.filter(({ messageId }) => held.has(messageId))
  if (ours.length === 0) return held
  const cases = await loadCases(tx, ours)
  const leaving = new Set<string>()
  for (const message of ours) {
    const found = cases.get(message.messageId)
    if (!found) continue
    const { facts, rules } = found
    // This message is counted as a contact already, so the cap would have it wait for itself.
    const { contact_cap: _cap, ...others } = rules
    const decision = decide(facts, others, tx.now)
    const { destination } = facts
    const isSamePlace = 'address' in destination && destination.address === message.recipient
    if (decision.verdict === 'send' && isSamePlace) leaving.add(message.messageId)
    else await giveBack(tx, message, { decision, kept: explain(decision, facts) })
  }
  return leaving
}

/** Locks the rows of those that are still ours, always in the same order. */
async function hold(tx: Tx, messages: readonly TakenMessage[]): Promise<ReadonlySet<string>> {
  const ids = messages.map(({ messageId }) => messageId)
  const leases = messages.map(({ leaseId }) => leaseId)
  const { rows } = await sql<{ messageId: string }>`
    select m.message_id as "messageId" from message m
    join unnest(${ids}::uuid[], ${leases}::uuid[]) as r (message_id, lease_id)
      on r.message_id = m.message_id and r.lease_id = m.lease_id
    where m.tenant_id = ${tx.tenantId}
    order by m.message_id for no key update of m`.execute(tx.db)
  return new Set(rows.map(({ messageId }) => messageId))
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
