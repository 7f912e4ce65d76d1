import { sql } from 'kysely'
import { callContext, type Json, type TenantSwitches } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import type { PaymentState } from './states.ts'

export interface HistoryEntry {
  readonly state: string
  readonly at: string
  readonly reason?: string
}

/** One entry that settling a payment booked. */
export interface Booking {
  readonly accountReference: string
  /** Null where somebody else booked the payment before us (D-25). */
  readonly claimReference: string | null
  readonly entryReference: string
  readonly amountMinor: number
}

/** A claim of a payment with the names that events give it. */
export interface PaymentClaim {
  readonly claimReference: string
  readonly receeveReference: string
  readonly accountReference: string
  readonly debtorReference: string | null
  readonly paymentReference: string | null
  /** The account in which its share is remembered as booked. */
  readonly homeReference: string
  readonly amountMinor: number
}

/** A payment with all that is needed to move it. */
export interface LoadedPayment {
  readonly tenantId: string
  readonly paymentId: string
  readonly provider: string
  readonly providerReference: string | null
  readonly trackingId: string | null
  readonly currency: string
  readonly amountMinor: number
  readonly locale: string | null
  readonly state: PaymentState
  readonly isLanded: boolean
  readonly history: readonly HistoryEntry[]
  readonly bookings: readonly Booking[]
  readonly checks: number
  readonly expiresAt: Date
  readonly claims: readonly PaymentClaim[]
  readonly creditPriority: TenantSwitches['creditPriority']
}

/** A payment, locked until the transaction ends where it is to be moved; undefined where there is none. */
export async function loadPayment(
  tx: Tx,
  paymentId: string,
  how: { isLocked: boolean },
): Promise<LoadedPayment | undefined> {
  const query = tx.db
    .selectFrom('portal_payment')
    .select([
      'provider',
      'provider_reference as providerReference',
      'tracking_id as trackingId',
      'currency',
      'amount_minor as amountMinor',
      'locale',
      'state',
      'is_landed as isLanded',
      'history',
      'bookings',
      'checks',
      'expires_at as expiresAt',
    ])
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', paymentId)
  const row = await (how.isLocked ? query.forNoKeyUpdate() : query).executeTakeFirst()
  if (!row) return undefined
  return {
    ...row,
    tenantId: tx.tenantId,
    paymentId,
    state: row.state as PaymentState,
    history: row.history as unknown as HistoryEntry[],
    bookings: row.bookings as unknown as Booking[],
    claims: await claimsOf(tx, paymentId),
    creditPriority: await creditPriorityOf(tx),
  }
}

async function claimsOf(tx: Tx, paymentId: string): Promise<PaymentClaim[]> {
  const { rows } = await sql<PaymentClaim>`
    select p.claim_reference as "claimReference", c.receeve_reference as "receeveReference",
      a.reference as "accountReference", c.debtor_reference as "debtorReference",
      c.payment_reference as "paymentReference", p.account_reference as "homeReference",
      p.amount_minor as "amountMinor"
    from portal_payment_claim p
    join claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    where p.tenant_id = ${tx.tenantId} and p.payment_id = ${paymentId}
    order by p.position`.execute(tx.db)
  return rows
}

async function creditPriorityOf(tx: Tx): Promise<TenantSwitches['creditPriority']> {
  const row = await tx.db
    .selectFrom('tenant')
    .select(['time_zone', 'settings'])
    .where('tenant_id', '=', tx.tenantId)
    .executeTakeFirstOrThrow()
  const tenant = {
    tenantId: tx.tenantId,
    timeZone: row.time_zone,
    settings: row.settings as Json,
  }
  return callContext(tenant, { originator: 'Portal' }).switches.creditPriority
}
