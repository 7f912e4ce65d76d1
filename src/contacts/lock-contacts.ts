import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

/**
 * Holds debtors as somebody to write to until the transaction ends, so that two who decide about messages to one debtor
 * take turns. In one order for all: nobody waits in a circle.
 */
export async function lockContacts(tx: Tx, debtorReferences: readonly string[]): Promise<void> {
  const wanted = [...new Set(debtorReferences)]
  if (wanted.length === 0) return
  await sql`
    insert into contact (tenant_id, debtor_reference, created_at)
    select ${tx.tenantId}, r, ${tx.now} from unnest(${wanted}::text[]) r order by r collate "C"
    on conflict do nothing`.execute(tx.db)
  await sql`
    select from contact where tenant_id = ${tx.tenantId} and debtor_reference = any(${wanted}::text[])
    order by debtor_reference collate "C" for update`.execute(tx.db)
}
