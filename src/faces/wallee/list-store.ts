import { comparedValue } from './comparison.ts'
import type { Entity, Row } from './entity.ts'
import { findPath, isOrdered } from './field-path.ts'
import type { Filter, Operator, Order } from './filter.ts'
import { refuse } from './refusals.ts'

/** The rows of reference data that a filter keeps, sorted: the same language over memory that tables get in SQL. */
export function selectFrom(
  entity: Entity,
  rows: readonly Row[],
  wanted: { filter?: Filter | undefined; orders?: readonly Order[] | undefined; version: 1 | 2 },
): Row[] {
  const { filter, orders, version } = wanted
  const kept = filter ? rows.filter((row) => isKept(entity, filter, { row, version })) : [...rows]
  if (!orders || orders.length === 0) return kept
  const paths = orders.map((order) => ({ ...order, path: findPath(entity, order.field, version) }))
  for (const { path, field } of paths)
    if (!isOrdered(path)) throw refuse('invalid_parameter', `${field} has no order`)
  return kept.toSorted((a, b) => {
    for (const { field, isDescending } of paths) {
      const difference = compare(valueAt(a, field), valueAt(b, field))
      if (difference !== 0) return isDescending ? -difference : difference
    }
    return 0
  })
}

function isKept(entity: Entity, filter: Filter, at: { row: Row; version: 1 | 2 }): boolean {
  if (filter.kind === 'not') return !isKept(entity, filter.child, at)
  if (filter.kind === 'leaf') {
    const path = findPath(entity, filter.field, at.version)
    const wanted = comparedValue(path, filter)
    return matches(valueAt(at.row, filter.field), filter.operator, wanted)
  }
  // Every child is looked at, so that a wrong one is refused whatever the others say.
  const kept = filter.children.map((child) => isKept(entity, child, at))
  return filter.kind === 'and' ? kept.every(Boolean) : kept.some(Boolean)
}

function valueAt(row: Row, name: string): unknown {
  const [first = '', ...rest] = name.split('.')
  const value = row[first]
  if (rest.length === 0) return value
  if (typeof value !== 'object' || value === null) return rest[0] === 'id' ? value : undefined
  const inner: Row = { ...value }
  return inner[rest.join('.')]
}

function matches(value: unknown, operator: Operator, wanted: unknown): boolean {
  const isNull = value === undefined || value === null
  const lower = String(value).toLowerCase()
  const wantedLower = String(wanted).toLowerCase()
  switch (operator) {
    case 'IS_NULL':
      return isNull
    case 'IS_NOT_NULL':
      return !isNull
    case 'EQUALS':
      return !isNull && compare(value, wanted) === 0
    case 'NOT_EQUALS':
      return isNull || compare(value, wanted) !== 0
    case 'EQUALS_IGNORE_CASE':
      return !isNull && lower === wantedLower
    case 'NOT_EQUALS_IGNORE_CASE':
      return isNull || lower !== wantedLower
    case 'CONTAINS':
      return !isNull && lower.includes(wantedLower)
    case 'NOT_CONTAINS':
      return isNull || !lower.includes(wantedLower)
    case 'GREATER_THAN':
      return !isNull && compare(value, wanted) > 0
    case 'GREATER_THAN_OR_EQUAL':
      return !isNull && compare(value, wanted) >= 0
    case 'LESS_THAN':
      return !isNull && compare(value, wanted) < 0
    case 'LESS_THAN_OR_EQUAL':
      return !isNull && compare(value, wanted) <= 0
  }
}

function compare(a: unknown, b: unknown): number {
  const isNumber = typeof a === 'number' && typeof b === 'number'
  if (isNumber) return a - b
  const [left, right] = [a ?? '', b ?? ''].map(String)
  if (left === right) return 0
  return (left ?? '') < (right ?? '') ? -1 : 1
}
