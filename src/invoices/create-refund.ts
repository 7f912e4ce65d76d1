import { CompiledQuery, sql } from 'kysely'
import type { CallContext, Companion, Outcome } from '../book/index.ts'
import { formatDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { refundAnnouncement } from './announce-refund.ts'
import { bookRefund } from './book-refund.ts'
import { findInvoice, type Invoice, lineItemsOf } from './find-invoice.ts'
import { minorOf, pricedItems, reduceItems } from './line-items.ts'
import { type Received, receivedOn } from './received.ts'
import { refuse } from './refusals.ts'
import type { LineItem, NewRefund, RefundType } from './schema.ts'

/** In which state a refund begins: what is done already is booked at once, the rest waits for who does it. */
const firstStates: Record<RefundType, 'PENDING' | 'MANUAL_CHECK' | 'SUCCESSFUL'> = {
  MERCHANT_INITIATED_ONLINE: 'PENDING',
  MERCHANT_INITIATED_OFFLINE: 'SUCCESSFUL',
  CUSTOMER_INITIATED_AUTOMATIC: 'SUCCESSFUL',
  CUSTOMER_INITIATED_MANUAL: 'MANUAL_CHECK',
}

/** A refund as it will be kept. */
export interface PlannedRefund {
  readonly given: NewRefund
  readonly invoice: Invoice
  readonly state: 'PENDING' | 'MANUAL_CHECK' | 'SUCCESSFUL'
  readonly amountMinor: number
  readonly base: readonly LineItem[]
  readonly taken: readonly LineItem[]
  readonly left: readonly LineItem[]
  readonly received: readonly Received[]
}

/** The id of the refund that was made under a caller's own name, if there is one. */
export async function findRefundNamed(tx: Tx, externalId: string): Promise<number | undefined> {
  const row = await tx.db
    .selectFrom('refund')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
  return row?.id
}

/** Works out a refund and refuses one of more than was received. Holds the invoice until the end of the transaction. */
export async function planRefund(tx: Tx, given: NewRefund): Promise<PlannedRefund> {
  const invoice = await findInvoice(tx, given.invoice)
  // Two refunds of one invoice are counted one after the other.
  await sql`select 1 from claim where tenant_id = ${tx.tenantId} and claim_id = ${invoice.claimId}
    for no key update`.execute(tx.db)
  const { currency } = invoice
  const base = await lineItemsOf(tx, invoice)
  const { amountMinor, taken, left } = partsOf(base, given, currency)
  if (amountMinor <= 0) throw refuse('invalid_amount', 'it is not more than nothing')
  const received = await receivedOn(tx, invoice.claimId)
  const receivedMinor = received.reduce((sum, { leftMinor }) => sum + leftMinor, 0)
  const promised = await promisedMinor(tx, invoice.claimId)
  if (amountMinor > receivedMinor - promised) throw refuse('exceeds_received')
  const state = firstStates[given.type]
  return { given, invoice, state, amountMinor, base, taken, left, received }
}

function partsOf(base: readonly LineItem[], given: NewRefund, currency: string) {
  const { amount, reductions = [] } = given
  if (reductions.length > 0) {
    const reduced = reduceItems(base, reductions, currency)
    const amountMinor = minorOf(reduced.amount, currency)
    if (amount !== undefined && minorOf(amount, currency) !== amountMinor)
      throw refuse('invalid_amount', `the reductions come to ${reduced.amount}`)
    const priced = (items: typeof reduced.left) => pricedItems(items, currency)
    return { amountMinor, taken: priced(reduced.taken), left: priced(reduced.left) }
  }
  if (amount === undefined) throw refuse('invalid_amount', 'neither an amount nor reductions')
  const amountMinor = minorOf(amount, currency)
  const item = {
    uniqueId: 'refund',
    name: 'Refund',
    type: 'PRODUCT',
    quantity: '1',
    amountIncludingTax: formatDecimal(amountMinor, currency),
  }
  return { amountMinor, taken: pricedItems([item], currency), left: base }
}

/** What refunds on their way will take of it. */
async function promisedMinor(tx: Tx, claimId: string): Promise<number> {
  const { rows } = await sql<{ minor: number }>`
    select coalesce(sum(amount_minor), 0)::bigint as minor from refund
    where tenant_id = ${tx.tenantId} and claim_id = ${claimId} and state in ('PENDING', 'MANUAL_CHECK')`.execute(
    tx.db,
  )
  return rows[0]?.minor ?? 0
}

const insertRefund = `
  insert into refund (tenant_id, external_id, claim_id, type, state, amount_minor, currency, merchant_reference, meta_data,
    reductions, base_line_items, line_items, reduced_line_items, created_by, created_at, succeeded_at)
  select $1, r.*, $3, case when r.state = 'SUCCESSFUL' then $3::timestamptz end
  from jsonb_to_record($2::jsonb) as r(external_id text, claim_id uuid, type text, state text, amount_minor bigint,
    currency text, merchant_reference text, meta_data jsonb, reductions jsonb, base_line_items jsonb, line_items jsonb,
    reduced_line_items jsonb, created_by bigint)`

function rowOf({ given, invoice, state, amountMinor, base, taken, left }: PlannedRefund): string {
  return JSON.stringify({
    external_id: given.externalId,
    claim_id: invoice.claimId,
    type: given.type,
    state,
    amount_minor: amountMinor,
    currency: invoice.currency,
    merchant_reference: given.merchantReference,
    meta_data: given.metaData ?? {},
    reductions: given.reductions ?? [],
    base_line_items: base,
    line_items: taken,
    reduced_line_items: left,
    created_by: given.createdBy,
  })
}

/** Keeps a refund that waits for who carries it out; nothing is booked until then. */
export async function keepRefund(tx: Tx, plan: PlannedRefund): Promise<void> {
  const text = `${insertRefund} on conflict (tenant_id, external_id) do nothing`
  const values = [tx.tenantId, rowOf(plan), tx.now]
  const { numAffectedRows } = await tx.db.executeQuery(CompiledQuery.raw(text, values))
  if (numAffectedRows === 0n) return
  const { externalId } = plan.given
  const told = refundAnnouncement(tx.tenantId, { externalId }, tx.now)
  await tx.db.executeQuery(CompiledQuery.raw(told.text, told.values))
}

/** Books a refund that was carried out already, and keeps it in the same commit; a name that is taken fails both. */
export function bookDoneRefund(context: CallContext, plan: PlannedRefund, now: Date) {
  const { invoice, amountMinor, received, given } = plan
  const { reference } = invoice
  const { type } = given
  const commands = bookRefund(context, { reference, amountMinor, received, type })
  const values = [context.tenantId, rowOf(plan), now]
  const companions = ([outcome]: Outcome[]): Companion[] =>
    !outcome || 'refusal' in outcome
      ? []
      : [
          { text: insertRefund, values },
          refundAnnouncement(context.tenantId, { externalId: given.externalId }, now),
        ]
  return { commands, options: { isWhole: true, companions } }
}
