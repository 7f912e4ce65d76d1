import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../../platform/db.ts'
import type { Call } from './call.ts'
import {
  type Change,
  columnOf,
  type Entity,
  type FieldType,
  fieldsIn,
  type Row,
  snakeCase,
  type TableStore,
  type Values,
} from './entity.ts'
import type { Filter, Order } from './filter.ts'
import { refuse } from './refusals.ts'
import { conditionOf, idOf, ordering } from './to-sql.ts'

/** Which rows of an entity are wanted. */
export interface Wanted {
  readonly filter?: Filter | undefined
  readonly orders?: readonly Order[]
  /** Pages by id: behind one, before one, and in which direction. */
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly isDescending?: boolean
  readonly limit: number
  readonly offset?: number
  readonly ids?: readonly number[]
}

type Sql = RawBuilder<unknown>

/** The rows of a table-backed entity. */
export async function selectRows(
  tx: Tx,
  { entity, store, call }: At,
  wanted: Wanted,
): Promise<Row[]> {
  const columns = fieldsIn(entity.fields, call.version).map(([name, field]) => {
    const asText = field.type.kind === 'decimal' ? '::text' : ''
    return sql.raw(`${columnOf(name, field)}${asText} as "${name}"`)
  })
  // The rows before an id are the nearest to it: found backwards, and turned round again.
  const isBackwards = wanted.before !== undefined && wanted.after === undefined
  const isDescending = (wanted.isDescending ?? false) !== isBackwards
  const order = wanted.orders
    ? ordering(entity, wanted.orders, call.version)
    : sql.raw(`${idOf(entity)} ${isDescending ? 'desc' : 'asc'}`)
  const { rows } = await sql<Row>`
    select ${sql.join(columns)} from ${fromOf(store, call)} where ${conditionsOf(tx, { entity, store, call }, wanted)}
    order by ${order} limit ${wanted.limit} offset ${wanted.offset ?? 0}`.execute(tx.db)
  return isBackwards ? rows.toReversed() : rows
}

/** How many rows there are, 2^53 at most. */
export async function countRows(tx: Tx, at: At, filter: Filter | undefined): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${fromOf(at.store, at.call)} where ${conditionsOf(tx, at, { filter, limit: 0 })}`.execute(
    tx.db,
  )
  return rows[0]?.count ?? 0
}

export interface At {
  readonly entity: Entity
  readonly store: TableStore
  readonly call: Call
}

/** Inserts one and answers its id. */
export async function insertRow(tx: Tx, { entity, store, call }: At, values: Values) {
  const given = Object.entries(values).flatMap(([name, value]) => {
    const field = entity.fields[name]
    return field && !field.isDerived
      ? [[writtenColumn(name, entity), bound(value, field.type)] as const]
      : []
  })
  const own = Object.entries(store.atCreate?.(call) ?? {}).filter(
    ([column]) => !given.some(([name]) => name === column),
  )
  const all = [...given, ...own.map(([column, value]) => [column, sql`${value}`] as const)]
  const names = ['tenant_id', ...all.map(([column]) => column)].map((name) => sql.ref(name))
  const { rows } = await sql<{ id: number }>`
    insert into ${sql.table(store.table)} (${sql.join(names)})
    values (${sql.join([sql`${tx.tenantId}`, ...all.map(([, value]) => value)])}) returning id`.execute(
    tx.db,
  )
  return rows[0]?.id ?? 0
}

/** Changes one, if it still has the version that the caller saw. */
export async function updateRow(tx: Tx, { entity, store, call }: At, change: Change) {
  const given = Object.entries(change.values).flatMap(([name, value]) => {
    const field = entity.fields[name]
    if (!field || field.isDerived) return []
    return [sql`${sql.ref(writtenColumn(name, entity))} = ${bound(value, field.type)}`]
  })
  const own = Object.entries(store.atUpdate?.(call) ?? {}).map(
    ([column, value]) => sql`${sql.ref(column)} = ${value}`,
  )
  const { numAffectedRows } = await sql`
    update ${sql.table(store.table)} t set ${sql.join([sql`version = t.version + 1`, ...given, ...own])}
    where t.tenant_id = ${tx.tenantId} and t.id = ${change.id} and t.version = ${change.version}
      and ${sql.raw(store.where ?? 'true')}`.execute(tx.db)
  if (numAffectedRows === 1n) return
  await requireRow(tx, { entity, store, call }, change.id)
  throw refuse('version_conflict')
}

const purgeDays = 30
const dayMs = 86_400_000

/** Deletes one: the row goes, or its state says DELETED and a date says when it goes. */
export async function deleteRow(tx: Tx, at: At, id: number): Promise<void> {
  const { store } = at
  await requireRow(tx, at, id)
  if (store.deletes !== 'state') {
    await sql`delete from ${sql.table(store.table)} t where t.tenant_id = ${tx.tenantId} and t.id = ${id}`.execute(
      tx.db,
    )
    return
  }
  const purgeAt = new Date(tx.now.getTime() + purgeDays * dayMs)
  const { numAffectedRows } = await sql`
    update ${sql.table(store.table)} t set state = 'DELETED', planned_purge_at = ${purgeAt}, version = t.version + 1
    where t.tenant_id = ${tx.tenantId} and t.id = ${id} and t.state <> 'DELETED'`.execute(tx.db)
  if (numAffectedRows !== 1n) throw refuse('invalid_state', 'it is deleted already')
}

/** Throws `not_found` unless there is such a row. */
export async function requireRow(tx: Tx, at: At, id: number): Promise<void> {
  const { rows } = await sql`
    select 1 from ${fromOf(at.store, at.call)} where ${conditionsOf(tx, at, { ids: [id], limit: 1 })} limit 1`.execute(
    tx.db,
  )
  if (rows.length === 0) throw refuse('not_found')
}

function fromOf({ from, table }: TableStore, call: Call): Sql {
  return sql.raw((typeof from === 'function' ? from(call) : from) ?? `${table} t`)
}

function conditionsOf(tx: Tx, { entity, store, call }: At, wanted: Wanted): Sql {
  const id = sql.raw(idOf(entity))
  const parts: Sql[] = [sql`t.tenant_id = ${tx.tenantId}`]
  if (store.where !== undefined) parts.push(sql.raw(`(${store.where})`))
  if (wanted.filter) parts.push(conditionOf(entity, wanted.filter, call.version))
  if (wanted.ids) parts.push(sql`${id} = any (${wanted.ids}::bigint[])`)
  const isDown = wanted.isDescending ?? false
  if (wanted.after !== undefined)
    parts.push(sql`${id} ${sql.raw(isDown ? '<' : '>')} ${wanted.after}`)
  if (wanted.before !== undefined)
    parts.push(sql`${id} ${sql.raw(isDown ? '>' : '<')} ${wanted.before}`)
  return sql.join(parts, sql` and `)
}

/** The bare column behind `t.column`. */
function writtenColumn(name: string, entity: Entity): string {
  const field = entity.fields[name]
  return (field?.column ?? snakeCase(name)).replace(/^t\./, '')
}

function bound(value: unknown, type: FieldType): Sql {
  if (value === null || value === undefined) return sql`null`
  const isDocument =
    ['map', 'texts', 'longs', 'object', 'list'].includes(type.kind) ||
    (type.kind === 'reference' && type.isList === true)
  return isDocument ? sql`${JSON.stringify(value)}::jsonb` : sql`${value}`
}
