import { type RawBuilder, sql } from 'kysely'
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

/**
 * The principal and the fees of a claim `c`. Two readings by a whole key each: asked for by either condition at once, they
 * would be looked for among all items of an account that has many.
 */
const itemsOfClaim = sql`(
  select p.tenant_id, p.account_id, p.item_seq, p.outstanding_minor, p.paid_minor from item p
  where p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq
  union all
  select f.tenant_id, f.account_id, f.item_seq, f.outstanding_minor, f.paid_minor from item f
  where f.tenant_id = c.tenant_id and f.account_id = c.account_id and f.parent_seq = c.item_seq)`

/** What is left to pay of invoices, in no order. */
export async function invoicesDue(tx: Tx, claimIds: readonly string[]): Promise<InvoiceDue[]> {
  const { rows } = await sql<InvoiceDue>`
    select c.claim_id as "claimId", c.account_id as "accountId",
      case when c.status = 'DELETED' then 'CANCELLED' else 'POSTED' end as state,
      coalesce((select sum(i.outstanding_minor) from ${itemsOfClaim} i), 0)::bigint as "unsettledMinor"
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
  const [invoice] = await invoicesOf(tx, [named.claimId])
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

/** Invoices by their ids, in the order of that list. Their numbers have to be given before. */
export async function invoicesOf(tx: Tx, claimIds: readonly string[]): Promise<Invoice[]> {
  if (claimIds.length === 0) return []
  const ids = [...claimIds]
  const { rows } = await selectInvoices(
    sql`
      select ${wantedColumns}, array_position(${ids}::uuid[], c.claim_id) as place from claim c
      where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${ids}::uuid[])`,
    sql`c.place`,
  ).execute(tx.db)
  return rows
}

/** A page of the invoices of an account, the first posted first. Their numbers have to be given before. */
export async function listInvoices(
  tx: Tx,
  { accountId, offset, limit }: { accountId: string; offset: number; limit: number },
): Promise<Invoice[]> {
  const order = sql`c.created_at, c.reference`
  const { rows } = await selectInvoices(
    sql`
      select ${wantedColumns} from claim c
      where c.tenant_id = ${tx.tenantId} and c.account_id = ${accountId}
      order by ${order} offset ${offset} limit ${limit}`,
    order,
  ).execute(tx.db)
  return rows
}

const wantedColumns = sql`
  c.tenant_id, c.claim_id, c.account_id, c.item_seq, c.reference, c.status, c.current_due_on, c.created_at`

/**
 * The invoices that another statement names. What was ever asked for is what still is and what was paid, less what was
 * paid too much or taken back: of an account's entries only those few are read, never its payments. The offsets keep the
 * planner from going by way of the account, of whose size it knows no more than the average.
 */
function selectInvoices(wanted: RawBuilder<unknown>, order: RawBuilder<unknown>) {
  return sql<Invoice>`
    with wanted as (${wanted})
    select c.claim_id as "claimId", c.account_id as "accountId", c.reference as number, a.currency,
      coalesce(n.reference_number, 0) as "referenceNumber",
      case when c.status = 'DELETED' then 'CANCELLED' else 'POSTED' end as state, c.current_due_on as "dueOn",
      m.total::bigint as "totalMinor", m.discount::bigint as "discountMinor", m.unsettled::bigint as "unsettledMinor",
      p.created_at as "issuedAt", c.created_at as "postedAt"
    from wanted c
    cross join lateral (
      select a.currency from account a where a.tenant_id = c.tenant_id and a.account_id = c.account_id offset 0) a
    cross join lateral (
      select p.created_at from item p
      where p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq offset 0) p
    left join lateral (
      select n.reference_number from crm_invoice n
      where n.tenant_id = c.tenant_id and n.claim_id = c.claim_id offset 0) n on true
    cross join lateral (
      select coalesce(sum(i.outstanding_minor), 0) as unsettled, coalesce(sum(e.discount), 0) as discount,
        coalesce(sum(i.outstanding_minor + i.paid_minor - e.beside), 0) as total
      from ${itemsOfClaim} i cross join lateral (
        select coalesce(sum(e.amount_minor - e.excess_minor) filter (where e.kind = 'discount'), 0) as discount,
          coalesce(sum(case e.kind when 'payment' then e.excess_minor when 'chargeback' then e.amount_minor - e.excess_minor
            end), 0) as beside
        from entry e where e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.item_seq = i.item_seq
          and (e.kind in ('discount', 'chargeback') or e.excess_minor > 0)) e) m
    order by ${order}`
}

/** What the invoices of an account that were due before a day still ask for; only what is open is read. */
export async function overdueOf(
  { tenantId, db }: Tx,
  { accountId, before }: { accountId: string; before: string },
): Promise<number> {
  const { rows } = await sql<{ minor: number }>`
    select coalesce(sum(i.outstanding_minor), 0)::bigint as minor
    from (
      select i.outstanding_minor, coalesce(i.parent_seq, i.item_seq) as root_seq from item i
      where i.tenant_id = ${tenantId} and i.account_id = ${accountId} and i.is_open offset 0) i
    cross join lateral (
      select c.status, c.current_due_on from claim c
      where c.tenant_id = ${tenantId} and c.account_id = ${accountId} and c.item_seq = i.root_seq offset 0) c
    where c.status <> 'DELETED' and c.current_due_on < ${before}::date`.execute(db)
  return rows[0]?.minor ?? 0
}

/**
 * Gives every invoice of an account that has none its reference number, in the order of posting. Nobody can know a number
 * that this door never showed, so it is given at first sight: without gaps, and at no cost to tenants that use other doors.
 */
export async function numberInvoices(tx: Tx, accountId: string): Promise<void> {
  const { tenantId, db } = tx
  const known = await sql<{ seq: number }>`
    select numbered_seq as seq from crm_account
    where tenant_id = ${tenantId} and account_id = ${accountId}`.execute(db)
  const fresh = sql`
    from claim c left join crm_invoice i on i.tenant_id = c.tenant_id and i.claim_id = c.claim_id
    where c.tenant_id = ${tenantId} and c.account_id = ${accountId} and c.item_seq > ${known.rows[0]?.seq ?? 0}`
  const looked = await sql<{ last: number | null; isAny: boolean }>`
    select max(c.item_seq) as last, coalesce(bool_or(i.claim_id is null), false) as "isAny" ${fresh}`.execute(
    db,
  )
  const { last = null, isAny = false } = looked.rows[0] ?? {}
  if (last === null) return
  if (isAny) await giveNumbers(tx, sql`${fresh} and i.claim_id is null`)
  await sql`
    insert into crm_account (tenant_id, account_id, numbered_seq) values (${tenantId}, ${accountId}, ${last})
    on conflict (tenant_id, account_id) do update
    set numbered_seq = greatest(crm_account.numbered_seq, excluded.numbered_seq)`.execute(db)
}

async function giveNumbers({ tenantId, db }: Tx, missing: RawBuilder<unknown>): Promise<void> {
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
