import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { listedAfterRetirementMs } from './keys.ts'
import { lineUp } from './order.ts'
import { hasKey } from './record-events.ts'

const dayMs = 86_400_000
const logKeptMs = 30 * dayMs
const rowsAtOnce = 2_000

/**
 * Gives up what nobody attempts any more (its subscription is paused or not active) and forgets what has been kept long
 * enough: 30 days of deliveries, retired keys after 48 hours. Answers whether there may be more.
 */
export async function housekeep(tx: Tx): Promise<boolean> {
  const { tenantId, now, db } = tx
  await sql`select 1 from webhook_subscription where tenant_id = ${tenantId}
    order by subscription_id for no key update`.execute(db)
  const expired = await sql<{ subscriptionId: string; orderKey: string | null }>`
    update webhook_delivery d set state = 'FAILED', error = coalesce(d.error, 'not attempted in time'), lease_id = null,
      lease_until = null
    from (select subscription_id, message_id from webhook_delivery
      where tenant_id = ${tenantId} and state = 'PENDING' and expires_at <= ${now}
        and (lease_until is null or lease_until <= ${now}) limit ${rowsAtOnce}) old
    where d.tenant_id = ${tenantId} and d.subscription_id = old.subscription_id and d.message_id = old.message_id
    returning d.subscription_id as "subscriptionId", d.order_key as "orderKey"`.execute(db)
  await lineUp(tx, expired.rows.filter(hasKey))
  const forgotten = await sql`
    delete from webhook_delivery d using (
      select subscription_id, message_id from webhook_delivery where tenant_id = ${tenantId}
        and created_at < ${new Date(now.getTime() - logKeptMs)} and state <> 'PENDING' limit ${rowsAtOnce}) old
    where d.tenant_id = ${tenantId} and d.subscription_id = old.subscription_id and d.message_id = old.message_id`.execute(
    db,
  )
  // What listeners of the wallee doors were told, under the numbers by which they know it.
  await sql`delete from wallee_notice where tenant_id = ${tenantId}
    and occurred_at < ${new Date(now.getTime() - logKeptMs)}`.execute(db)
  await db
    .deleteFrom('webhook_key')
    .where('tenant_id', '=', tenantId)
    .where('retired_at', '<=', new Date(now.getTime() - listedAfterRetirementMs))
    .execute()
  return expired.rows.length === rowsAtOnce || forgotten.numAffectedRows === BigInt(rowsAtOnce)
}
