import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import type { Happening } from './happening.ts'
import type { Watchable } from './watchable.ts'

/** Leaves out what was told before: that an object came into the state that it was last told to be in. */
export async function withoutRepeats(
  tx: Tx,
  { id: entity }: Watchable,
  happenings: readonly Happening[],
): Promise<Happening[]> {
  if (happenings.length === 0) return []
  const ids = [...new Set(happenings.map(({ entityId }) => entityId))]
  const { rows } = await sql<{ entityId: number; state: string }>`
    select o.id as "entityId", n.state from unnest(${ids}::bigint[]) as o (id)
    cross join lateral (
      select w.state from wallee_notice w
      where w.tenant_id = ${tx.tenantId} and w.entity = ${entity}::bigint and w.entity_id = o.id
      order by w.id desc limit 1) n`.execute(tx.db)
  const last = new Map(rows.map(({ entityId, state }) => [entityId, state]))
  return happenings.filter(({ entityId, state, isNewState }) => {
    const isRepeat = isNewState && last.get(entityId) === state
    last.set(entityId, state)
    return !isRepeat
  })
}
