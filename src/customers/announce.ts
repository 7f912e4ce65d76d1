import type { Companion } from '../book/index.ts'
import { newId } from '../kernel/id.ts'

export type CustomerEvent =
  'event.customer.created' | 'event.customer.updated' | 'event.customer.deleted'

/** Tells of a customer as it is when the statement runs: behind what saves it, before what deletes it. */
export function announcement(
  tenantId: string,
  type: CustomerEvent,
  of: { reference: string; nowMs: number },
): Companion {
  return {
    text: `insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
      select $1, $2, $3, jsonb_build_object('customerId', d.number, 'externalDebtorRef', d.reference), '{}', $4
      from debtor d where d.tenant_id = $1 and d.reference = $5`,
    values: [tenantId, newId(), type, new Date(of.nowMs), of.reference],
  }
}
