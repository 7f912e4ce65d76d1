import { sql } from 'kysely'
import { isUuid } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { refuse } from './refusals.ts'
import type { Firing, FiringPage, Reaction, ReactionPage } from './schema.ts'

interface Page {
  readonly limit: number
  readonly cursor?: string
}

interface Row {
  readonly id: string
  readonly name: string
  readonly when: Reaction['when']
  readonly actions: Reaction['actions']
  readonly isActive: boolean
  readonly position: number
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const selectReactions = sql`
  select reaction_id as id, name, trigger as "when", actions, is_active as "isActive", position, version,
    created_at as "createdAt", updated_at as "updatedAt"
  from reaction`

/** Reactions, the oldest first. */
export async function listReactions(tx: Tx, { limit, cursor }: Page): Promise<ReactionPage> {
  checkCursor(cursor)
  const { rows } = await sql<Row>`${selectReactions}
    where tenant_id = ${tx.tenantId} and deleted_at is null
      and (${cursor ?? null}::uuid is null or reaction_id > ${cursor ?? null}::uuid)
    order by reaction_id limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(reactionOf)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** One reaction as it stands. */
export async function findReaction(tx: Tx, reactionId: string): Promise<Reaction> {
  const { rows } = await sql<Row>`${selectReactions}
    where tenant_id = ${tx.tenantId} and reaction_id = ${reactionId} and deleted_at is null`.execute(
    tx.db,
  )
  if (!rows[0]) throw refuse('reaction_not_found')
  return reactionOf(rows[0])
}

interface FiringRow extends Omit<Firing, 'at' | 'endedAt'> {
  readonly createdAt: Date
  readonly endedAt: Date | null
}

/** What a reaction did and why it did nothing, the newest first. */
export async function reactionLog(
  tx: Tx,
  reactionId: string,
  { limit, cursor }: Page,
): Promise<FiringPage> {
  checkCursor(cursor)
  await findReaction(tx, reactionId)
  const { rows } = await sql<FiringRow>`
    select firing_id as id, reaction_version as version, event_id as "eventId", event_type as event,
      claim_reference as "claimReference", account_reference as "accountReference", status, reason, results,
      created_at as "createdAt", ended_at as "endedAt"
    from reaction_firing
    where tenant_id = ${tx.tenantId} and reaction_id = ${reactionId}
      and (${cursor ?? null}::uuid is null or firing_id < ${cursor ?? null}::uuid)
    order by firing_id desc limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(({ createdAt, endedAt, ...row }) => ({
    ...row,
    at: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  }))
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function reactionOf({ createdAt, updatedAt, ...row }: Row): Reaction {
  return { ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}

function checkCursor(cursor: string | undefined): void {
  if (cursor !== undefined && !isUuid(cursor))
    throw new Refusal('invalid_cursor', 'invalid', 'This cursor was not given by us')
}
