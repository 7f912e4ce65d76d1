import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { type Identity, type IdentityField, isSamePerson, wantedFields } from './identity.ts'

const failuresMax = 5
const lockMs = 15 * 60_000

/** What a page must know before it shows anything. */
export type Gate =
  /** These fields are asked for; none: the page is open to whoever has its address. */
  | { readonly status: 'ready'; readonly wanted: readonly IdentityField[] }
  /** Nothing is compared until then. */
  | { readonly status: 'locked'; readonly until: Date; readonly wanted: readonly IdentityField[] }
  /** The claim does not hold what its tenant asks for, so nobody can pass. */
  | { readonly status: 'unanswerable'; readonly wanted: readonly IdentityField[] }

export type Verdict =
  | { readonly status: 'passed'; readonly wanted: readonly IdentityField[] }
  | { readonly status: 'failed' }
  | { readonly status: 'locked'; readonly until: Date }
  | { readonly status: 'unanswerable' }

interface GateRow {
  readonly settings: Record<string, unknown>
  readonly lockedUntil: Date | null
  readonly failures: number
  readonly reference: string
  readonly receeveReference: string
  readonly debtorReference: string | null
  readonly debtor: Record<string, unknown> | null
}

/** What stands between a visitor and the page of a claim; undefined where the claim has no page (any more). */
export async function gateOf(tx: Tx, claimId: string): Promise<Gate | undefined> {
  const row = await readGate(tx, claimId)
  return row && gateFrom(row, tx.now)
}

/**
 * Compares what a visitor says with what the claim knows. The fifth failure in a row locks the page for 15 minutes;
 * while it is locked nothing is compared. Failures count although the visitor is refused, so this never throws for them.
 */
export async function checkIdentity(
  tx: Tx,
  claimId: string,
  given: Partial<Record<IdentityField, string>>,
): Promise<Verdict | undefined> {
  const row = await readGate(tx, claimId, 'for update of l')
  if (!row) return undefined
  const gate = gateFrom(row, tx.now)
  if (gate.status !== 'ready') return gate
  if (isSamePerson(gate.wanted, { given, known: knownOf(row) })) {
    await writeAttempts(tx, claimId, { failures: 0, lockedUntil: null })
    return { status: 'passed', wanted: gate.wanted }
  }
  const failures = row.failures + 1
  if (failures < failuresMax) {
    await writeAttempts(tx, claimId, { failures, lockedUntil: null })
    return { status: 'failed' }
  }
  const until = new Date(tx.now.getTime() + lockMs)
  await writeAttempts(tx, claimId, { failures: 0, lockedUntil: until })
  return { status: 'locked', until }
}

function gateFrom(row: GateRow, now: Date): Gate {
  const wanted = wantedFields(row.settings)
  const known = knownOf(row)
  // To ask for less than the tenant wants would let in whom it does not want.
  if (wanted.some((field) => (known[field] ?? []).length === 0))
    return { status: 'unanswerable', wanted }
  const isLocked = row.lockedUntil !== null && row.lockedUntil > now
  if (isLocked && row.lockedUntil) return { status: 'locked', until: row.lockedUntil, wanted }
  return { status: 'ready', wanted }
}

function knownOf(row: GateRow): Identity {
  const debtor = row.debtor ?? {}
  const contact = (debtor['contactInformation'] ?? {}) as Record<string, unknown>
  const texts = (...values: unknown[]) =>
    values.filter((value): value is string => typeof value === 'string' && value.trim() !== '')
  return {
    birthday: texts(debtor['birthday']),
    postalCode: texts(contact['postalCode']),
    // Of a company it is the company's name.
    lastName: texts(debtor['lastName'], debtor['companyName']),
    debtorReference: texts(row.debtorReference),
    claimReference: texts(row.reference, row.receeveReference),
  }
}

async function readGate(tx: Tx, claimId: string, lock = ''): Promise<GateRow | undefined> {
  const { rows } = await sql<GateRow>`
    select t.settings, l.locked_until as "lockedUntil", l.failures, c.reference,
      c.receeve_reference as "receeveReference", c.debtor_reference as "debtorReference", c.primary_debtor as debtor
    from link l
    join claim c on c.tenant_id = l.tenant_id and c.claim_id = l.claim_id
    join tenant t on t.tenant_id = l.tenant_id
    where l.tenant_id = ${tx.tenantId} and l.claim_id = ${claimId} and c.status in ('ACTIVE', 'RESOLVED')
    ${sql.raw(lock)}`.execute(tx.db)
  return rows[0]
}

async function writeAttempts(
  tx: Tx,
  claimId: string,
  attempts: { failures: number; lockedUntil: Date | null },
): Promise<void> {
  await sql`
    update link set failures = ${attempts.failures}, locked_until = ${attempts.lockedUntil}
    where tenant_id = ${tx.tenantId} and claim_id = ${claimId}`.execute(tx.db)
}
