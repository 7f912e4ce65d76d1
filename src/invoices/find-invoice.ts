import { sql } from 'kysely'
import { formatDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { pricedItems } from './line-items.ts'
import { itemsAt, placesOf } from './places.ts'
import { refuse } from './refusals.ts'
import type { LineItem } from './schema.ts'

/** An invoice: a claim, by its number. */
export interface Invoice {
  readonly number: number
  readonly claimId: string
  readonly reference: string
  readonly accountReference: string
  /** Its principal in that account. */
  readonly itemSeq: number
  readonly currency: string
  readonly status: 'ACTIVE' | 'RESOLVED' | 'DELETED'
  readonly currentDueOn: string
  readonly owedMinor: number
  /** All that was ever paid on it, in whatever account it was then. */
  readonly paidMinor: number
}

/** The invoice of a number. */
export async function findInvoice(tx: Tx, number: number): Promise<Invoice> {
  const { rows } = await sql<Invoice>`
    select t.number, t.claim_id as "claimId", t.reference, a.reference as "accountReference",
      t.item_seq as "itemSeq", a.currency, t.status, t.current_due_on as "currentDueOn", i.owed as "owedMinor",
      w.paid as "paidMinor"
    from claim t
    join account a on a.tenant_id = t.tenant_id and a.account_id = t.account_id
    cross join lateral (
      select sum(i.outstanding_minor)::bigint as owed from item i
      where i.tenant_id = t.tenant_id and i.account_id = t.account_id
        and (i.item_seq = t.item_seq or i.parent_seq = t.item_seq)) i
    cross join (
      select coalesce(sum(i.paid_minor), 0)::bigint as paid from (${placesOf(tx, sql`known.number = ${number}`)}) p
      ${itemsAt(tx)}) w
    where t.tenant_id = ${tx.tenantId} and t.number = ${number} and t.status <> 'PENDING'`.execute(
    tx.db,
  )
  const [invoice] = rows
  if (!invoice) throw refuse('invoice_not_found')
  return invoice
}

/** Whether another invoice may take its place: it is asked for, and nobody paid anything on it yet. */
export function isReplaceable(invoice: Invoice): boolean {
  return invoice.status === 'ACTIVE' && invoice.paidMinor === 0
}

interface Line {
  readonly uniqueId: string
  readonly isPrincipal: boolean
  readonly feeType: string | null
  readonly minor: number
}

/** What an invoice asks for, line by line: as it was made, or its principal and its fees. */
export async function lineItemsOf(tx: Tx, invoice: Invoice): Promise<LineItem[]> {
  const own = await tx.db
    .selectFrom('invoice')
    .select('line_items')
    .where('tenant_id', '=', tx.tenantId)
    .where('claim_id', '=', invoice.claimId)
    .executeTakeFirst()
  if (own?.line_items) return own.line_items as unknown as LineItem[]
  const { rows } = await sql<Line>`
    select i.reference as "uniqueId", i.item_seq = t.item_seq as "isPrincipal", i.fee_type as "feeType",
      e.amount_minor as minor
    from claim t
    join item i on i.tenant_id = t.tenant_id and i.account_id = t.account_id
      and (i.item_seq = t.item_seq or i.parent_seq = t.item_seq)
    join entry e on e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.seq = i.item_seq
    where t.tenant_id = ${tx.tenantId} and t.claim_id = ${invoice.claimId}
    order by i.item_seq = t.item_seq desc, i.position, i.item_seq limit 1000`.execute(tx.db)
  const items = rows.map(({ uniqueId, isPrincipal, feeType, minor }) => ({
    uniqueId,
    name: isPrincipal ? invoice.reference : (feeType ?? 'FEE'),
    type: isPrincipal ? 'PRODUCT' : 'FEE',
    quantity: '1',
    amountIncludingTax: formatDecimal(minor, invoice.currency),
  }))
  return pricedItems(items, invoice.currency)
}
