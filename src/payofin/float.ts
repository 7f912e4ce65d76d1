import { sql } from 'kysely'
import { formatDecimal, InvalidAmount, minorMax, parseDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { findMerchant, shownMerchant } from './merchants.ts'
import { refusePayofin } from './refusals.ts'
import type { Merchant, Movement, TopUp } from './schema.ts'

/** The ledger accounts of the float: what the merchant paid in, and what the provider earns. */
export const prepaid = (merchantId: number) => `prepaid:${merchantId}`
export const commissionAccount = (currency: string) => `commission:${currency}`
export const cashAccount = (currency: string) => `cash:${currency}`

/** Books money that a merchant paid in. */
export async function topUp(tx: Tx, merchantId: number, input: TopUp): Promise<Merchant> {
  const { currency } = await findMerchant(tx, merchantId)
  const amountMinor = amountOf(input.amount, currency)
  const raised = await sql`
    with merchant as (
      update payofin_merchant set balance_minor = balance_minor + ${amountMinor}, movement_seq = movement_seq + 1
      where tenant_id = ${tx.tenantId} and merchant_id = ${merchantId} and balance_minor <= ${minorMax - amountMinor}
      returning tenant_id, merchant_id, movement_seq)
    insert into payofin_movement (tenant_id, merchant_id, seq, kind, debit, credit, amount_minor, effect, note, created_at)
    select tenant_id, merchant_id, movement_seq, 'TOP_UP', ${cashAccount(currency)}, ${prepaid(merchantId)},
      ${amountMinor}, 1, ${input.note ?? ''}, ${tx.now}
    from merchant`.execute(tx.db)
  if (raised.numAffectedRows === 0n)
    throw new Refusal('invalid_amount', 'invalid', 'The float would be more than can be counted')
  return shownMerchant(await findMerchant(tx, merchantId))
}

function amountOf(text: string, currency: string): number {
  try {
    const amountMinor = parseDecimal(text, currency)
    if (amountMinor > 0) return amountMinor
  } catch (error) {
    if (!(error instanceof InvalidAmount)) throw error
    throw new Refusal('invalid_amount', 'invalid', error.message)
  }
  throw new Refusal('invalid_amount', 'invalid', 'A top-up is more than 0')
}

export interface MovementPageQuery {
  readonly limit: number
  /** The sequence of the last movement of the page before. */
  readonly before?: number
}

/** The movements of a merchant's float, the newest first; together they are its balance. */
export async function listMovements(
  tx: Tx,
  merchantId: number,
  { limit, before }: MovementPageQuery,
): Promise<Movement[]> {
  const { currency } = await findMerchant(tx, merchantId)
  const { rows } = await sql<
    Omit<Movement, 'amount' | 'createdAt'> & { amountMinor: number; createdAt: Date }
  >`
    select seq, kind, debit, credit, amount_minor as "amountMinor", effect, payment_id as "paymentId", note,
      created_at as "createdAt"
    from payofin_movement
    where tenant_id = ${tx.tenantId} and merchant_id = ${merchantId}
      and (${before ?? null}::bigint is null or seq < ${before ?? null}::bigint)
    order by seq desc limit ${limit}`.execute(tx.db)
  return rows.map(({ amountMinor, createdAt, ...movement }) => ({
    ...movement,
    amount: formatDecimal(amountMinor, currency),
    createdAt: createdAt.toISOString(),
  }))
}

/** Refuses a payment that the float cannot bear; the database refuses it again at the booking. */
export function requireFloat(balanceMinor: number, neededMinor: number): void {
  if (neededMinor > balanceMinor) throw refusePayofin('balance_too_low')
}
