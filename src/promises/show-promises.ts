import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

export interface ActivePromise {
  readonly promiseId: string
  /** When its last day is over: from then on it holds nobody back, whether or not it has been told that it expired. */
  readonly expiresAt: Date
}

/** The active promise of each claim, by claim; claims without one are left out. */
export async function activePromisesOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, ActivePromise>> {
  if (claimIds.length === 0) return new Map()
  const { rows } = await sql<ActivePromise & { claimId: string }>`
    select claim_id as "claimId", promise_id as "promiseId", expires_at as "expiresAt" from promise
    where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[]) and status = 'ACTIVE'`.execute(
    tx.db,
  )
  return new Map(rows.map(({ claimId, ...promise }) => [claimId, promise]))
}
