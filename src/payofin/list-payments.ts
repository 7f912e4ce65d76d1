import { sql } from 'kysely'
import { addDays, daysBetween, endOfDay, isDate } from '../kernel/dates.ts'
import { formatDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { zone } from './opening.ts'
import { refusePayofin } from './refusals.ts'
import type { CollectedPayment } from './schema.ts'

/** A payment as merchants ask for it. */
export interface PaymentDetail {
  readonly paymentId: number
  readonly typeCode: number
  readonly sootName: string
  readonly subscriberNo: string
  readonly customerName: string
  readonly invoiceNo: string
  readonly dueOn: string
  readonly amountMinor: number
  readonly profitMinor: number
  readonly currency: string
  readonly paidAt: Date
  readonly status: string
}

const details = sql`
  select p.payment_id as "paymentId", i.type_code as "typeCode", i.name as "sootName",
    q.subscriber_no as "subscriberNo", q.customer_name as "customerName", p.claim_reference as "invoiceNo",
    q.due_on as "dueOn", p.amount_minor as "amountMinor", p.profit_minor as "profitMinor", p.currency,
    p.paid_at as "paidAt", p.status
  from payofin_payment p
  join payofin_query q on q.tenant_id = p.tenant_id and q.query_id = p.query_id
  join payofin_institution i on i.tenant_id = p.tenant_id and i.soot_code = q.soot_code`

/** The merchant's own payments of these ids, in their order; one that is not there is refused. */
export async function paymentDetails(
  { tenantId, db }: Tx,
  merchantId: number,
  ids: readonly unknown[],
): Promise<PaymentDetail[]> {
  const wanted = ids.map((id) => {
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw refusePayofin('no_transaction')
    return id
  })
  const { rows } = await sql<PaymentDetail>`${details}
    where p.tenant_id = ${tenantId} and p.merchant_id = ${merchantId} and p.payment_id = any(${wanted}::bigint[])`.execute(
    db,
  )
  return wanted.map((id) => {
    const found = rows.find(({ paymentId }) => paymentId === id)
    if (!found) throw refusePayofin('no_transaction')
    return found
  })
}

const rangeDaysMax = 15
const paymentsMax = 50_000

/** The merchant's payments of some days in Istanbul, both included. */
export async function paymentsBetween(
  { tenantId, db }: Tx,
  merchantId: number,
  range: { firstDate: unknown; lastDate: unknown },
): Promise<PaymentDetail[]> {
  const { firstDate, lastDate } = range
  const isRange = typeof firstDate === 'string' && typeof lastDate === 'string'
  if (!isRange || !isDate(firstDate) || !isDate(lastDate)) throw refusePayofin('dates_missing')
  const days = daysBetween(firstDate, lastDate)
  if (days < 0) throw refusePayofin('dates_missing')
  if (days > rangeDaysMax) throw refusePayofin('range_too_long')
  const { rows } = await sql<PaymentDetail>`${details}
    where p.tenant_id = ${tenantId} and p.merchant_id = ${merchantId}
      and p.paid_at >= ${endOfDay(addDays(firstDate, -1), zone)} and p.paid_at < ${endOfDay(lastDate, zone)}
    order by p.paid_at, p.payment_id limit ${paymentsMax}`.execute(db)
  return rows
}

interface StoredPayment {
  readonly paymentId: number
  readonly merchantId: number
  readonly claimReference: string
  readonly amountMinor: number
  readonly currency: string
  readonly commissionMinor: number
  readonly profitMinor: number
  readonly status: 'Paid' | 'Cancelled'
  readonly paidAt: Date
  readonly cancelledAt: Date | null
}

const stored = sql`
  select payment_id as "paymentId", merchant_id as "merchantId", claim_reference as "claimReference",
    amount_minor as "amountMinor", currency, commission_minor as "commissionMinor", profit_minor as "profitMinor",
    status, paid_at as "paidAt", cancelled_at as "cancelledAt"
  from payofin_payment`

/** One payment, as our own desk sees it. */
export async function findPayment(
  { tenantId, db }: Tx,
  paymentId: number,
): Promise<CollectedPayment> {
  const { rows } = await sql<StoredPayment>`${stored}
    where tenant_id = ${tenantId} and payment_id = ${paymentId}`.execute(db)
  const [row] = rows
  if (!row) throw refusePayofin('payment_unknown')
  return shownPayment(row)
}

/** The payments of a tenant, the newest first. */
export async function listPayments(
  { tenantId, db }: Tx,
  { limit, before }: { limit: number; before?: number },
): Promise<CollectedPayment[]> {
  const { rows } = await sql<StoredPayment>`${stored}
    where tenant_id = ${tenantId} and (${before ?? null}::bigint is null or payment_id < ${before ?? null})
    order by payment_id desc limit ${limit}`.execute(db)
  return rows.map(shownPayment)
}

function shownPayment(row: StoredPayment): CollectedPayment {
  const { amountMinor, commissionMinor, profitMinor, paidAt, cancelledAt, ...payment } = row
  const decimal = (minor: number) => formatDecimal(minor, payment.currency)
  return {
    ...payment,
    amount: decimal(amountMinor),
    commission: decimal(commissionMinor),
    profit: decimal(profitMinor),
    paidAt: paidAt.toISOString(),
    cancelledAt: cancelledAt?.toISOString() ?? null,
  }
}
