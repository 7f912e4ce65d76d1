import { sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import { backOffMs, attemptsMax } from './back-off.ts'
import type { TakenMessage } from './take-due.ts'
import { tell, type Telling } from './tell.ts'
import type { Transferred, Transport } from './transport.ts'

export interface Transfer {
  readonly message: TakenMessage
  readonly transferred: Transferred
  readonly transport: Transport['name']
}

/** Records what came of an attempt; a lease that is lost records nothing. */
export async function recordTransfer(tx: Tx, transfer: Transfer): Promise<void> {
  const { message, transferred, transport } = transfer
  if (transferred.outcome === 'accepted') {
    await settle(tx, message, {
      change: sql`status = 'SENT', sent_at = ${tx.now}, delivered_at = ${tx.now}, error = null, transport = ${transport}`,
      telling: 'delivered',
    })
    return
  }
  const { error } = transferred
  if (transferred.outcome === 'unknown') {
    // Counted as a contact: it may well have arrived.
    const says = `It is not known whether the server took it: ${error}`
    const change = sql`status = 'FAILED', error = ${says}, transport = ${transport}`
    await settle(tx, message, { change, telling: 'failed', error: says })
    return
  }
  if (transferred.outcome === 'permanent' || message.attempts >= attemptsMax) {
    const change = sql`status = 'FAILED', contacted_at = null, error = ${error}, transport = ${transport}`
    await settle(tx, message, { change, telling: 'failed', error })
    return
  }
  const dueAt = new Date(tx.now.getTime() + backOffMs(message.attempts))
  const began = transferred.mayHaveLeft ? sql`transfer_began_at` : sql`null`
  const change = sql`status = 'QUEUED', due_at = ${dueAt}, contacted_at = null, error = ${error}, transfer_began_at = ${began}`
  await settle(tx, message, { change, telling: 'temporaryFailed', error })
}

export interface Uncomposed {
  readonly error: string
  readonly isFinal: boolean
}

/** Gives up a message that could not be written, or tries it again later. */
export async function recordUncomposed(
  tx: Tx,
  message: TakenMessage,
  { error, isFinal }: Uncomposed,
): Promise<void> {
  if (isFinal || message.attempts >= attemptsMax) {
    const failed = sql`status = 'FAILED', contacted_at = null, error = ${error}`
    await settle(tx, message, { change: failed, telling: 'processingFailed', error })
    return
  }
  const dueAt = new Date(tx.now.getTime() + backOffMs(message.attempts))
  const change = sql`status = 'QUEUED', due_at = ${dueAt}, contacted_at = null, error = ${error}`
  await settle(tx, message, { change })
}

interface Settlement {
  readonly change: ReturnType<typeof sql>
  /** Undefined: nobody is told. */
  readonly telling?: Telling
  readonly error?: string
}

async function settle(
  tx: Tx,
  { messageId, leaseId }: TakenMessage,
  { change, telling, error }: Settlement,
): Promise<void> {
  const { rows } = await sql`
    update message set ${change}, lease_id = null, lease_until = null
    where tenant_id = ${tx.tenantId} and message_id = ${messageId} and lease_id = ${leaseId}
    returning message_id`.execute(tx.db)
  if (rows.length === 0 || telling === undefined) return
  await tell(tx, messageId, { telling, ...(error === undefined ? {} : { error }) })
}
