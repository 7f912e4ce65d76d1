import {
  depthMax,
  type Filter,
  leavesMax,
  type Operator,
  type Order,
  ordersMax,
  queryTextMax,
} from './filter.ts'
import { refuse } from './refusals.ts'

/**
 * The search language of version 2 (b.3): `field:value` with `~ > >= < <=`, quotes, `-` for not, `field:*` for an empty
 * field, blank or AND before OR, and brackets.
 */
export function parseSearch(text: string): Filter | undefined {
  if (text.length > queryTextMax) throw bad(`a query has at most ${queryTextMax} characters`)
  const state: State = { text, at: 0, leaves: 0 }
  skipBlank(state)
  if (state.at === text.length) return undefined
  const filter = parseOr(state, 1)
  skipBlank(state)
  if (state.at < text.length) throw unexpected(state)
  return filter
}

/** The order of a search: `field:DESC`, or a bare field, several with commas between them. */
export function parseOrder(text: string): Order[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length > ordersMax) throw bad(`an order names at most ${ordersMax} fields`)
  return parts.map((part) => {
    const match = /^([\w.]+)(?::(ASC|DESC))?$/i.exec(part)
    if (!match?.[1]) throw bad(`an order is a field with ASC or DESC, not ${part}`)
    return { field: match[1], isDescending: match[2]?.toUpperCase() === 'DESC' }
  })
}

interface State {
  readonly text: string
  at: number
  leaves: number
}

const fieldPattern = /[A-Za-z_][\w]*(?:\.[\w-]+)*/y
const wordPattern = /[^\s()]+/y
const operatorPattern = /~|>=|<=|>|</y
const keywordPattern = /(AND|OR)(?=[\s()-]|$)/y

const operatorOf: Record<string, Operator> = {
  '~': 'CONTAINS',
  '>=': 'GREATER_THAN_OR_EQUAL',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '<': 'LESS_THAN',
}

function parseOr(state: State, depth: number): Filter {
  if (depth > depthMax) throw bad(`a query is at most ${depthMax} levels deep`)
  const children = [parseAnd(state, depth)]
  while (takeKeyword(state, 'OR')) children.push(parseAnd(state, depth))
  return joined('or', children)
}

function parseAnd(state: State, depth: number): Filter {
  const children = [parseUnary(state, depth)]
  for (;;) {
    const isWorded = takeKeyword(state, 'AND')
    skipBlank(state)
    const isOver = state.at >= state.text.length || state.text[state.at] === ')'
    if (!isWorded && (isOver || peekKeyword(state) === 'OR')) return joined('and', children)
    children.push(parseUnary(state, depth))
  }
}

const joined = (kind: 'and' | 'or', children: Filter[]): Filter =>
  children.length === 1 && children[0] ? children[0] : { kind, children }

function parseUnary(state: State, depth: number): Filter {
  skipBlank(state)
  if (takeText(state, '-')) return { kind: 'not', child: parsePrimary(state, depth) }
  return parsePrimary(state, depth)
}

function parsePrimary(state: State, depth: number): Filter {
  if (takeText(state, '(')) {
    const inner = parseOr(state, depth + 1)
    skipBlank(state)
    if (!takeText(state, ')')) throw unexpected(state)
    return inner
  }
  return parseTerm(state)
}

function parseTerm(state: State): Filter {
  const field = takePattern(state, fieldPattern)
  if (field === undefined || !takeText(state, ':')) throw unexpected(state)
  state.leaves += 1
  if (state.leaves > leavesMax) throw bad(`a query has at most ${leavesMax} conditions`)
  const sign = takePattern(state, operatorPattern)
  const isQuoted = state.text[state.at] === '"' || state.text[state.at] === "'"
  const value = isQuoted ? takeQuoted(state) : takePattern(state, wordPattern)
  if (value === undefined) throw unexpected(state)
  if (sign === undefined && value === '*' && !isQuoted)
    return { kind: 'leaf', field, operator: 'IS_NULL' }
  const operator = (sign !== undefined ? operatorOf[sign] : undefined) ?? 'EQUALS'
  return { kind: 'leaf', field, operator, value }
}

/** A quoted text; a backslash takes the next character as it is. */
function takeQuoted(state: State): string {
  const quote = state.text[state.at]
  let value = ''
  for (let at = state.at + 1; at < state.text.length; at += 1) {
    const character = state.text.charAt(at)
    if (character === quote) {
      state.at = at + 1
      return value
    }
    if (character === '\\') at += 1
    value += state.text.charAt(at)
  }
  throw bad('a quoted text does not end')
}

function peekKeyword(state: State): string | undefined {
  keywordPattern.lastIndex = state.at
  return keywordPattern.exec(state.text)?.[1]
}

function takeKeyword(state: State, word: 'AND' | 'OR'): boolean {
  skipBlank(state)
  if (peekKeyword(state) !== word) return false
  state.at += word.length
  return true
}

function takeText(state: State, wanted: string): boolean {
  if (!state.text.startsWith(wanted, state.at)) return false
  state.at += wanted.length
  return true
}

function takePattern(state: State, pattern: RegExp): string | undefined {
  pattern.lastIndex = state.at
  const found = pattern.exec(state.text)?.[0]
  if (found !== undefined) state.at += found.length
  return found
}

function skipBlank(state: State): void {
  while (/\s/.test(state.text.charAt(state.at))) state.at += 1
}

const bad = (detail: string) => refuse('invalid_parameter', detail)
const unexpected = (state: State) => bad(`the query cannot be read at position ${state.at}`)
