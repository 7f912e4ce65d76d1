import { refuseCrm } from '../../crm/index.ts'
import { instantAt, isDate } from '../../kernel/dates.ts'

/** What a call says: the members of its body, or the parameters of its query. */
export interface Given {
  readonly values: Readonly<Record<string, unknown>>
  readonly isQuery: boolean
  readonly timeZone: string
}

export interface Named<F extends string> {
  readonly field: F
  readonly value: string
}

const textMax = 4_000

/** A text, or undefined where there is none; null and an empty query parameter are none. */
export function textOf(given: Given, name: string): string | undefined {
  const value = valueOf(given, name)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > textMax) throw refuseCrm('invalid_value', name)
  return value
}

export function requireText(given: Given, name: string): string {
  const text = textOf(given, name)
  if (text === undefined || text === '') throw refuseCrm('mandatory_missing', name)
  return text
}

/** A text that a null unsets. */
export function nullableText(given: Given, name: string): string | null | undefined {
  return valueOf(given, name) === null ? null : textOf(given, name)
}

/**
 * The object that an identifier names by exactly one field: `{"number":"1"}` in a body, `number=1` as the value of a query
 * parameter, where everything after the first equals sign is the value.
 */
export function identifierOf<F extends string>(
  given: Given,
  name: string,
  fields: readonly F[],
): Named<F> | undefined {
  const value = valueOf(given, name)
  if (value === undefined || value === null) return undefined
  return given.isQuery ? splitIdentifier(value, name, fields) : oneMember(value, name, fields)
}

export function requireIdentifier<F extends string>(
  given: Given,
  name: string,
  fields: readonly F[],
): Named<F> {
  const identifier = identifierOf(given, name, fields)
  if (!identifier) throw refuseCrm('mandatory_missing', name)
  return identifier
}

function splitIdentifier<F extends string>(
  value: unknown,
  name: string,
  fields: readonly F[],
): Named<F> {
  if (Array.isArray(value)) throw refuseCrm('not_exactly_one', name)
  const [, field = '', text = ''] = /^([^=]*)=(.*)$/s.exec(String(value)) ?? []
  if (field === '' || text === '') throw refuseCrm('not_exactly_one', name)
  return named(field, text, { name, fields })
}

/** What an object of a body names by its only member. */
export function oneMember<F extends string>(
  value: unknown,
  name: string,
  fields: readonly F[],
): Named<F> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuseCrm('invalid_value', name)
  const members = Object.entries(value).filter(([, member]) => member !== null)
  const [first] = members
  if (!first || members.length > 1) throw refuseCrm('not_exactly_one', name)
  const [field, text] = first
  if (typeof text !== 'string') throw refuseCrm('invalid_value', `${name}.${field}`)
  return named(field, text, { name, fields })
}

function named<F extends string>(
  field: string,
  value: string,
  of: { name: string; fields: readonly F[] },
): Named<F> {
  const known = of.fields.find((candidate) => candidate === field)
  if (known === undefined) throw refuseCrm('invalid_identifier_field', `${of.name}: ${field}`)
  if (value.length > textMax) throw refuseCrm('invalid_value', of.name)
  return { field: known, value }
}

/** The decimal text of a number, which may come as a number or as text. */
export function decimalOf(given: Given, name: string): string | undefined {
  const value = valueOf(given, name)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return value.trim()
  throw refuseCrm('invalid_value', name)
}

/** A whole number between bounds, as text or number. */
export function wholeOf(
  given: Given,
  name: string,
  { least, most }: { least: number; most: number },
): number | undefined {
  const text = decimalOf(given, name)
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least || number > most) throw refuseCrm('invalid_value', name)
  return number
}

/** `YYYY-MM-DDTHH:mm:ss` as clocks of the tenant show it. */
export function timeOf(given: Given, name: string): Date | undefined {
  const text = textOf(given, name)
  return text === undefined ? undefined : requireTime(text, { name, timeZone: given.timeZone })
}

const timePattern = /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)$/

function requireTime(text: string, of: { name: string; timeZone: string }): Date {
  const [, date = '', time = ''] = timePattern.exec(text) ?? []
  if (!isDate(date)) throw refuseCrm('invalid_value', of.name)
  return instantAt(date, time, of.timeZone)
}

const floatPattern = /^-?\d{1,15}(\.\d{1,15})?$/

/** The user-defined fields that are given: eight texts, four numbers, four dates. Null unsets one. */
export function udfOf(given: Given): Record<string, string | number | null> {
  const found: Record<string, string | number | null> = {}
  for (const [name, value] of Object.entries(given.values)) {
    const kind = /^udf_(?:(string)_[1-8]|(float)_[1-4]|(date)_[1-4])$/.exec(name)
    if (!kind) continue
    if (value === null) found[name] = null
    else if (kind[2] !== undefined) found[name] = floatOf(given, name)
    else {
      const text = textOf(given, name) ?? ''
      if (kind[3] !== undefined) requireTime(text, { name, timeZone: given.timeZone })
      found[name] = text
    }
  }
  return found
}

/** All sixteen names, in the order of the samples. */
export const udfNames = [
  ...Array.from({ length: 8 }, (_, index) => `udf_string_${index + 1}`),
  ...Array.from({ length: 4 }, (_, index) => `udf_float_${index + 1}`),
  ...Array.from({ length: 4 }, (_, index) => `udf_date_${index + 1}`),
]

function floatOf(given: Given, name: string): number {
  const text = decimalOf(given, name) ?? ''
  if (!floatPattern.test(text)) throw refuseCrm('invalid_value', name)
  return Number(text)
}

const setMax = 1_000

/** The objects of a set, each with what it asks to be done. */
export function setOf(given: Given, name: string): Given[] | undefined {
  const value = valueOf(given, name)
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length > setMax) throw refuseCrm('invalid_value', name)
  return value.map((member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member))
      throw refuseCrm('invalid_value', name)
    return { ...given, values: member as Record<string, unknown>, isQuery: false }
  })
}

/** The names of the fields that an answer is to have; undefined: all. A body may list them too. */
export function fieldsSetOf(given: Given): ReadonlySet<string> | undefined {
  const value = valueOf(given, 'fields_set')
  if (value === undefined || value === null) return undefined
  const names = Array.isArray(value) ? value : [value]
  if (names.some((name) => typeof name !== 'string')) throw refuseCrm('invalid_value', 'fields_set')
  const listed = (names as string[]).flatMap((name) => name.split(',')).map((name) => name.trim())
  return listed.some((name) => name !== '') ? new Set(listed) : undefined
}

function valueOf(given: Given, name: string): unknown {
  const value = Object.hasOwn(given.values, name) ? given.values[name] : undefined
  return given.isQuery && value === '' ? undefined : value
}
