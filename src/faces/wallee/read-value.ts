import { isDate, isTimeZone } from '../../kernel/dates.ts'
import { isCurrency } from '../../kernel/currencies.ts'
import { decimalText } from './decimal.ts'
import { type Field, type Fields, fieldsIn, type FieldType, type TextFormat } from './entity.ts'
import { isObject, type Json } from './json.ts'

export type Mode = 'create' | 'update'

/** Collects what is wrong with an input, by the path of the field; the first word on each field stays. */
export class Problems {
  readonly errors: Record<string, string> = {}

  add(path: string, message: string): undefined {
    this.errors[path] ??= message
    return undefined
  }

  get isEmpty(): boolean {
    return Object.keys(this.errors).length === 0
  }
}

interface Reading {
  readonly version: 1 | 2
  readonly mode: Mode
  readonly problems: Problems
}

const mapEntriesMax = 50
const mapTextMax = 512
const listMax = 1_000
const integerMax = 2 ** 31 - 1

/** The values of an object's writable fields, checked. What is wrong is left in `problems`. */
export function readFields(
  input: Json,
  fields: Fields,
  reading: Reading & { path?: string },
): Record<string, unknown> {
  const { mode, problems, version, path = '' } = reading
  const values: Record<string, unknown> = {}
  const known = new Map(fieldsIn(fields, version))
  for (const [name, value] of Object.entries(input)) {
    const field = known.get(name)
    const at = `${path}${name}`
    const right = field?.[mode]
    if (!field || field.isHidden) problems.add(at, 'There is no such field')
    else if (right === undefined) problems.add(at, 'The field cannot be written')
    else if (value === null) values[name] = readNull(right, at, problems)
    else values[name] = readTyped(value, field.type, { ...reading, path: at })
  }
  for (const [name, field] of known) {
    const isMissing = field[mode] === 'required' && input[name] === undefined
    if (isMissing) problems.add(`${path}${name}`, 'The field is required')
  }
  return values
}

function readNull(right: Field['create'], at: string, problems: Problems): null | undefined {
  if (right === 'required') return problems.add(at, 'The field is required')
  return null
}

type At = Reading & { readonly path: string }

/** One value by its type, as it is kept; undefined, and a problem, where it is not of that type. */
export function readTyped(value: unknown, type: FieldType, at: At): unknown {
  switch (type.kind) {
    case 'text':
      return readText(value, type, at)
    case 'enum':
      return readEnum(value, type.writable ?? type.values, at)
    case 'long':
    case 'integer':
      return readWhole(value, type, at)
    case 'boolean':
      return typeof value === 'boolean' ? value : at.problems.add(at.path, 'The value is a boolean')
    case 'decimal':
      return readDecimal(value, at)
    case 'date':
      return readDate(value) ?? at.problems.add(at.path, 'The value is a date such as 2026-01-31')
    case 'dateTime':
      return readInstant(value) ?? at.problems.add(at.path, 'The value is a date and time')
    case 'reference':
      return readReference(value, type, at)
    case 'json':
      return at.problems.add(at.path, 'The field cannot be written')
    case 'map':
    case 'texts':
    case 'longs':
    case 'object':
    case 'list':
      return readComposite(value, type, at)
  }
}

function readEnum(value: unknown, values: readonly string[], at: At): unknown {
  if (typeof value === 'string' && values.includes(value)) return value
  return at.problems.add(at.path, `The value is one of ${values.join(', ')}`)
}

type Composite = Extract<FieldType, { kind: 'map' | 'texts' | 'longs' | 'object' | 'list' }>

function readComposite(value: unknown, type: Composite, at: At): unknown {
  switch (type.kind) {
    case 'map':
      return type.of ? readMapOf(value, type.of, at) : readMap(value, at)
    case 'texts':
      return readList(value, at, (element, inner) =>
        readText(element, { max: type.max ?? mapTextMax }, inner),
      )
    case 'longs':
      return readList(value, at, (element, inner) => readWhole(element, { kind: 'long' }, inner))
    case 'object':
      return readObject(value, type.fields, at)
    case 'list':
      return readList(
        value,
        at,
        (element, inner) => readObject(element, type.fields, inner),
        type.max,
      )
  }
}

function readObject(value: unknown, fields: Fields, at: At): unknown {
  if (!isObject(value)) return at.problems.add(at.path, 'The value is an object')
  const inner = readFields(value, fields, { ...at, mode: 'create', path: `${at.path}.` })
  return Object.fromEntries(Object.entries(inner).filter(([, part]) => part !== null))
}

// oxlint-disable-next-line max-params -- a list, where it is, what stands in it and how much
function readList(
  value: unknown,
  at: At,
  readOne: (element: unknown, at: At) => unknown,
  max = listMax,
): unknown {
  if (!Array.isArray(value)) return at.problems.add(at.path, 'The value is a list')
  if (value.length > max) return at.problems.add(at.path, `The list has at most ${max} elements`)
  return value.map((element, index) => readOne(element, { ...at, path: `${at.path}[${index}]` }))
}

