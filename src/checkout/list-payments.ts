import { sql } from 'kysely'
import { isUuid } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { refuse } from './refusals.ts'
import type { Payment, PaymentPage, PaymentsQuery } from './schema.ts'

interface Row extends Omit<Payment, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const limitDefault = 50
const paymentsMax = 1_000

/** A payment by its id. */
export async function findPayment(tx: Tx, paymentId: string): Promise<Payment> {
  const [payment] = await select(tx, sql`p.payment_id = ${paymentId}`, 1)
  if (!payment) throw refuse('payment_not_found')
  return payment
}

/** Payments, of one claim or of all, the newest first. */
export async function listPayments(tx: Tx, query: PaymentsQuery): Promise<PaymentPage> {
  const { claim, cursor, limit = limitDefault } = query
  if (cursor !== undefined && !isUuid(cursor)) {
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
  }
  const ofClaim =
    claim === undefined
      ? sql`true`
      : sql`p.payment_id in (select s.payment_id from portal_payment_claim s
          join claim c on c.tenant_id = s.tenant_id and c.claim_id = s.claim_id
          where s.tenant_id = ${tx.tenantId} and c.reference = ${claim})`
  // Ids of payments ascend with time.
  const before = cursor === undefined ? sql`true` : sql`p.payment_id < ${cursor}::uuid`
  const rows = await select(tx, sql`${ofClaim} and ${before}`, limit + 1)
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** The payments that were made on any of these claims, the newest first. */
export function paymentsOf(tx: Tx, claimIds: readonly string[]): Promise<Payment[]> {
  const ofClaims = sql`p.payment_id in (select s.payment_id from portal_payment_claim s
    where s.tenant_id = ${tx.tenantId} and s.claim_id = any(${claimIds}::uuid[]))`
  return select(tx, ofClaims, paymentsMax)
}

async function select(
  tx: Tx,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<Payment[]> {
  const { rows } = await sql<Row>`
    select p.payment_id as id, p.provider, p.tracking_id as "trackingId", p.state, p.currency,
      p.amount_minor as "amountMinor", p.history, p.created_at as "createdAt", p.updated_at as "updatedAt",
      (select json_agg(json_build_object('claimId', s.claim_id, 'reference', s.claim_reference,
          'amountMinor', s.amount_minor) order by s.position)
        from portal_payment_claim s where s.tenant_id = p.tenant_id and s.payment_id = p.payment_id) as claims
    from portal_payment p where p.tenant_id = ${tx.tenantId} and ${condition}
    order by p.payment_id desc limit ${limit}`.execute(tx.db)
  return rows.map((row) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  }))
}
