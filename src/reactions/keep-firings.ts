import { sql } from 'kysely'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { isBookAction } from './actions.ts'
import { accountNamed, type ActiveReaction, type Aimed, contextOf, type Target } from './match.ts'

/** Why a reaction did nothing. */
export type SkipReason =
  'CONDITION' | 'CLAIM_STATUS' | 'NO_CLAIM' | 'LOOP' | 'CHAIN_TOO_LONG' | 'TOO_OFTEN'

export interface Fired extends Aimed {
  readonly reason: SkipReason | undefined
  readonly chain: readonly string[]
}

/** Notes what reactions are to do, in the order of events and reactions; an event that was noted before is passed over. */
export async function keepFirings(tx: Tx, fired: readonly Fired[]): Promise<void> {
  const rows = fired.map((one) => rowOf(one, tx.now))
  await sql`
    insert into reaction_firing (tenant_id, firing_id, reaction_id, reaction_name, reaction_version, event_id,
      event_type, claim_id, claim_reference, account_reference, context, chain, status, reason, actions, done, is_booking,
      results, attempts, due_at, created_at, ended_at)
    select ${tx.tenantId}::uuid, r.firing_id, r.reaction_id, r.reaction_name, r.reaction_version, r.event_id,
      r.event_type, r.claim_id, r.claim_reference, r.account_reference, r.context, r.chain, r.status, r.reason, r.actions,
      0, r.is_booking, '[]', 0, ${tx.now}::timestamptz, ${tx.now}::timestamptz, r.ended_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(firing_id uuid, reaction_id uuid, reaction_name text,
      reaction_version integer, event_id uuid, event_type text, claim_id uuid, claim_reference text,
      account_reference text, context jsonb, chain jsonb, status text, reason text, actions jsonb, is_booking boolean,
      ended_at timestamptz)
    order by r.firing_id
    on conflict (tenant_id, event_id, reaction_id, claim_id) do nothing`.execute(tx.db)
}

function rowOf({ event, reaction, target, reason, chain }: Fired, now: Date) {
  return {
    firing_id: newId(),
    reaction_id: reaction.reactionId,
    reaction_name: reaction.name,
    reaction_version: reaction.version,
    event_id: event.messageId,
    event_type: event.type,
    claim_id: target?.claimId ?? null,
    claim_reference: target?.reference ?? null,
    account_reference: target?.accountReference ?? accountNamed(event) ?? null,
    context: reason === undefined ? contextOf(event) : {},
    chain,
    status: reason === undefined ? 'WAITING' : 'SKIPPED',
    reason: reason ?? null,
    actions: reason === undefined ? reaction.actions : [],
    is_booking: reason === undefined && isBookAction(reaction.actions[0]),
    ended_at: reason === undefined ? null : now.toISOString(),
  }
}

// A circle that no chain tells of, such as through a task that expires at once, ends here.
const firingsPerHourMax = 100
const hourMs = 3_600_000

/** Says whether a reaction fired too often on a claim lately to do so once more. */
export async function recentFirings(
  tx: Tx,
  claimIds: readonly string[],
): Promise<(reaction: ActiveReaction, target: Target | undefined) => SkipReason | undefined> {
  const since = new Date(tx.now.getTime() - hourMs)
  const { rows } = await sql<{ reactionId: string; claimId: string; count: number }>`
    select reaction_id as "reactionId", claim_id as "claimId", count(*)::integer as count from reaction_firing
    where tenant_id = ${tx.tenantId} and claim_id = any(${claimIds}::uuid[]) and created_at > ${since}
      and status <> 'SKIPPED'
    group by reaction_id, claim_id`.execute(tx.db)
  const counts = new Map(rows.map((row) => [`${row.reactionId} ${row.claimId}`, row.count]))
  return ({ reactionId }, target) => {
    if (!target) return undefined
    const key = `${reactionId} ${target.claimId}`
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count > firingsPerHourMax ? 'TOO_OFTEN' : undefined
  }
}
