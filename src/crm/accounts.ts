import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { uuidOf } from './ids.ts'
import { refuseCrm } from './refusals.ts'

export interface AccountIdentifier {
  readonly field: 'id' | 'number' | 'name'
  readonly value: string
}

/** An account as this door knows it: its number is its reference, its name that of its first debtor. */
export interface CrmAccount {
  readonly accountId: string
  readonly reference: string
  readonly currency: string
  readonly outstandingMinor: number
  readonly creditMinor: number
  readonly createdAt: Date
  /** The first debtor; null while there is none. */
  readonly ownerReference: string | null
  readonly owner: Readonly<Record<string, unknown>> | null
  readonly ownerName: string | null
}

const select = sql`
  select a.account_id as "accountId", a.reference, a.currency, a.outstanding_minor as "outstandingMinor",
    a.credit_minor as "creditMinor", a.created_at as "createdAt", d.reference as "ownerReference", d.data as owner,
    crm_debtor_name(d.data) as "ownerName"
  from account a left join lateral (
    select o.reference, o.data from account_debtor l
    join debtor o on o.tenant_id = l.tenant_id and o.reference = l.debtor_reference
    where l.tenant_id = a.tenant_id and l.account_id = a.account_id order by l.position limit 1) d on true`

/** The account that an identifier names; refuses none, and a name that several have. */
export async function findAccount(tx: Tx, wanted: AccountIdentifier): Promise<CrmAccount> {
  const rows = await accountsBy(tx, wanted)
  const [first] = rows
  if (!first) throw refuseCrm('accounts_receivable_not_found')
  if (rows.length > 1) throw refuseCrm('accounts_receivable_not_unique')
  return first
}

/** Accounts by their ids, for what refers to them. */
export async function accountsOf(
  tx: Tx,
  accountIds: readonly string[],
): Promise<Map<string, CrmAccount>> {
  const { rows } = await sql<CrmAccount>`${select}
    where a.tenant_id = ${tx.tenantId} and a.account_id = any(${[...new Set(accountIds)]}::uuid[])`.execute(
    tx.db,
  )
  return new Map(rows.map((row) => [row.accountId, row]))
}

async function accountsBy(tx: Tx, { field, value }: AccountIdentifier): Promise<CrmAccount[]> {
  const { tenantId, db } = tx
  if (field === 'name') {
    const { rows } = await sql<CrmAccount>`${select}
      where a.tenant_id = ${tenantId} and a.account_id in (
        select l.account_id from debtor n
        join account_debtor l on l.tenant_id = n.tenant_id and l.debtor_reference = n.reference
        where n.tenant_id = ${tenantId} and n.crm_name = left(${value}, 500))
      and crm_debtor_name(d.data) = ${value} limit 2`.execute(db)
    return rows
  }
  if (field === 'number') {
    const { rows } = await sql<CrmAccount>`${select}
      where a.tenant_id = ${tenantId} and a.reference = ${value}`.execute(db)
    return rows
  }
  const accountId = uuidOf(value)
  if (accountId === undefined) return []
  return [...(await accountsOf(tx, [accountId])).values()]
}
