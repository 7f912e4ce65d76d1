import { stringify } from 'csv-stringify/sync'
import { type Kysely, sql } from 'kysely'
import { formatDecimal } from '../kernel/money.ts'
import { inTransaction, type Unit } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'

const rowsAtOnce = 1_000

const columns = [
  'claimReference',
  'accountReference',
  'debtorReference',
  'firstName',
  'lastName',
  'companyName',
  'email',
  'phone',
  'addressLine1',
  'postalCode',
  'city',
  'country',
  'currency',
  'amount',
  'fees',
  'total',
  'originalDueDate',
  'currentDueDate',
  'placedAt',
  'externalStatus',
] as const

type Column = (typeof columns)[number]

interface Row extends Record<Exclude<Column, 'amount' | 'fees' | 'total' | 'placedAt'>, string> {
  readonly placementId: string
  readonly amountMinor: number
  readonly feesMinor: number
  readonly placedAt: Date
}

/**
 * The claims that are with an agency as CSV, in pieces, the first of which is the heading. Amounts are decimal text.
 * A text that a spreadsheet would take for a formula has an apostrophe before it.
 */
export async function* exportPlaced(
  db: Kysely<Tables>,
  unit: Unit,
  partner: string,
): AsyncGenerator<string> {
  yield stringify([[...columns]])
  let after: string | null = null
  for (;;) {
    const rows: Row[] = await nextRows(db, unit, { partner, after })
    if (rows.length > 0) yield stringify(rows.map(cellsOf), { escape_formulas: true })
    if (rows.length < rowsAtOnce) return
    after = rows.at(-1)?.placementId ?? null
  }
}

function nextRows(
  db: Kysely<Tables>,
  unit: Unit,
  { partner, after }: { partner: string; after: string | null },
): Promise<Row[]> {
  return inTransaction(db, { ...unit, isReadOnly: true }, async (tx) => {
    const { rows } = await sql<Row>`
      select p.placement_id as "placementId", c.reference as "claimReference", a.reference as "accountReference",
        c.debtor_reference as "debtorReference", c.primary_debtor ->> 'firstName' as "firstName",
        c.primary_debtor ->> 'lastName' as "lastName", c.primary_debtor ->> 'companyName' as "companyName",
        c.primary_debtor #>> '{contactInformation,email}' as email,
        coalesce(c.primary_debtor #>> '{contactInformation,mobileNumber}',
          c.primary_debtor #>> '{contactInformation,landLine}') as phone,
        c.primary_debtor #>> '{contactInformation,addressLine1}' as "addressLine1",
        c.primary_debtor #>> '{contactInformation,postalCode}' as "postalCode",
        c.primary_debtor #>> '{contactInformation,city}' as city,
        c.primary_debtor #>> '{contactInformation,country}' as country, a.currency,
        i.outstanding_minor as "amountMinor", (
          select coalesce(sum(f.outstanding_minor), 0)::bigint from item f where f.tenant_id = c.tenant_id
            and f.account_id = c.account_id and f.parent_seq = c.item_seq) as "feesMinor",
        c.original_due_on as "originalDueDate", c.current_due_on as "currentDueDate", p.placed_at as "placedAt",
        p.external_status as "externalStatus"
      from placement p join claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id
      join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
      join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id and i.item_seq = c.item_seq
      where p.tenant_id = ${tx.tenantId} and p.partner = ${partner} and p.status = 'PLACED'
        and (${after}::uuid is null or p.placement_id > ${after}::uuid)
      order by p.placement_id limit ${rowsAtOnce}`.execute(tx.db)
    return rows
  })
}

function cellsOf(row: Row): string[] {
  const { currency, amountMinor, feesMinor } = row
  const money: Partial<Record<Column, string>> = {
    amount: formatDecimal(amountMinor, currency),
    fees: formatDecimal(feesMinor, currency),
    total: formatDecimal(amountMinor + feesMinor, currency),
    placedAt: row.placedAt.toISOString(),
  }
  return columns.map((column) => money[column] ?? String(row[column as keyof Row] ?? ''))
}
