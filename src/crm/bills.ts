import { sql } from 'kysely'
import pg from 'pg'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { findAccount } from './accounts.ts'
import { hexOf, uuidOf } from './ids.ts'
import { type Invoice, invoicesOf, numberInvoices } from './invoices.ts'
import { refuseCrm } from './refusals.ts'
import type { Bill, NewBill } from './schema.ts'

export interface BillIdentifier {
  readonly field: 'id' | 'number'
  readonly value: string
}

/** A bill with the invoices that it groups, as they stand now. */
export interface CrmBill {
  readonly billId: string
  readonly accountId: string
  readonly number: string
  readonly fromOn: string
  readonly toOn: string
  readonly createdAt: Date
  readonly invoices: readonly Invoice[]
}

type BillRow = Omit<CrmBill, 'invoices'> & { readonly claimIds: string[] }

const select = sql`
  select b.bill_id as "billId", b.account_id as "accountId", b.number, b.from_on as "fromOn", b.to_on as "toOn",
    b.created_at as "createdAt", array(
      select i.claim_id from crm_bill_invoice i cross join lateral (
        select c.account_id, c.current_due_on, c.reference from claim c
        where c.tenant_id = i.tenant_id and c.claim_id = i.claim_id offset 0) c
      where i.tenant_id = b.tenant_id and i.bill_id = b.bill_id and c.account_id = b.account_id
      order by c.current_due_on, c.reference) as "claimIds"
  from crm_bill b`

/** The bill that an identifier names. */
export async function findBill(tx: Tx, { field, value }: BillIdentifier): Promise<CrmBill> {
  const isNamed =
    field === 'id' ? sql`b.bill_id = ${uuidOf(value) ?? null}::uuid` : sql`b.number = ${value}`
  const { rows } = await sql<BillRow>`${select}
    where b.tenant_id = ${tx.tenantId} and ${isNamed}`.execute(tx.db)
  const [bill] = await withInvoices(tx, rows)
  if (!bill) throw refuseCrm('bill_not_found')
  return bill
}

/** Bills by id, in the order of that list. */
export async function billsOf(tx: Tx, billIds: readonly string[]): Promise<CrmBill[]> {
  if (billIds.length === 0) return []
  const { rows } = await sql<BillRow>`${select}
    where b.tenant_id = ${tx.tenantId} and b.bill_id = any(${[...billIds]}::uuid[])
    order by array_position(${[...billIds]}::uuid[], b.bill_id)`.execute(tx.db)
  return withInvoices(tx, rows)
}

export interface BillsWanted {
  readonly accountId: string
  readonly isLatestFirst?: boolean
  readonly offset?: number
  readonly limit?: number
}

const limitDefault = 1_000

/** The bills of an account, the oldest first unless told. */
export async function listBills(tx: Tx, wanted: BillsWanted): Promise<CrmBill[]> {
  const { accountId, isLatestFirst = false, offset = 0, limit = limitDefault } = wanted
  const order = isLatestFirst
    ? sql`b.created_at desc, b.bill_id desc`
    : sql`b.created_at, b.bill_id`
  const { rows } = await sql<BillRow>`${select}
    where b.tenant_id = ${tx.tenantId} and b.account_id = ${accountId}
    order by ${order} offset ${offset} limit ${limit}`.execute(tx.db)
  return withInvoices(tx, rows)
}

async function withInvoices(tx: Tx, rows: readonly BillRow[]): Promise<CrmBill[]> {
  const invoices = await invoicesOf(
    tx,
    rows.flatMap((row) => row.claimIds),
  )
  const known = new Map(invoices.map((invoice) => [invoice.claimId, invoice]))
  return rows.map(({ claimIds: ids, ...bill }) => ({
    ...bill,
    invoices: ids.flatMap((id) => known.get(id) ?? []),
  }))
}

/** Groups invoices of an account that are on no bill yet; without a number the bill gets the next one. */
export async function createBill(tx: Tx, input: NewBill): Promise<Bill> {
  const account = await findAccount(tx, { field: 'number', value: input.accountReference })
  if (input.fromDate > input.toDate) throw refuseCrm('invalid_value', 'fromDate is after toDate')
  const claims = await sql<{ claimId: string; isBilled: boolean }>`
    select c.claim_id as "claimId", exists (select from crm_bill_invoice i
      where i.tenant_id = c.tenant_id and i.claim_id = c.claim_id) as "isBilled"
    from claim c where c.tenant_id = ${tx.tenantId} and c.account_id = ${account.accountId}
      and c.reference = any(${input.invoices}::text[]) and c.status <> 'DELETED'`.execute(tx.db)
  if (claims.rows.length < input.invoices.length) throw refuseCrm('invoice_not_found')
  if (claims.rows.some(({ isBilled }) => isBilled)) throw refuseCrm('invoice_billed')
  await numberInvoices(tx, account.accountId)
  const billId = newId()
  const number = input.number ?? (await nextBillNumber(tx))
  await unlessTaken(
    sql`
      with bill as (
        insert into crm_bill (tenant_id, bill_id, account_id, number, from_on, to_on, created_at)
        values (${tx.tenantId}, ${billId}, ${account.accountId}, ${number}, ${input.fromDate}, ${input.toDate}, ${tx.now})
        returning tenant_id, bill_id)
      insert into crm_bill_invoice (tenant_id, claim_id, bill_id)
      select b.tenant_id, c.claim_id, b.bill_id
      from bill b cross join unnest(${claims.rows.map((row) => row.claimId)}::uuid[]) as c (claim_id)`.execute(
      tx.db,
    ),
  )
  return billAnswer(await findBill(tx, { field: 'id', value: hexOf(billId) }), account.reference)
}

/** A bill as our own door shows it. */
export function billAnswer(bill: CrmBill, accountReference: string): Bill {
  return {
    id: hexOf(bill.billId),
    number: bill.number,
    accountReference,
    fromDate: bill.fromOn,
    toDate: bill.toOn,
    invoices: bill.invoices.map(({ number }) => number),
  }
}

/** The next number that no bill has; some may have been chosen by hand. */
async function nextBillNumber(tx: Tx): Promise<string> {
  for (;;) {
    const { rows } = await sql<{ last: number; isTaken: boolean }>`
      insert into crm_counter (tenant_id, classification, number_last) values (${tx.tenantId}, 'BILL', 1)
      on conflict (tenant_id, classification) do update set number_last = crm_counter.number_last + 1
      returning number_last as last, exists (select from crm_bill b
        where b.tenant_id = crm_counter.tenant_id and b.number = crm_counter.number_last::text) as "isTaken"`.execute(
      tx.db,
    )
    const [row] = rows
    if (row && !row.isTaken) return String(row.last)
  }
}

const uniqueViolation = '23505'

async function unlessTaken(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== uniqueViolation) throw error
    throw refuseCrm(error.constraint === 'crm_bill_number_key' ? 'bill_exists' : 'invoice_billed')
  }
}
