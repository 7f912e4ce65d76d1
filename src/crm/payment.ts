import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { uuidOf } from './ids.ts'
import { isNumber } from './invoices.ts'
import { refuseCrm } from './refusals.ts'

export interface PaymentIdentifier {
  readonly field: 'id' | 'number' | 'reference_number' | 'back_office_code'
  readonly value: string
}

export type Udf = Readonly<Record<string, string | number>>

/** Who did something, for which unit. */
export interface Actor {
  readonly userId: string
  readonly unitId: string
}

/** What a payment says beside what is counted and looked for; instants in milliseconds. */
export interface PaymentDetails {
  readonly receivedAtMs: number
  readonly receivedBy: Actor
  readonly notes: string | null
  readonly udf: Udf
  /** Invoices and bills that it is meant for. */
  readonly claimIds: readonly string[]
  readonly billIds: readonly string[]
  readonly cardId: string | null
  /** What its provider calls the card, from before it is charged until that is over. */
  readonly cardReference?: string
  /** The key of the charge meanwhile, where that is not the payment's id. */
  readonly chargeKey?: string
  readonly rejectionReasonId: string | null
  readonly issueReason: string | null
  readonly createdBy: Actor
  readonly updatedBy: Actor
}

export type PaymentState = 'NEW' | 'DRAFT' | 'POSTED' | 'REJECTED' | 'CANCELLED'

/** A payment, or the cancellation of one, as this door knows it. */
export interface Payment {
  readonly paymentId: string
  readonly classification: 'PAYMENT' | 'PAYMENT_CANCELLATION'
  readonly accountId: string
  readonly accountReference: string
  readonly currency: string
  readonly state: PaymentState
  readonly referenceNumber: number | null
  readonly number: number | null
  readonly amountMinor: number
  readonly typeId: string
  readonly categoryId: string | null
  readonly methodId: string | null
  readonly backOfficeCode: string | null
  readonly cancelsId: string | null
  readonly issuedAt: Date
  readonly postedAt: Date | null
  readonly updatedAt: Date
  readonly gateway: string | null
  readonly gatewayReference: string | null
  readonly details: PaymentDetails
  readonly entries: readonly string[]
}

const select = sql`
  select p.payment_id as "paymentId", p.classification, p.account_id as "accountId", a.reference as "accountReference",
    a.currency, p.state, p.reference_number as "referenceNumber", p.number, p.amount_minor as "amountMinor",
    p.type_id as "typeId", p.category_id as "categoryId", p.method_id as "methodId",
    p.back_office_code as "backOfficeCode", p.cancels_id as "cancelsId", p.issued_at as "issuedAt",
    p.posted_at as "postedAt", p.updated_at as "updatedAt", p.gateway, p.gateway_reference as "gatewayReference",
    p.details, p.entries
  from crm_payment p join account a on a.tenant_id = p.tenant_id and a.account_id = p.account_id`

const columns = {
  number: sql`p.number`,
  reference_number: sql`p.reference_number`,
} as const

/** The payment that an identifier names; cancellations and what is still being charged are none. */
export async function findPayment(tx: Tx, wanted: PaymentIdentifier): Promise<Payment> {
  const { field, value } = wanted
  const condition = () => {
    if (field === 'back_office_code') return sql`p.back_office_code = ${value}`
    if (field !== 'id')
      return isNumber(value) ? sql`${columns[field]} = ${value}::bigint` : undefined
    const paymentId = uuidOf(value)
    return paymentId === undefined ? undefined : sql`p.payment_id = ${paymentId}`
  }
  const isWanted = condition()
  if (isWanted === undefined) throw refuseCrm('payment_not_found')
  const { rows } = await sql<Payment>`${select}
    where p.tenant_id = ${tx.tenantId} and p.classification = 'PAYMENT' and p.state <> 'NEW'
      and ${isWanted}`.execute(tx.db)
  const [payment] = rows
  if (!payment) throw refuseCrm('payment_not_found')
  return payment
}

/** One of any kind and state, by its own id; undefined where there is none. */
export async function paymentById(tx: Tx, paymentId: string): Promise<Payment | undefined> {
  const { rows } = await sql<Payment>`${select}
    where p.tenant_id = ${tx.tenantId} and p.payment_id = ${paymentId}`.execute(tx.db)
  return rows[0]
}

export interface PaymentsWanted {
  readonly accountId: string
  readonly typeId?: string | undefined
  readonly categoryId?: string | undefined
  readonly methodId?: string | undefined
  readonly isLatestFirst?: boolean
  readonly offset?: number | undefined
  readonly limit?: number | undefined
}

/** How many one answer holds at most. */
export const pageMax = 1_000

/** The payments of an account in all states, in the order of issue; the newest first where that is wanted. */
export async function listPayments(tx: Tx, wanted: PaymentsWanted): Promise<Payment[]> {
  const { accountId, typeId = null, categoryId = null, methodId = null, isLatestFirst } = wanted
  const order = isLatestFirst
    ? sql`p.issued_at desc, p.reference_number desc`
    : sql`p.issued_at, p.reference_number`
  const { rows } = await sql<Payment>`${select}
    where p.tenant_id = ${tx.tenantId} and p.account_id = ${accountId}
      and p.classification = 'PAYMENT' and p.state <> 'NEW'
      and (${typeId}::text is null or p.type_id = ${typeId})
      and (${categoryId}::text is null or p.category_id = ${categoryId})
      and (${methodId}::text is null or p.method_id = ${methodId})
    order by ${order} offset ${wanted.offset ?? 0} limit ${wanted.limit ?? pageMax}`.execute(tx.db)
  return rows
}

/** Refuses a code that another payment of this classification has. */
export async function requireFreeCode(
  tx: Tx,
  of: { classification: Payment['classification']; code: string | null; butOf?: string },
): Promise<void> {
  if (of.code === null) return
  const { rows } = await sql`
    select 1 from crm_payment where tenant_id = ${tx.tenantId} and classification = ${of.classification}
      and back_office_code = ${of.code} and payment_id is distinct from ${of.butOf ?? null}::uuid`.execute(
    tx.db,
  )
  if (rows.length > 0) throw refuseCrm('code_taken')
}
