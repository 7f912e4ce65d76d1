import type { Companion } from '../book/index.ts'
import { newId } from '../kernel/id.ts'

const text = `
  insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
  select $1, $2, 'event.refund.changed', jsonb_build_object('refundId', r.id, 'state', r.state, 'amount', r.amount_minor,
    'currency', r.currency, 'claimRef', c.reference), '{}', $3::timestamptz
  from refund r join claim c on c.tenant_id = r.tenant_id and c.claim_id = r.claim_id
  where r.tenant_id = $1 and (r.id = $4::bigint or r.external_id = $5)`

/** Tells of a refund, found by its number or by its caller's own name, in the state in which it is by then. */
export function refundAnnouncement(
  tenantId: string,
  of: { id: number } | { externalId: string },
  now: Date,
): Companion {
  const id = 'id' in of ? of.id : null
  const externalId = 'externalId' in of ? of.externalId : null
  return { text, values: [tenantId, newId(), now, id, externalId] }
}
