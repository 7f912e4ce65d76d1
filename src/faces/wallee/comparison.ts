import { decimalText } from './decimal.ts'
import type { FieldPath } from './field-path.ts'
import type { Operator } from './filter.ts'
import { readInstant } from './read-value.ts'
import { refuse } from './refusals.ts'

const forText: ReadonlySet<Operator> = new Set([
  'CONTAINS',
  'NOT_CONTAINS',
  'EQUALS_IGNORE_CASE',
  'NOT_EQUALS_IGNORE_CASE',
])
const forOrder: ReadonlySet<Operator> = new Set([
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL',
])

/** The value that a query compares a field with, in the field's own type. Throws where the two do not fit. */
export function comparedValue(
  path: FieldPath,
  leaf: { field: string; operator: Operator; value?: unknown },
): string | number | boolean | undefined {
  const { operator, field, value } = leaf
  if (operator === 'IS_NULL' || operator === 'IS_NOT_NULL') return undefined
  const { compared } = path
  const isText = compared === 'text' || compared === 'enum'
  if (compared === 'jsonb') throw unfit(field, operator)
  if (!isText && forText.has(operator)) throw unfit(field, operator)
  if (compared === 'boolean' && forOrder.has(operator)) throw unfit(field, operator)
  const read = readAs(path, value)
  if (read === undefined)
    throw refuse('invalid_parameter', `${field} cannot be compared with ${String(value)}`)
  return read
}

function readAs({ compared, type }: FieldPath, value: unknown) {
  const given = typeof value === 'string' || typeof value === 'number' ? value : undefined
  switch (compared) {
    case 'text':
      return given === undefined ? undefined : withoutNul(String(given))
    case 'enum':
      return type.kind === 'enum' && type.values.includes(String(value)) ? String(value) : undefined
    case 'bigint':
      return given === undefined || !/^-?\d{1,16}$/.test(String(given))
        ? undefined
        : safe(Number(given))
    case 'boolean':
      if (value === true || value === 'true') return true
      return value === false || value === 'false' ? false : undefined
    case 'numeric':
      return given === undefined ? undefined : decimalText(given)
    case 'date':
      return readInstant(value)?.slice(0, 10)
    case 'timestamptz':
      return readInstant(value)
    case 'jsonb':
      return undefined
  }
}

const safe = (value: number) => (Number.isSafeInteger(value) ? value : undefined)
const withoutNul = (text: string) => (text.includes('\0') ? undefined : text)
const unfit = (field: string, operator: Operator) =>
  refuse('invalid_parameter', `${field} cannot be searched with ${operator}`)
