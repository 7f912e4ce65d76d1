import {
  depthMax,
  type Filter,
  leavesMax,
  type Operator,
  operators,
  type Order,
  ordersMax,
} from './filter.ts'
import { isObject, type Json } from './json.ts'
import { refuse } from './refusals.ts'

export interface Query {
  readonly filter: Filter | undefined
  readonly orders: readonly Order[]
  readonly limit: number
  readonly offset: number
}

export const pageDefault = 10
export const pageMax = 100
export const offsetMax = 1_000_000

const queryFields = ['filter', 'language', 'numberOfEntities', 'orderBys', 'startingEntity']
const filterFields = ['type', 'children', 'fieldName', 'operator', 'value']

/** What an EntityQuery asks for (b.1); an absent one asks for the first page of everything. */
export function parseEntityQuery(body: unknown): Query {
  const query = body ?? {}
  if (!isObject(query)) throw bad('the query is an object')
  requireOnly(query, queryFields)
  return {
    filter: parseEntityFilter(query['filter']),
    orders: parseOrders(query['orderBys']),
    limit: whole(query, 'numberOfEntities', { fallback: pageDefault, least: 1, most: pageMax }),
    offset: whole(query, 'startingEntity', { fallback: 0, least: 0, most: offsetMax }),
  }
}

/** The filter of a count or a query. */
export function parseEntityFilter(body: unknown): Filter | undefined {
  if (body === undefined || body === null) return undefined
  // A client that has no filter sends nothing, or an object with nothing in it.
  if (isObject(body) && Object.keys(body).length === 0) return undefined
  return filterOf(body, { depth: 1, leaves: 0 })
}

interface Bounds {
  readonly depth: number
  leaves: number
}

function filterOf(body: unknown, bounds: Bounds): Filter {
  if (!isObject(body)) throw bad('a filter is an object')
  requireOnly(body, filterFields)
  if (bounds.depth > depthMax) throw bad(`a filter is at most ${depthMax} levels deep`)
  const { type } = body
  if (type === 'LEAF') return leafOf(body, bounds)
  if (type !== 'AND' && type !== 'OR') throw bad('the type of a filter is LEAF, AND or OR')
  const { children } = body
  if (!Array.isArray(children) || children.length === 0)
    throw bad('a filter of this type has children')
  const inner = { depth: bounds.depth + 1, leaves: bounds.leaves }
  const parsed = children.map((child) => filterOf(child, inner))
  bounds.leaves = inner.leaves
  return { kind: type === 'AND' ? 'and' : 'or', children: parsed }
}

function leafOf(body: Json, bounds: Bounds): Filter {
  bounds.leaves += 1
  if (bounds.leaves > leavesMax) throw bad(`a filter has at most ${leavesMax} conditions`)
  const { fieldName: field, operator, value } = body
  if (typeof field !== 'string' || field === '') throw bad('a condition names a field')
  if (!isOperator(operator)) throw bad(`an operator is one of ${operators.join(', ')}`)
  if (operator === 'IS_NULL' || operator === 'IS_NOT_NULL') return { kind: 'leaf', field, operator }
  if (value === undefined || value === null || typeof value === 'object')
    throw bad(`the condition on ${field} has a plain value`)
  return { kind: 'leaf', field, operator, value }
}

function isOperator(given: unknown): given is Operator {
  return operators.some((operator) => operator === given)
}

function parseOrders(given: unknown): Order[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given) || given.length > ordersMax)
    throw bad(`orderBys is a list of at most ${ordersMax}`)
  return given.map((order: unknown) => {
    if (!isObject(order)) throw bad('an order is an object')
    requireOnly(order, ['fieldName', 'sorting'])
    const { fieldName: field, sorting } = order
    if (typeof field !== 'string') throw bad('an order names a field')
    if (sorting !== 'ASC' && sorting !== 'DESC') throw bad('sorting is ASC or DESC')
    return { field, isDescending: sorting === 'DESC' }
  })
}

function requireOnly(body: Json, known: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown !== undefined) throw bad(`there is no field ${unknown}`)
}

function whole(
  body: Json,
  name: string,
  range: { fallback: number; least: number; most: number },
): number {
  const value = body[name]
  if (value === undefined || value === null) return range.fallback
  const isFit =
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= range.least &&
    value <= range.most
  if (!isFit) throw bad(`${name} lies between ${range.least} and ${range.most}`)
  return value
}

const bad = (detail: string) => refuse('invalid_parameter', detail)
