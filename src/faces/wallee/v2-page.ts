import { Refusal } from '../../platform/refusal.ts'
import { wholeOf } from './ask.ts'
import type { Filter } from './filter.ts'
import { parseOrder, parseSearch } from './parse-search.ts'
import { refuse } from './refusals.ts'
import type { Wanted } from './table-store.ts'

const limitDefault = 10
const limitMax = 100
const offsetMax = 10_000

type Query = ReadonlyMap<string, string[]>

/** What a list asks for (b.2): a page behind or before an id. */
export function pageAsked(query: Query, filter: Filter | undefined): Wanted {
  const ids = { least: 1, most: Number.MAX_SAFE_INTEGER }
  const order = (query.get('order')?.[0] ?? 'ASC').toUpperCase()
  if (order !== 'ASC' && order !== 'DESC') throw refuse('invalid_parameter', 'order is ASC or DESC')
  return {
    filter,
    after: wholeOf(query, 'after', ids),
    before: wholeOf(query, 'before', ids),
    isDescending: order === 'DESC',
    limit: limitOf(query),
  }
}

/** What a search asks for (b.3). */
export function searchAsked(query: Query, filter: Filter | undefined): Wanted {
  const offset = wholeOf(query, 'offset') ?? 0
  if (offset > offsetMax)
    throw new Refusal('offset_too_far', 'invalid', `offset is at most ${offsetMax}`)
  const searched = parseSearch(query.get('query')?.[0] ?? '')
  const both = [filter, searched].filter((one) => one !== undefined)
  return {
    filter: both.length === 2 ? { kind: 'and', children: both } : both[0],
    orders: parseOrder(query.get('order')?.[0] ?? ''),
    limit: limitOf(query),
    offset,
  }
}

const limitOf = (query: Query) =>
  wholeOf(query, 'limit', { least: 1, most: limitMax }) ?? limitDefault
