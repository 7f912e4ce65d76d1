import { type RawBuilder, sql } from 'kysely'
import { comparedValue } from './comparison.ts'
import type { Entity } from './entity.ts'
import { type FieldPath, findPath, isOrdered } from './field-path.ts'
import type { Filter, Operator, Order } from './filter.ts'
import { refuse } from './refusals.ts'

type Condition = RawBuilder<unknown>

/** The SQL condition of a filter. Field names come from the description, values are bound. */
export function conditionOf(entity: Entity, filter: Filter, version: 1 | 2): Condition {
  if (filter.kind === 'not') return sql`(${conditionOf(entity, filter.child, version)}) is not true`
  if (filter.kind === 'leaf') return leafCondition(findPath(entity, filter.field, version), filter)
  const parts = filter.children.map((child) => conditionOf(entity, child, version))
  return sql`(${sql.join(parts, filter.kind === 'and' ? sql` and ` : sql` or `)})`
}

/** What a page is sorted by, the id last so that the order is always the same. */
export function ordering(entity: Entity, orders: readonly Order[], version: 1 | 2): Condition {
  const parts = orders.map(({ field, isDescending }) => {
    const path = findPath(entity, field, version)
    if (!isOrdered(path)) throw refuse('invalid_parameter', `${field} has no order`)
    // A field that is the same for all rows is a bare constant, by which nothing can be ordered; a cast one can.
    const kind = path.compared === 'enum' ? 'text' : path.compared
    const direction = isDescending ? 'desc' : 'asc'
    return sql`${expressionOf(path)}::${sql.raw(kind)} ${sql.raw(direction)} nulls last`
  })
  return sql.join([...parts, sql.raw(idOf(entity))])
}

/** The column of an entity's id. */
export function idOf(entity: Entity): string {
  return (entity.store.kind === 'table' && entity.store.id) || 't.id'
}

function expressionOf(path: FieldPath): Condition {
  const column = sql.raw(path.column)
  if (path.keys.length === 0) return sql`(${column})`
  const inner = sql`(${column} ->> ${path.keys[0] ?? ''}::text)`
  const { compared } = path
  return compared === 'text' || compared === 'enum' ? inner : sql`${inner}::${sql.raw(compared)}`
}

const signs: Partial<Record<Operator, string>> = {
  EQUALS: '=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL: '>=',
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL: '<=',
}

function leafCondition(
  path: FieldPath,
  leaf: { field: string; operator: Operator; value?: unknown },
): Condition {
  const left = expressionOf(path)
  const value = comparedValue(path, leaf)
  if (leaf.operator === 'IS_NULL') return sql`${left} is null`
  if (leaf.operator === 'IS_NOT_NULL') return sql`${left} is not null`
  const kind = path.compared === 'enum' ? 'text' : path.compared
  const right = sql`${value}::${sql.raw(kind)}`
  const sign = signs[leaf.operator]
  if (sign !== undefined) return sql`${left} ${sql.raw(sign)} ${right}`
  switch (leaf.operator) {
    case 'CONTAINS':
      return sql`position(lower(${right}) in lower(${left})) > 0`
    case 'NOT_CONTAINS':
      return sql`(position(lower(${right}) in lower(${left})) > 0) is not true`
    case 'EQUALS_IGNORE_CASE':
      return sql`lower(${left}) = lower(${right})`
    case 'NOT_EQUALS_IGNORE_CASE':
      return sql`lower(${left}) is distinct from lower(${right})`
    case 'NOT_EQUALS':
      return sql`${left} is distinct from ${right}`
    case 'EQUALS':
    case 'GREATER_THAN':
    case 'GREATER_THAN_OR_EQUAL':
    case 'LESS_THAN':
    case 'LESS_THAN_OR_EQUAL':
      throw new Error(`${leaf.operator} has a sign`)
  }
}
