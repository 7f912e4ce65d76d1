import { randomInt } from 'node:crypto'
import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'

// No characters that look alike on paper, and none that a mail program takes for the end of an address.
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
// 105 bits.
const codeLength = 18
const codePattern = new RegExp(`^[${alphabet}]{${codeLength}}$`)

function newCode(): string {
  return Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** Whether a text has the form of a code; one that has not is no one's. */
export function isCode(text: string): boolean {
  return codePattern.test(text)
}

/** The code of a claim's page: made at the first call, the same ever after (D-95). */
export async function linkOf(tx: Tx, claimId: string): Promise<string> {
  const code = (await linksOf(tx, [claimId])).get(claimId)
  assert(code, 'a claim has a code once it was asked for')
  return code
}

/** The codes of many claims by their ids, as `linkOf` gives each. */
export async function linksOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  // In one order for all, so that two who ask for the same claims wait for each other and never both.
  const wanted = [...new Set(claimIds)].sort()
  if (wanted.length === 0) return new Map()
  const known = await readLinks(tx, wanted)
  const missing = wanted.filter((claimId) => !known.has(claimId))
  if (missing.length === 0) return known
  const codes = missing.map(newCode)
  await sql`
    insert into link (tenant_id, claim_id, code, created_at)
    select ${tx.tenantId}, n.claim_id, n.code, ${tx.now}
    from unnest(${missing}::uuid[], ${codes}::text[]) n (claim_id, code)
    on conflict (tenant_id, claim_id) do nothing`.execute(tx.db)
  // Read, not remembered: somebody else may have been first.
  return readLinks(tx, wanted)
}

async function readLinks(tx: Tx, claimIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ claimId: string; code: string }>`
    select claim_id as "claimId", code from link
    where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[])`.execute(tx.db)
  return new Map(rows.map(({ claimId, code }) => [claimId, code]))
}
