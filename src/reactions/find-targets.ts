import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { accountNamed, claimsNamed, type Pair, type Target } from './match.ts'

const claimsMax = 10_000

/**
 * Finds the claims of all events at once: those that an event names, or, where it names an account and the reaction asks
 * for it, the active claims of that.
 */
export async function findTargets(
  tx: Tx,
  pairs: readonly Pair[],
): Promise<(pair: Pair) => readonly Target[]> {
  const byName = new Map<string, Target>()
  const references = [...new Set(pairs.flatMap(({ event }) => claimsNamed(event)))]
  for (const target of await namedClaims(tx, references)) byName.set(target.reference, target)
  const byAccount = new Map<string, Target[]>()
  for (const target of await activeClaims(tx, [...new Set(pairs.flatMap(accountsAsked))])) {
    const known = byAccount.get(target.accountReference) ?? []
    byAccount.set(target.accountReference, [...known, target])
  }
  return (pair) => {
    const named = claimsNamed(pair.event)
    if (named.length > 0) return named.flatMap((reference) => byName.get(reference) ?? [])
    return accountsAsked(pair).flatMap((reference) => byAccount.get(reference) ?? [])
  }
}

function accountsAsked({ event, reaction }: Pair): string[] {
  const account = accountNamed(event)
  const isAsked = reaction.trigger.perClaim === true && claimsNamed(event).length === 0
  return isAsked && account !== undefined ? [account] : []
}

const selectTargets = sql`
  select c.claim_id as "claimId", c.reference, a.reference as "accountReference", c.status
  from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id`

async function namedClaims(tx: Tx, references: readonly string[]): Promise<readonly Target[]> {
  if (references.length === 0) return []
  const { rows } = await sql<Target>`${selectTargets}
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[])`.execute(tx.db)
  return rows
}

async function activeClaims(tx: Tx, accounts: readonly string[]): Promise<readonly Target[]> {
  if (accounts.length === 0) return []
  const { rows } = await sql<Target>`${selectTargets}
    where c.tenant_id = ${tx.tenantId} and a.reference = any(${accounts}::text[]) and c.status = 'ACTIVE'
    order by c.reference limit ${claimsMax}`.execute(tx.db)
  return rows
}
