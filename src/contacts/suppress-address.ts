import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type {
  SuppressedAddress,
  SuppressedPage,
  SuppressedQuery,
  SuppressibleChannel,
  SuppressionReason,
} from './schema.ts'

export interface Suppression {
  readonly channel: SuppressibleChannel
  readonly address: string
  readonly reason: SuppressionReason
  readonly messageId?: string
  /** Who unsubscribed by it. */
  readonly debtorReference?: string
}

/** An address in the form in which suppressed ones are kept and looked for; what only groups a number does not count. */
export function addressKey(address: string): string {
  const text = address.trim().toLowerCase()
  return text.includes('@') ? text : text.replaceAll(/[\s()./-]/g, '').replace(/^00/, '+')
}

/**
 * Sends nothing to an address any more, whosever it is. The first reason stays, but an unsubscription gives way to any other:
 * the debtor who unsubscribed may take it back, and what bounces would be written to again.
 */
export async function suppressAddress(tx: Tx, suppression: Suppression): Promise<void> {
  const { channel, address, reason, messageId, debtorReference } = suppression
  await sql`
    insert into suppressed_address (tenant_id, channel, address, reason, message_id, debtor_reference, suppressed_at)
    values (${tx.tenantId}, ${channel}, ${addressKey(address)}, ${reason}, ${messageId ?? null},
      ${debtorReference ?? null}, ${tx.now})
    on conflict (tenant_id, channel, address) do update
    set reason = excluded.reason, message_id = excluded.message_id, debtor_reference = excluded.debtor_reference,
      suppressed_at = excluded.suppressed_at
    where suppressed_address.reason = 'unsubscribe' and excluded.reason <> 'unsubscribe'`.execute(
    tx.db,
  )
}

/** Sends to an address again. */
export async function releaseAddress(
  tx: Tx,
  { channel, address }: { channel: SuppressibleChannel; address: string },
): Promise<void> {
  const { rows } = await sql`
    delete from suppressed_address
    where tenant_id = ${tx.tenantId} and channel = ${channel} and address = ${addressKey(address)}
    returning address`.execute(tx.db)
  if (rows.length === 0) throw refuse('suppression_not_found')
}

/** Which of these addresses nothing is sent to, as `email:ada@example.com`, with the reason of each. */
export async function suppressedAmong(
  tx: Tx,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, SuppressionReason>> {
  const wanted = addresses.map(addressKey)
  const { rows } = await sql<{ channel: string; address: string; reason: SuppressionReason }>`
    select channel, address, reason from suppressed_address
    where tenant_id = ${tx.tenantId} and channel in ('email', 'sms') and address = any(${wanted}::text[])`.execute(
    tx.db,
  )
  return new Map(rows.map(({ channel, address, reason }) => [`${channel}:${address}`, reason]))
}

interface SuppressedRow extends Omit<SuppressedAddress, 'suppressedAt'> {
  readonly suppressedAt: Date
}

const limitDefault = 50

/** A page of the suppressed addresses in the order of the alphabet. */
export async function listSuppressed(tx: Tx, query: SuppressedQuery): Promise<SuppressedPage> {
  const { channel, cursor, limit = limitDefault } = query
  const [afterChannel, afterAddress] = cursor === undefined ? ['', ''] : readCursor(cursor)
  const { rows } = await sql<SuppressedRow>`
    select channel, address, reason, message_id as "messageId", suppressed_at as "suppressedAt"
    from suppressed_address
    where tenant_id = ${tx.tenantId} and (${channel ?? null}::text is null or channel = ${channel ?? null})
      and (channel, address) > (${afterChannel}, ${afterAddress})
    order by channel, address limit ${limit + 1}`.execute(tx.db)
  const items = rows
    .slice(0, limit)
    .map((row) => ({ ...row, suppressedAt: row.suppressedAt.toISOString() }))
  const last = items.at(-1)
  const isMore = rows.length > limit && last !== undefined
  return { items, nextCursor: isMore ? writeCursor(last) : null }
}

const writeCursor = ({ channel, address }: { channel: string; address: string }) =>
  Buffer.from(`${channel}:${address}`, 'utf8').toString('base64url')

function readCursor(cursor: string): [string, string] {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const [, channel, address] = /^(email|sms):(.+)$/s.exec(text) ?? []
  if (channel === undefined || address === undefined || text.includes('\0'))
    throw refuse('invalid_cursor')
  return [channel, address]
}
