import { addDays, dateIn, isDate } from '../kernel/dates.ts'
import type { Comparison, Condition, Operand, Operator } from './document.ts'
import { operators } from './document.ts'
import type { Facts } from './facts.ts'
import { type Field, fieldNamed, fieldNames } from './fields.ts'

const depthMax = 8
const partsMax = 50
const listMax = 1_000
const textMax = 1_000

const listOperators: ReadonlySet<string> = new Set<Operator>(['in', 'notIn'])
const textOperators: ReadonlySet<string> = new Set<Operator>(['contains', 'startsWith'])
const relativeMax = 36_500

/** What is wrong with a condition, in words; nothing for one that may be kept. */
export function problemsOfCondition(value: unknown, depth = 1): string[] {
  if (depth > depthMax) return [`conditions nest at most ${depthMax} deep`]
  if (!isObject(value)) return ['a condition is an object']
  const keys = Object.keys(value)
  for (const word of ['every', 'any'] as const) {
    if (word in value) return problemsOfParts(value, { keys, word, depth })
  }
  if ('not' in value) {
    if (keys.length > 1) return ['a condition with "not" has nothing beside it']
    return problemsOfCondition(value['not'], depth + 1)
  }
  return problemsOfComparison(value, keys)
}

function problemsOfParts(
  value: Record<string, unknown>,
  { keys, word, depth }: { keys: string[]; word: 'every' | 'any'; depth: number },
): string[] {
  if (keys.length > 1) return [`a condition with "${word}" has nothing beside it`]
  const parts = value[word]
  const isList = Array.isArray(parts) && parts.length > 0 && parts.length <= partsMax
  if (!isList) return [`"${word}" is a list of 1 to ${partsMax} conditions`]
  return parts.flatMap((part) => problemsOfCondition(part, depth + 1))
}

function problemsOfComparison(value: Record<string, unknown>, keys: string[]): string[] {
  const { field: name, op, value: operand } = value
  const other = keys.find((key) => !['field', 'op', 'value'].includes(key))
  if (other !== undefined) return [`a condition knows no "${other.slice(0, 64)}"`]
  if (typeof name !== 'string') return ['a condition needs every, any, not or field, op and value']
  const field = name.length <= textMax ? fieldNamed(name) : undefined
  if (!field) {
    const known = `${fieldNames.join(', ')}, meta.<key> and accountMeta.<key>`
    return [`there is no field "${name.slice(0, 64)}"; there are ${known}`]
  }
  const operator = operators.find((known) => known === op)
  if (!operator) return [`"op" of ${name} is one of ${operators.join(', ')}`]
  return problemsOfOperand(field, { name, operator, operand })
}

function problemsOfOperand(
  field: Field,
  { name, operator, operand }: { name: string; operator: Operator; operand: unknown },
): string[] {
  if (operator === 'exists')
    return typeof operand === 'boolean' ? [] : [`"value" of ${name} exists is true or false`]
  if (textOperators.has(operator)) {
    if (field.kind === 'number' || field.kind === 'date') return [`${name} takes no ${operator}`]
    return isText(operand) ? [] : [`"value" of ${name} ${operator} is a text`]
  }
  if (listOperators.has(operator)) {
    const isList = Array.isArray(operand) && operand.length > 0 && operand.length <= listMax
    const fits = isList && operand.every((one) => fitsKind(field, one))
    return fits
      ? []
      : [`"value" of ${name} ${operator} is a list of 1 to ${listMax} ${wordOf(field)}`]
  }
  return fitsKind(field, operand) ? [] : [`"value" of ${name} ${operator} is ${wordOf(field)}`]
}

function fitsKind(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'text':
      return isText(value)
    case 'date':
      return isRelative(value) || (typeof value === 'string' && isDate(value))
    case 'any':
      return isText(value) || ['number', 'boolean'].includes(typeof value) || isRelative(value)
  }
}

const words = {
  number: 'a number',
  text: 'a text',
  date: 'a date, YYYY-MM-DD or {"today": <days>}',
  any: 'a text, number, true, false or {"today": <days>}',
}
const wordOf = ({ kind }: Field) => words[kind]

const isText = (value: unknown) => typeof value === 'string' && value.length <= textMax

function isRelative(value: unknown): value is { today: number } {
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  const { today } = value
  return Number.isSafeInteger(today) && Math.abs(today as number) <= relativeMax
}

/** Whether a condition that may be kept holds for a claim. What is not known equals nothing and is neither more nor less. */
export function holds(condition: Condition, facts: Facts, now: Date): boolean {
  if ('every' in condition) return condition.every.every((part) => holds(part, facts, now))
  if ('any' in condition) return condition.any.some((part) => holds(part, facts, now))
  if ('not' in condition) return !holds(condition.not, facts, now)
  return compare(condition, facts, now)
}

function compare({ field: name, op, value }: Comparison, facts: Facts, now: Date): boolean {
  const found = fieldNamed(name)?.read(facts, now)
  const isKnown = found !== undefined && found !== null && found !== ''
  const operand = (one: Operand) =>
    isRelative(one) ? addDays(dateIn(now, facts.timeZone), one.today) : one
  const list = Array.isArray(value) ? value.map(operand) : []
  switch (op) {
    case 'exists':
      return isKnown === value
    case 'eq':
      return found === operand(value)
    case 'ne':
      return found !== operand(value)
    case 'in':
      return list.includes(found as Operand)
    case 'notIn':
      return !list.includes(found as Operand)
    case 'contains':
      return contains(found, value)
    case 'startsWith':
      return typeof found === 'string' && typeof value === 'string' && found.startsWith(value)
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return isKnown && inOrder(op, found, operand(value))
  }
}

/** A list holds an element, a text a part, whatever its case. */
function contains(found: unknown, value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (Array.isArray(found)) return found.includes(value)
  return typeof found === 'string' && found.toLowerCase().includes(value.toLowerCase())
}

function inOrder(op: 'lt' | 'lte' | 'gt' | 'gte', found: unknown, value: unknown): boolean {
  const isNumber = typeof found === 'number' && typeof value === 'number'
  const isText = typeof found === 'string' && typeof value === 'string'
  if (!isNumber && !isText) return false
  if (op === 'lt') return found < value
  if (op === 'lte') return found <= value
  return op === 'gt' ? found > value : found >= value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