function readMap(value: unknown, at: At): unknown {
  if (!isObject(value)) return at.problems.add(at.path, 'The value is an object of texts')
  const entries = Object.entries(value)
  if (entries.length > mapEntriesMax)
    return at.problems.add(at.path, `There are at most ${mapEntriesMax} entries`)
  for (const [key, one] of entries) {
    if (typeof one !== 'string' || one.length > mapTextMax || key.length > mapTextMax)
      return at.problems.add(at.path, `Keys and values are texts of at most ${mapTextMax}`)
  }
  return value
}

function readMapOf(value: unknown, fields: Fields, at: At): unknown {
  if (!isObject(value)) return at.problems.add(at.path, 'The value is an object of objects')
  const entries = Object.entries(value)
  if (entries.length > mapEntriesMax)
    return at.problems.add(at.path, `There are at most ${mapEntriesMax} entries`)
  return Object.fromEntries(
    entries.map(([key, one]) => [
      key,
      readObject(one, fields, { ...at, path: `${at.path}.${key}` }),
    ]),
  )
}

type TextRule = { readonly min?: number; readonly max?: number; readonly format?: TextFormat }

const textMaxDefault = 1_000

function readText(value: unknown, rule: TextRule, at: At): string | undefined {
  if (typeof value !== 'string') return at.problems.add(at.path, 'The value is a text')
  const { min = 0, max = textMaxDefault, format } = rule
  // A limit counts characters, as people see them, not UTF-16 units.
  const length = value.length <= max ? value.length : Array.from(value).length
  if (length > max) return at.problems.add(at.path, `The text has at most ${max} characters`)
  if (length < min) return at.problems.add(at.path, `The text has at least ${min} characters`)
  if (format !== undefined && !formats[format].test(value))
    return at.problems.add(at.path, formats[format].says)
  return value
}

const formats: Record<TextFormat, { test: (value: string) => boolean; says: string }> = {
  ascii: {
    test: (value) => /^[\x20-\x7e]*$/.test(value),
    says: 'The text consists of printable ASCII characters',
  },
  email: {
    test: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
    says: 'The text is an e-mail address',
  },
  currency: { test: isCurrency, says: 'The text is a currency code of ISO 4217' },
  country: {
    test: (value) => /^[A-Z]{2}$/.test(value),
    says: 'The text is a country code of ISO 3166',
  },
  timeZone: { test: isTimeZone, says: 'The text is the name of a time zone' },
  url: { test: isHttpUrl, says: 'The text is an http or https address' },
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

type WholeType = {
  readonly kind: 'long' | 'integer'
  readonly min?: number
  readonly max?: number
}

function readWhole(value: unknown, type: WholeType, at: At): number | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return at.problems.add(at.path, 'The value is a whole number')
  const most = type.kind === 'integer' ? integerMax : Number.MAX_SAFE_INTEGER
  const { min = -most, max = most } = type
  if (value < min || value > max)
    return at.problems.add(at.path, `The number lies between ${min} and ${max}`)
  return value
}

function readDecimal(value: unknown, at: At): string | undefined {
  const isGiven = typeof value === 'number' || typeof value === 'string'
  const read = isGiven ? decimalText(value) : undefined
  return read ?? at.problems.add(at.path, 'The value is a decimal number')
}

/** Version 1 clients send whole instants where a date is meant, a.5; its date is what is meant. */
export function readDate(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const day = /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(value)?.[0]
  if (day === undefined || day.startsWith('0000') || !isDate(day)) return undefined
  return value.length === 10 || !Number.isNaN(Date.parse(value)) ? day : undefined
}

/** An instant in ISO 8601, with a zone's name behind it or not, a day alone, or JavaScript's own wording of a date. */
export function readInstant(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 100) return undefined
  const plain = value.replace(/\[[\w/+-]+\]$/, '').replace(/ \([^)]*\)$/, '')
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/
  const isWorded = /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4}$/
  if (!isIso.test(plain) && !isWorded.test(plain)) return undefined
  // A time without a zone is taken for UTC, wherever this server stands.
  const hasTime = isIso.test(plain) && plain.includes('T')
  const ms = Date.parse(hasTime && !/(Z|[+-]\d{2}:?\d{2})$/.test(plain) ? `${plain}Z` : plain)
  if (Number.isNaN(ms) || (isIso.test(plain) && !isDate(plain.slice(0, 10)))) return undefined
  const instant = new Date(ms)
  return instant.getUTCFullYear() >= 1 ? instant.toISOString() : undefined
}

function readReference(
  value: unknown,
  type: Extract<FieldType, { kind: 'reference' }>,
  at: At,
): unknown {
  const readOne = (element: unknown, inner: At) => {
    const id = type.writes === 'object' && isObject(element) ? element['id'] : element
    return readWhole(id, { kind: 'long', min: 0 }, inner)
  }
  return type.isList ? readList(value, at, readOne) : readOne(value, at)
}
