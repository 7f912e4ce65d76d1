import type pg from 'pg'
import { schemaName } from './db.ts'

/**
 * Lets what was restored from a dump go on. Events and those who read them know their places by numbers of transactions, which
 * every PostgreSQL counts for itself: in another one, whose count is lower, nothing new would be read for a long time. What
 * is there goes to the front in the order in which it was written, and every reader to the first event that it has not read.
 */
export async function renumberEvents(client: pg.PoolClient): Promise<void> {
  if (!(await isFromElsewhere(client))) return
  await client.query('begin')
  try {
    await client.query(`set local search_path = ${schemaName}, public`)
    await client.query('lock table event, event_cursor, webhook_subscription in exclusive mode')
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** Whether there is a place that this PostgreSQL has not come to; a webhook may have become active after the last event. */
async function isFromElsewhere(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ isElsewhere: boolean }>(`
    select exists (
      select from ${schemaName}.event_cursor c where c.xid > pg_snapshot_xmax(pg_current_snapshot()))
    or exists (
      select from ${schemaName}.tenant t cross join lateral (
        select e.xid from ${schemaName}.event e where e.tenant_id = t.tenant_id
        order by e.xid desc, e.seq desc limit 1) newest
      where newest.xid >= pg_snapshot_xmax(pg_current_snapshot()))
    or exists (
      select from ${schemaName}.webhook_subscription s
      where pg_snapshot_xmax(s.active_since) > pg_snapshot_xmax(pg_current_snapshot())) as "isElsewhere"`)
  return rows[0]?.isElsewhere === true
}

// The first number that a transaction can have. Readers may see a few events again; each of them bears that.
const front = "'3'::xid8"
const statements = [
  `update event_cursor c set xid = ${front}, seq = coalesce(
    (select min(e.seq) - 1 from event e where e.tenant_id = c.tenant_id and (e.xid, e.seq) > (c.xid, c.seq)),
    (select max(e.seq) from event e), 0)`,
  `update event set xid = ${front} where xid <> ${front}`,
  // A snapshot in which nothing is visible: whoever is active is told of all that has not been read.
  `update webhook_subscription set active_since = '1:1:'`,
]
