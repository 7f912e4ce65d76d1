import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'

/** The reference of the debtor that a customer is. */
export async function referenceOf(tx: Tx, customerId: number): Promise<string> {
  const row = await tx.db
    .selectFrom('debtor')
    .select('reference')
    .where('tenant_id', '=', tx.tenantId)
    .where('number', '=', customerId)
    .executeTakeFirst()
  if (!row) throw refuse('customer_not_found')
  return row.reference
}

/** The customer that a debtor is. */
export async function customerOf(tx: Tx, reference: string): Promise<number> {
  const row = await tx.db
    .selectFrom('debtor')
    .select('number')
    .where('tenant_id', '=', tx.tenantId)
    .where('reference', '=', reference)
    .executeTakeFirst()
  if (!row) throw refuse('customer_not_found')
  return row.number
}
