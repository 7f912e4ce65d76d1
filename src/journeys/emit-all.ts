import { sql } from 'kysely'
import type { Json } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'

/** Appends events in the order given, in one statement. */
export async function emitAll(
  tx: Tx,
  events: readonly { type: string; data: Json; metadata?: Json }[],
): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ type, data, metadata }) => ({
    message_id: newId(),
    type,
    data,
    metadata: { originator: 'Journey', ...tx.metadata, ...metadata },
  }))
  // Their ids ascend, so the rows and with them the sequence keep the order.
  await sql`
    insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
    select ${tx.tenantId}::uuid, r.message_id, r.type, r.data, r.metadata, ${tx.now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(message_id uuid, type text, data jsonb,
      metadata jsonb)
    order by r.message_id`.execute(tx.db)
}
