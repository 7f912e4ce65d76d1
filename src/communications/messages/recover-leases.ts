import { sql } from 'kysely'
import type { Channel } from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'
import { tellAll } from './tell.ts'
import type { Transports } from './transport.ts'

export interface Recovery {
  /** The machine's time. */
  readonly now: Date
  readonly transports: Transports
}

const unknownOutcome =
  'The server ended while it sent the message; it is not known whether it was taken'
const messagesAtOnce = 500

/**
 * Takes up the messages of a sender that died. What surely has not left goes back into the queue, and to the gate; what
 * may have left goes again only where the other side takes it once. Mail is rather lost than sent twice, and says so.
 */
export async function recoverLeases(tx: Tx, { now, transports }: Recovery): Promise<void> {
  const { rows } = await sql<{ messageId: string; channel: Channel; hasBegun: boolean }>`
    select message_id as "messageId", channel, transfer_began_at is not null as "hasBegun" from message
    where tenant_id = ${tx.tenantId} and status = 'SENDING' and lease_until <= ${now}
    order by message_id limit ${messagesAtOnce} for update skip locked`.execute(tx.db)
  if (rows.length === 0) return
  const mayGoAgain = ({ channel, hasBegun }: { channel: Channel; hasBegun: boolean }) =>
    !hasBegun || (channel !== 'letter' && transports[channel]?.isIdempotent === true)
  await requeue(
    tx,
    rows.filter(mayGoAgain).map(({ messageId }) => messageId),
  )
  const lost = rows.filter((row) => !mayGoAgain(row)).map(({ messageId }) => messageId)
  await sql`
    update message set status = 'FAILED', lease_id = null, lease_until = null, error = ${unknownOutcome}
    where tenant_id = ${tx.tenantId} and message_id = any(${lost}::uuid[])`.execute(tx.db)
  await tellAll(tx, lost, { telling: 'failed', error: unknownOutcome })
}

/** With the due time that it had, it keeps its place before others to the same debtor, as if nobody had died. */
async function requeue(tx: Tx, messageIds: readonly string[]): Promise<void> {
  await sql`
    update message set status = 'QUEUED', lease_id = null, lease_until = null, contacted_at = null
    where tenant_id = ${tx.tenantId} and message_id = any(${messageIds}::uuid[])`.execute(tx.db)
}
