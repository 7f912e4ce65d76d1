import { sql } from 'kysely'
import { lockContacts, preferencesOfMany, suppressedAmong } from '../../contacts/index.ts'
import type { Channel } from '../../contacts/schema.ts'
import { dateIn } from '../../kernel/dates.ts'
import { isUuid } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import { type PlanState, planStateOf } from '../../plans/index.ts'
import { addressesOf, countryOf, destinationOf } from './addresses.ts'
import type { JourneyState, Purpose, SendFacts } from './decide.ts'
import { type AnyRule, type AppliedRules, rulesFor } from './rules.ts'
import { loadRules } from './send-rules.ts'
import { zonesOf } from './zones.ts'

/** A message that somebody wants to send now. */
export interface Candidate {
  readonly messageId: string
  readonly claimId: string
  readonly debtorReference: string
  readonly channel: Channel
  readonly purpose: Purpose
  readonly cause: { readonly kind: string; readonly id: string }
}

export interface Case {
  readonly facts: SendFacts
  readonly rules: AppliedRules
}

interface ClaimState {
  readonly claimId: string
  readonly status: string
  readonly debtor: unknown
  readonly owedMinor: number
  readonly hasOpenDispute: boolean
  readonly isPlaced: boolean
}

// The longest window that a rule may name.
const windowDaysMax = 90

/**
 * What the gate decides on for each message, as it is once their debtors and accounts are held: what was booked before
 * is seen, and nothing is booked on these accounts, and no other message to these debtors decided, until the transaction ends.
 */
export async function loadCases(
  tx: Tx,
  candidates: readonly Candidate[],
): Promise<ReadonlyMap<string, Case>> {
  const debtors = [...new Set(candidates.map(({ debtorReference }) => debtorReference))]
  const claimIds = [...new Set(candidates.map(({ claimId }) => claimId))]
  await lockContacts(tx, debtors)
  await lockAccounts(tx, claimIds)
  const claims = await readClaims(tx, claimIds)
  const addresses = new Map(
    candidates.map(({ messageId, claimId, channel }) => {
      return [messageId, addressesOf(claims.get(claimId)?.debtor, channel)]
    }),
  )
  const known: Known = {
    claims,
    addresses,
    suppressed: await suppressedAmong(tx, [...addresses.values()].flat()),
    preferences: await preferencesOfMany(tx, debtors),
    contacts: await readContacts(tx, debtors),
    plans: await planStateOf(tx, claimIds),
    runs: await readRuns(tx, candidates),
    tenantRules: await loadRules(tx),
    zone: await tenantZone(tx),
  }
  return new Map(candidates.map((each) => [each.messageId, caseOf(each, known, tx.now)]))
}

interface Known {
  readonly claims: ReadonlyMap<string, ClaimState>
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly suppressed: Awaited<ReturnType<typeof suppressedAmong>>
  readonly preferences: Awaited<ReturnType<typeof preferencesOfMany>>
  readonly contacts: ReadonlyMap<string, readonly Date[]>
  readonly plans: ReadonlyMap<string, PlanState>
  readonly runs: ReadonlyMap<string, JourneyState>
  readonly tenantRules: readonly AnyRule[]
  /** The tenant's own time zone. */
  readonly zone: string
}

function caseOf(candidate: Candidate, known: Known, now: Date): Case {
  const { messageId, claimId, debtorReference, channel, purpose, cause } = candidate
  const { suppressed, zone } = known
  const claim = known.claims.get(claimId)
  const country = countryOf(claim?.debtor)
  const said = known.preferences.get(debtorReference)?.find((each) => each.channel === channel)
  const facts: SendFacts = {
    channel,
    purpose,
    claim: { status: claim?.status ?? 'DELETED', owedMinor: claim?.owedMinor ?? 0 },
    hasOpenDispute: claim?.hasOpenDispute ?? false,
    isPlaced: claim?.isPlaced ?? false,
    isOnPlan: known.plans.get(claimId)?.isBehind === false,
    run: cause.kind === 'journey' ? known.runs.get(cause.id) : undefined,
    preference: said?.preference ?? 'unset',
    destination: destinationOf(known.addresses.get(messageId) ?? [], { channel, suppressed }),
    zones: (country === undefined ? undefined : zonesOf(country)) ?? [zone],
    contactedAt: known.contacts.get(debtorReference) ?? [],
  }
  const scope = { country, channel, date: dateIn(now, zone) }
  return { facts, rules: rulesFor(known.tenantRules, scope) }
}

/** In the order in which the bookkeeper locks them. It takes no row of contacts, so nobody waits in a circle. */
async function lockAccounts(tx: Tx, claimIds: readonly string[]): Promise<void> {
  await sql`
    select from account where tenant_id = ${tx.tenantId} and account_id in (
      select c.account_id from claim c where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${claimIds}::uuid[]))
    order by account_id for share`.execute(tx.db)
}

/** A statement of its own, behind the lock: one that waits for a lock still sees what was before the wait. */
async function readClaims(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, ClaimState>> {
  const { rows } = await sql<ClaimState>`
    select c.claim_id as "claimId", c.status, c.primary_debtor as debtor,
      coalesce((
        select sum(i.outstanding_minor) from item i
        where i.tenant_id = c.tenant_id and i.account_id = c.account_id
          and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)), 0)::bigint as "owedMinor",
      exists (
        select from dispute d where d.tenant_id = c.tenant_id and d.claim_id = c.claim_id and d.closed_at is null)
        as "hasOpenDispute",
      exists (
        select from placement p where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'PLACED')
        as "isPlaced"
    from claim c
    where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${claimIds}::uuid[])`.execute(tx.db)
  return new Map(rows.map((row) => [row.claimId, row]))
}

async function readContacts(
  tx: Tx,
  debtorReferences: readonly string[],
): Promise<ReadonlyMap<string, Date[]>> {
  const since = new Date(tx.now.getTime() - windowDaysMax * 86_400_000)
  const { rows } = await sql<{ debtorReference: string; at: Date[] }>`
    select debtor_reference as "debtorReference", array_agg(contacted_at) as at from message
    where tenant_id = ${tx.tenantId} and debtor_reference = any(${debtorReferences}::text[])
      and contacted_at > ${since}
    group by debtor_reference`.execute(tx.db)
  return new Map(rows.map(({ debtorReference, at }) => [debtorReference, at]))
}

async function readRuns(
  tx: Tx,
  candidates: readonly Candidate[],
): Promise<ReadonlyMap<string, JourneyState>> {
  // Whoever queues a message may name any run; compared as text, ids would be looked for in all runs of the tenant.
  const runIds = candidates
    .filter(({ cause }) => cause.kind === 'journey' && isUuid(cause.id))
    .map(({ cause }) => cause.id)
  if (runIds.length === 0) return new Map()
  const { rows } = await sql<JourneyState & { runId: string }>`
    select run_id as "runId", status, paused_until as "pausedUntil" from journey_run
    where tenant_id = ${tx.tenantId} and run_id = any(${runIds}::uuid[])`.execute(tx.db)
  return new Map(rows.map(({ runId, ...state }) => [runId, state]))
}

async function tenantZone({ tenantId, db }: Tx): Promise<string> {
  const { time_zone } = await db
    .selectFrom('tenant')
    .select('time_zone')
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return time_zone
}
