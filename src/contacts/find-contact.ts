import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'

/** Refuses a reference that no debtor of the tenant has, neither on an account nor on a claim of its own. */
export async function requireContact(tx: Tx, debtorReference: string): Promise<void> {
  const { rows } = await sql`
    select 1 from debtor where tenant_id = ${tx.tenantId} and reference = ${debtorReference}
    union all select 1 from contact where tenant_id = ${tx.tenantId} and debtor_reference = ${debtorReference}
    limit 1`.execute(tx.db)
  if (rows.length === 0) throw refuse('contact_not_found')
}
