import { sql } from 'kysely'
import type { Json } from '../book/index.ts'
import type { StoredEvent, Subscriber, Wanting } from '../events/index.ts'
import type { Tx } from '../platform/db.ts'
import { emitAll } from './emit-all.ts'
import { lastThings } from './fields.ts'
import { type Start, startRuns, type Stop, stopRuns } from './start-runs.ts'
import { strategyEvent } from './strategy-events.ts'

export const subscriberName = 'journeys'

/** While a tenant has no journey, no claim begins one. */
export const anyJourney: Wanting = (tenantId) =>
  sql`select from journey where tenant_id = ${tenantId}`

const starting: ReadonlySet<string> = new Set(['event.claim.created', 'event.claim.reactivated'])
const stopping: ReadonlySet<string> = new Set(['event.claim.resolved', 'event.claim.deleted'])
const ofManyClaims = (type: string) => type.replace('claimDebtPayment', 'multiClaimDebtPayment')
const things: ReadonlyMap<string, string> = new Map(
  Object.entries(lastThings).flatMap(([thing, type]) => [
    [type, thing],
    [ofManyClaims(type), thing],
  ]),
)

/**
 * Lets a claim's journey begin when the claim is created, made anew or active again, ends it when the claim ends (D-86), and
 * remembers when things last happened that conditions ask for.
 */
export function journeySubscriber(): Subscriber {
  return {
    name: subscriberName,
    types: [...starting, ...stopping, ...things.keys()],
    wanting: anyJourney,
    async handle(tx, events) {
      const claims = await claimsOf(tx, events)
      await rememberThings(tx, events, claims)
      const told = lifeOf(events, claims)
      await stopRuns(tx, told.flatMap(stopOf))
      await begin(tx, told)
    },
  }
}

interface ClaimRow {
  readonly claimId: string
  readonly reference: string
  readonly receeveReference: string
  readonly accountReference: string
  readonly debtorReference: string | null
  readonly status: string
  readonly journeyId: string | null
  readonly journeyName: string | null
  readonly version: number | null
}

