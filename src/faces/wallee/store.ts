import { sql } from 'kysely'
import pg from 'pg'
import type { Tx } from '../../platform/db.ts'
import { type Call, inCall } from './call.ts'
import type { Entity, Row } from './entity.ts'
import type { Filter } from './filter.ts'
import { selectFrom } from './list-store.ts'
import { refuse } from './refusals.ts'
import { countRows, selectRows, type Wanted } from './table-store.ts'

/** The rows of an entity that are wanted, wherever they are kept. */
export function findRows(call: Call, entity: Entity, wanted: Wanted): Promise<Row[]> {
  const { store } = entity
  if (store.kind === 'table')
    return searching(call, wanted.filter, (tx) => selectRows(tx, { entity, store, call }, wanted))
  const { filter, orders } = wanted
  const rows = selectFrom(entity, store.rows(call.language), {
    filter,
    orders,
    version: call.version,
  })
  return Promise.resolve(pageOf(rows, entity, wanted))
}

/** How many rows a filter keeps. */
export function countAll(call: Call, entity: Entity, filter: Filter | undefined): Promise<number> {
  const { store } = entity
  if (store.kind === 'table')
    return searching(call, filter, (tx) => countRows(tx, { entity, store, call }, filter))
  const rows = store.rows(call.language)
  return Promise.resolve(selectFrom(entity, rows, { filter, version: call.version }).length)
}

/** A search that nobody needs to wait for longer than this; the database's own limit is there for everything else. */
const searchSecondsMax = 10
const queryCanceled = '57014'

/** Runs what a caller's own filter may make long, up to a limit of time. */
function searching<R>(
  call: Call,
  filter: Filter | undefined,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  if (!filter) return inCall(call, work)
  return inCall(call, async (tx) => {
    await sql`select set_config('statement_timeout', ${`${searchSecondsMax}s`}, true)`.execute(
      tx.db,
    )
    return work(tx)
  }).catch((error: unknown) => {
    const isLate = error instanceof pg.DatabaseError && error.code === queryCanceled
    throw isLate ? refuse('search_too_long') : error
  })
}

/** One row by its key, or the refusal that there is none. */
export async function findOne(call: Call, entity: Entity, key: number | string): Promise<Row> {
  const [row] =
    typeof key === 'number' && entity.key === undefined
      ? await findRows(call, entity, { ids: [key], limit: 1 })
      : keyed(call, entity, key)
  if (!row) throw refuse('not_found')
  return row
}

function keyed(call: Call, entity: Entity, key: number | string): Row[] {
  const { store } = entity
  if (store.kind !== 'list') return []
  const name = entity.key ?? 'id'
  const wanted = String(key).toLowerCase()
  return store
    .rows(call.language)
    .filter((row) => String(row[name]).toLowerCase() === wanted)
    .slice(0, 1)
}

function pageOf(rows: readonly Row[], entity: Entity, wanted: Wanted): Row[] {
  const name = entity.key ?? 'id'
  const { ids, after, before, isDescending = false, limit, offset = 0 } = wanted
  if (ids) return rows.filter((row) => ids.includes(Number(row[name])))
  const directed = isDescending && !wanted.orders ? rows.toReversed() : [...rows]
  const start =
    after === undefined ? 0 : directed.findIndex((row) => Number(row[name]) === after) + 1
  const found =
    before === undefined ? -1 : directed.findIndex((row) => Number(row[name]) === before)
  if (found >= 0) return directed.slice(Math.max(start, found - limit), found)
  return directed.slice(start + offset, start + offset + limit)
}
