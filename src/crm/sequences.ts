import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { refuseCrm } from './refusals.ts'
import { type Sequence, sequenceNames, type SequencePatch } from './schema.ts'

/** The last numbers that were given out, of all classifications. */
export async function listSequences(tx: Tx): Promise<Sequence[]> {
  const { rows } = await sql<Sequence>`
    select classification, reference_last as "lastReferenceNumber", number_last as "lastNumber"
    from crm_counter where tenant_id = ${tx.tenantId}`.execute(tx.db)
  return sequenceNames.map(
    (classification) =>
      rows.find((row) => row.classification === classification) ?? {
        classification,
        lastReferenceNumber: 0,
        lastNumber: 0,
      },
  )
}

/** Lets a sequence go on after a number, as when a tenant comes from another system. Never back: numbers are given once. */
export async function moveSequence(
  tx: Tx,
  classification: Sequence['classification'],
  patch: SequencePatch,
): Promise<Sequence> {
  const { lastReferenceNumber = null, lastNumber = null } = patch
  await sql`
    insert into crm_counter (tenant_id, classification) values (${tx.tenantId}, ${classification})
    on conflict do nothing`.execute(tx.db)
  const { rows } = await sql<Sequence>`
    update crm_counter set reference_last = coalesce(${lastReferenceNumber}::bigint, reference_last),
      number_last = coalesce(${lastNumber}::bigint, number_last)
    where tenant_id = ${tx.tenantId} and classification = ${classification}
      and coalesce(${lastReferenceNumber}::bigint, reference_last) >= reference_last
      and coalesce(${lastNumber}::bigint, number_last) >= number_last
    returning classification, reference_last as "lastReferenceNumber", number_last as "lastNumber"`.execute(
    tx.db,
  )
  const [sequence] = rows
  if (!sequence) throw refuseCrm('sequence_passed')
  return sequence
}
