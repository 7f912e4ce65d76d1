import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { uuidOf } from './ids.ts'
import { refuseCrm } from './refusals.ts'

export interface InvoiceIdentifier {
  readonly field: 'id' | 'number' | 'reference_number' | 'back_office_code'
  readonly value: string
}

/** A claim as this door knows it: principal and fees together are one invoice. */
export interface Invoice {
  readonly claimId: string
  readonly accountId: string
  readonly number: string
  readonly referenceNumber: number
  readonly currency: string
  readonly state: 'POSTED' | 'CANCELLED'
  readonly dueOn: string
  /** What was ever asked for, corrections and discounts included. */
  readonly totalMinor: number
  readonly discountMinor: number
  readonly unsettledMinor: number
  readonly issuedAt: Date
  readonly postedAt: Date
}

interface NameRow {
  readonly claimId: string
  readonly accountId: string
}

/** What of an invoice decides whether it may be paid. */
export type InvoiceDue = Pick<Invoice, 'claimId' | 'accountId' | 'state' | 'unsettledMinor'>

/** `findInvoice` for who wants to pay it: what was ever booked on the account is not read for that. */
export async function findInvoiceDue(tx: Tx, wanted: InvoiceIdentifier): Promise<InvoiceDue> {
  const named = await nameOf(tx, wanted)
  if (!named) throw refuseCrm('invoice_not_found')
  await numberInvoices(tx, named.accountId)
  const [due] = await invoicesDue(tx, [named.claimId])
  if (!due) throw refuseCrm('invoice_not_found')
  return due
}

/** What is left to pay of invoices, in no order. */
export async function invoicesDue(tx: Tx, claimIds: readonly string[]): Promise<InvoiceDue[]> {
  const { rows } = await sql<InvoiceDue>`
    select c.claim_id as "claimId", c.account_id as "accountId",
      case when c.status = 'DELETED' then 'CANCELLED' else 'POSTED' end as state,
      coalesce((
        select sum(i.outstanding_minor) from item i
        where i.tenant_id = c.tenant_id and i.account_id = c.account_id
          and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)), 0)::bigint as "unsettledMinor"
    from claim c where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${[...claimIds]}::uuid[])`.execute(
    tx.db,
  )
  return rows
}

/** The invoice that an identifier names. Whoever asks by number sees its reference number, so it has one from then on. */
export async function findInvoice(tx: Tx, wanted: InvoiceIdentifier): Promise<Invoice> {
  const named = await nameOf(tx, wanted)
  if (!named) throw refuseCrm('invoice_not_found')
  await numberInvoices(tx, named.accountId)
  const [invoice] = await invoicesOf(tx, { claimIds: [named.claimId] })
  if (!invoice) throw refuseCrm('invoice_not_found')
  return invoice
}

async function nameOf(tx: Tx, { field, value }: InvoiceIdentifier): Promise<NameRow | undefined> {
  const { tenantId, db } = tx
  const select = sql`select c.claim_id as "claimId", c.account_id as "accountId" from claim c`
  if (field === 'number') {
    const { rows } = await sql<NameRow>`${select}
      where c.tenant_id = ${tenantId} and c.reference = ${value}`.execute(db)
    return rows[0]
  }
  if (field === 'reference_number') {
    if (!isNumber(value)) return undefined
    const { rows } = await sql<NameRow>`${select}
      join crm_invoice i on i.tenant_id = c.tenant_id and i.claim_id = c.claim_id
      where i.tenant_id = ${tenantId} and i.reference_number = ${value}::bigint`.execute(db)
    return rows[0]
  }
  const claimId = field === 'id' ? uuidOf(value) : undefined
  if (claimId === undefined) return undefined
  const { rows } = await sql<NameRow>`${select}
    where c.tenant_id = ${tenantId} and c.claim_id = ${claimId}`.execute(db)
  return rows[0]
}

/** Whether a text can be one of our numbers at all. */
export const isNumber = (text: string) => /^(0|[1-9]\d{0,15})$/.test(text)