/** The claims that events name, with the journey that each would begin. */
async function claimsOf(
  { tenantId, db }: Tx,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<string, ClaimRow>> {
  const references = [...new Set(events.flatMap(referencesOf))]
  const { rows } = await sql<ClaimRow>`
    select c.claim_id as "claimId", c.reference, c.receeve_reference as "receeveReference",
      a.reference as "accountReference", c.debtor_reference as "debtorReference", c.status,
      j.journey_id as "journeyId", j.name as "journeyName", j.version
    from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    left join lateral (
      select s.journey_id from journey_assignment s where s.tenant_id = c.tenant_id
        and s.portfolio_reference in (coalesce(c.portfolio_reference, a.portfolio_reference, ''), '')
      order by s.portfolio_reference desc limit 1) s on true
    left join journey j on j.tenant_id = c.tenant_id and j.journey_id = s.journey_id
    where c.tenant_id = ${tenantId} and c.reference = any(${references}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.reference, row]))
}

/** The claims of an event: one by name, or a list of them. */
function referencesOf({ data }: StoredEvent): string[] {
  const { claimRef, claims } = data
  if (typeof claimRef === 'string') return [claimRef]
  if (!Array.isArray(claims)) return []
  return claims.flatMap((one: unknown) => {
    const named = typeof one === 'object' && one !== null && 'claimRef' in one ? one.claimRef : one
    return typeof named === 'string' ? [named] : []
  })
}

async function rememberThings(
  tx: Tx,
  events: readonly StoredEvent[],
  claims: ReadonlyMap<string, ClaimRow>,
): Promise<void> {
  const last = new Map<string, { claim_id: string; thing: string; happened_at: string }>()
  for (const event of events) {
    const thing = things.get(event.type)
    if (thing === undefined) continue
    for (const reference of referencesOf(event)) {
      const claimId = claims.get(reference)?.claimId
      if (claimId === undefined) continue
      const key = `${claimId} ${thing}`
      const happened_at = event.occurredAt.toISOString()
      // An event may be committed after one that bears a later instant.
      if (happened_at < (last.get(key)?.happened_at ?? '')) continue
      last.set(key, { claim_id: claimId, thing, happened_at })
    }
  }
  if (last.size === 0) return
  await sql`
    insert into claim_last (tenant_id, claim_id, thing, happened_at)
    select ${tx.tenantId}::uuid, r.* from json_to_recordset(${JSON.stringify([...last.values()])}::json)
      as r(claim_id uuid, thing text, happened_at timestamptz)
    order by r.claim_id, r.thing
    on conflict (tenant_id, claim_id, thing) do update
    set happened_at = greatest(claim_last.happened_at, excluded.happened_at)`.execute(tx.db)
}

/** What events say of the life of one claim. */
interface Life {
  readonly claim: ClaimRow
  readonly stop?: { readonly at: Date; readonly reason: string }
  /** When it began, if nothing ended it after that. */
  readonly start?: Date
}

function lifeOf(events: readonly StoredEvent[], claims: ReadonlyMap<string, ClaimRow>): Life[] {
  const lives = new Map<string, Life>()
  for (const event of events) {
    const { type, data, occurredAt: at } = event
    const claim = claims.get(String(data['claimRef']))
    if (!claim) continue
    const known = lives.get(claim.claimId) ?? { claim }
    if (starting.has(type)) lives.set(claim.claimId, { ...known, start: at })
    if (!stopping.has(type)) continue
    const reason = typeof data['reason'] === 'string' ? data['reason'] : 'CLAIM_DELETED'
    lives.set(claim.claimId, { claim, stop: { at, reason } })
  }
  return [...lives.values()]
}

const stopOf = ({ claim, stop }: Life): Stop[] =>
  stop
    ? [{ claimId: claim.claimId, names: namesOf(claim), reason: stop.reason, before: stop.at }]
    : []

function namesOf(claim: ClaimRow): Json {
  return {
    claimRef: claim.reference,
    receeveClaimRef: claim.receeveReference,
    accountReference: claim.accountReference,
    ...(claim.debtorReference === null ? {} : { externalDebtorRef: claim.debtorReference }),
  }
}

const attemptsMax = 3

/** A claim that ended meanwhile begins nothing: the event that says so is still to come. */
async function begin(tx: Tx, lives: readonly Life[]): Promise<void> {
  let waiting = lives.flatMap((life) => startOf(life))
  for (let attempt = 0; attempt < attemptsMax && waiting.length > 0; attempt += 1) {
    const rest = await adopt(tx, waiting)
    const started = await startRuns(
      tx,
      rest.map(({ start }) => start),
    )
    // Somebody who paused or stopped the claim at this moment was first: that run is taken over.
    waiting = rest.filter(({ start }) => !started.has(start.claimId))
  }
}

interface Beginning {
  readonly start: Start
  readonly at: Date
}

function startOf({ claim, start: at }: Life): Beginning[] {
  const { claimId, journeyId, journeyName, version } = claim
  if (!at || claim.status !== 'ACTIVE') return []
  if (journeyId === null || journeyName === null || version === null) return []
  return [{ start: { claimId, names: namesOf(claim), journeyId, journeyName, version }, at }]
}

/**
 * Takes over runs that only say that the claim was paused or stopped, and answers what is still to begin. A journey that
 * somebody began since stays.
 */
async function adopt(tx: Tx, waiting: readonly Beginning[]): Promise<Beginning[]> {
  const byClaim = new Map(waiting.map((one) => [one.start.claimId, one]))
  const rows = waiting.map(({ start, at }) => ({
    claim_id: start.claimId,
    journey_id: start.journeyId,
    journey_name: start.journeyName,
    version: start.version,
    at: at.toISOString(),
  }))
  const { rows: known } = await sql<{ claimId: string; isAdopted: boolean }>`
    with newest as (
      select distinct on (r.claim_id) r.run_id, r.claim_id, r.status, r.journey_name is null as is_bare,
        r.started_at >= b.at as is_since, b.journey_id, b.journey_name, b.version
      from json_to_recordset(${JSON.stringify(rows)}::json) as b(claim_id uuid, journey_id uuid, journey_name text,
        version integer, at timestamptz)
      join journey_run r on r.tenant_id = ${tx.tenantId} and r.claim_id = b.claim_id
      order by r.claim_id, r.started_at desc, r.run_id desc
    ), adopted as (
      update journey_run r set journey_id = n.journey_id, journey_name = n.journey_name, version = n.version,
        next_at = ${tx.now}::timestamptz
      from newest n where r.tenant_id = ${tx.tenantId} and r.run_id = n.run_id and n.is_bare and n.is_since
        and r.status in ('RUNNING', 'PAUSED')
      returning r.claim_id
    )
    select n.claim_id as "claimId", a.claim_id is not null as "isAdopted"
    from newest n left join adopted a on a.claim_id = n.claim_id
    where n.is_since and (n.is_bare or n.status in ('RUNNING', 'PAUSED'))`.execute(tx.db)
  const kept = new Set(known.map(({ claimId }) => claimId))
  const adopted = known
    .filter(({ isAdopted }) => isAdopted)
    .flatMap(({ claimId }) => byClaim.get(claimId) ?? [])
  await emitAll(
    tx,
    adopted.map(({ start }) => strategyEvent('assigned', start.names, start)),
  )
  const rest = waiting.filter(({ start }) => !kept.has(start.claimId))
  await stopRuns(
    tx,
    rest.map(({ start, at }) => {
      return { claimId: start.claimId, names: start.names, reason: 'JOURNEY_REPLACED', before: at }
    }),
  )
  return rest
}
