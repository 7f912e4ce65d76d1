import { sql } from 'kysely'
import { beginReading } from '../events/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { type Checked, checkReaction } from './check-reaction.ts'
import { findReaction } from './find-reactions.ts'
import { activeOnes, subscriberName } from './follow-events.ts'
import { refuse } from './refusals.ts'
import type { NewReaction, Reaction, ReactionChange } from './schema.ts'

const reactionsMax = 500

interface Kept extends Checked {
  readonly reactionId: string
  readonly name: string
  readonly isActive: boolean
  readonly position: number
}

/** Keeps a reaction, which waits for what happens from now on. What is wrong with it is said action by action. */
export async function createReaction(tx: Tx, input: NewReaction): Promise<Reaction> {
  const checked = await checkReaction(tx, input)
  if ((await countReactions(tx)) >= reactionsMax) throw refuse('reactions_too_many')
  // What happened before there were reactions need not be read.
  await beginReading(tx, subscriberName, activeOnes)
  const { name, isActive = true, position = 0 } = input
  const reactionId = newId()
  await insert(tx, { ...checked, reactionId, name, isActive, position })
  return findReaction(tx, reactionId)
}

/** Changes a reaction for events that are still to be read; what fired before goes on as it began. */
export async function changeReaction(
  tx: Tx,
  reactionId: string,
  change: ReactionChange,
): Promise<Reaction> {
  await lock(tx, reactionId)
  const known = await findReaction(tx, reactionId)
  const { name, when, actions, isActive, position } = { ...known, ...change }
  // One whose bundle is gone may still be switched off.
  const isAsBefore = !change.when && !change.actions && (!isActive || known.isActive)
  const checked = isAsBefore
    ? { trigger: known.when, actions: known.actions }
    : await checkReaction(tx, { when, actions })
  await update(tx, { ...checked, reactionId, name, isActive, position })
  return findReaction(tx, reactionId)
}

/** Ends a reaction. What fired before is still done; its log stays for as long as logs do. */
export async function deleteReaction(tx: Tx, reactionId: string): Promise<void> {
  await lock(tx, reactionId)
  await sql`update reaction set deleted_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and reaction_id = ${reactionId}`.execute(tx.db)
}

async function countReactions({ tenantId, db }: Tx): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from reaction
    where tenant_id = ${tenantId} and deleted_at is null`.execute(db)
  return rows[0]?.count ?? 0
}

async function lock({ tenantId, db }: Tx, reactionId: string): Promise<void> {
  const { rows } = await sql`select 1 from reaction
    where tenant_id = ${tenantId} and reaction_id = ${reactionId} and deleted_at is null
    for no key update`.execute(db)
  if (rows.length === 0) throw refuse('reaction_not_found')
}

async function insert(tx: Tx, kept: Kept): Promise<void> {
  const { reactionId, name, trigger, actions, isActive, position } = kept
  const { rows } = await sql`
    insert into reaction (tenant_id, reaction_id, name, trigger, actions, position, is_active, version, active_since,
      created_at, updated_at)
    values (${tx.tenantId}, ${reactionId}, ${name}, ${JSON.stringify(trigger)}::jsonb,
      ${JSON.stringify(actions)}::jsonb, ${position}, ${isActive}, 1, ${tx.now}, ${tx.now}, ${tx.now})
    on conflict (tenant_id, name) where deleted_at is null do nothing returning 1`.execute(tx.db)
  if (rows.length === 0) throw refuse('reaction_name_taken')
}

async function update(tx: Tx, kept: Kept): Promise<void> {
  const { reactionId, name, trigger, actions, isActive, position } = kept
  const { rows: others } = await sql`select 1 from reaction where tenant_id = ${tx.tenantId}
    and name = ${name} and deleted_at is null and reaction_id <> ${reactionId}`.execute(tx.db)
  if (others.length > 0) throw refuse('reaction_name_taken')
  await sql`
    update reaction set name = ${name}, trigger = ${JSON.stringify(trigger)}::jsonb,
      actions = ${JSON.stringify(actions)}::jsonb, position = ${position}, is_active = ${isActive},
      version = version + 1, updated_at = ${tx.now},
      active_since = case when ${isActive} and not is_active then ${tx.now}::timestamptz else active_since end
    where tenant_id = ${tx.tenantId} and reaction_id = ${reactionId}`.execute(tx.db)
}