export interface InvoicesWanted {
  /** In the order of this list. */
  readonly claimIds?: readonly string[]
  readonly accountId?: string
  readonly offset?: number
  readonly limit?: number
}

const limitDefault = 1_000

/** Invoices by id, or those of an account in the order in which they were posted. Their numbers have to be given before. */
export async function invoicesOf(tx: Tx, wanted: InvoicesWanted): Promise<Invoice[]> {
  const { claimIds = null, accountId = null, offset = 0, limit = limitDefault } = wanted
  const { rows } = await sql<Invoice>`
    with wanted as (
      select c.tenant_id, c.claim_id, c.account_id, c.item_seq, c.reference, c.status, c.current_due_on, c.created_at,
        array_position(${claimIds}::uuid[], c.claim_id) as place from claim c
      where c.tenant_id = ${tx.tenantId}
        and ((${claimIds}::uuid[] is not null and c.claim_id = any(${claimIds}::uuid[]))
          or (${accountId}::uuid is not null and c.account_id = ${accountId}::uuid))
      order by place, c.created_at, c.reference offset ${offset} limit ${limit})
    select c.claim_id as "claimId", c.account_id as "accountId", c.reference as number, a.currency,
      coalesce(n.reference_number, 0) as "referenceNumber",
      case when c.status = 'DELETED' then 'CANCELLED' else 'POSTED' end as state, c.current_due_on as "dueOn",
      coalesce(m.total, 0)::bigint as "totalMinor", coalesce(m.discount, 0)::bigint as "discountMinor",
      coalesce(u.unsettled, 0)::bigint as "unsettledMinor", p.created_at as "issuedAt", c.created_at as "postedAt"
    from wanted c
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    join item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq
    left join crm_invoice n on n.tenant_id = c.tenant_id and n.claim_id = c.claim_id
    left join lateral (
      select sum(i.outstanding_minor) as unsettled from item i
      where i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)) u on true
    left join (
      select e.tenant_id, e.account_id, coalesce(i.parent_seq, i.item_seq) as root,
        sum(e.effect * (e.amount_minor - e.excess_minor))
          filter (where e.kind not in ('payment', 'chargeback')) as total,
        sum(e.amount_minor - e.excess_minor) filter (where e.kind = 'discount') as discount
      from entry e join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.item_seq
      where e.tenant_id = ${tx.tenantId} and e.account_id in (select w.account_id from wanted w)
      group by 1, 2, 3) m
      on m.tenant_id = c.tenant_id and m.account_id = c.account_id and m.root = c.item_seq
    order by c.place, c.created_at, c.reference`.execute(tx.db)
  return rows
}

/**
 * Gives every invoice of an account that has none its reference number, in the order of posting. Nobody can know a number
 * that this door never showed, so it is given at first sight: without gaps, and at no cost to tenants that use other doors.
 */
export async function numberInvoices(tx: Tx, accountId: string): Promise<void> {
  const { tenantId, db } = tx
  const missing = sql`
    from claim c where c.tenant_id = ${tenantId} and c.account_id = ${accountId} and not exists (
      select from crm_invoice i where i.tenant_id = c.tenant_id and i.claim_id = c.claim_id)`
  const any = await sql`select 1 ${missing} limit 1`.execute(db)
  if (any.rows.length === 0) return
  const { rows } = await sql<{ last: number }>`
    insert into crm_counter (tenant_id, classification) values (${tenantId}, 'INVOICE')
    on conflict (tenant_id, classification) do update set reference_last = crm_counter.reference_last
    returning reference_last as last`.execute(db)
  // The counter is ours until we commit, so what another call numbered meanwhile is seen here.
  await sql`
    with numbered as (
      insert into crm_invoice (tenant_id, claim_id, reference_number)
      select c.tenant_id, c.claim_id, ${rows[0]?.last ?? 0}::bigint + row_number() over (order by c.created_at, c.reference)
      ${missing} returning 1)
    update crm_counter set reference_last = reference_last + (select count(*) from numbered)
    where tenant_id = ${tenantId} and classification = 'INVOICE'`.execute(db)
}
