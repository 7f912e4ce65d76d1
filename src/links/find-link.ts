import { type Kysely, sql } from 'kysely'
import type { Tables } from '../platform/tables.ts'
import { isCode } from './make-links.ts'

export interface FoundLink {
  readonly tenantId: string
  readonly claimId: string
}

/** Whose page has this code; asked before any tenant is known. */
export async function findLink(db: Kysely<Tables>, code: string): Promise<FoundLink | undefined> {
  if (!isCode(code)) return undefined
  const { rows } = await sql<FoundLink>`
    select tenant_id as "tenantId", claim_id as "claimId" from find_link(${code})`.execute(db)
  // Two of one code would be a chance of nothing; then it is nobody's.
  return rows.length === 1 ? rows[0] : undefined
}
