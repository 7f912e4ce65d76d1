import { randomInt } from 'node:crypto'
import type { Path } from './doors.ts'

interface Schema {
  readonly type?: string
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly enum?: unknown
  readonly const?: unknown
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly if?: Schema
  readonly then?: Schema
}

export interface TextPlace {
  readonly path: Path
  readonly lengthMax: number
  /** What the document has there; `undefined` where it has nothing. */
  readonly value: unknown
}

/** Text by chance, four bytes a character: nothing makes it shorter. */
export function denseText(length: number): string {
  return Array.from({ length }, () => String.fromCodePoint(0x20000 + randomInt(40_000))).join('')
}

/** Every place of a document in which its schema lets any text stand, also those in which there is none. */
export function textPlaces(schema: Schema, value: unknown, path: Path = []): TextPlace[] {
  const all = partsOf(schema, value)
  const text = all.find((one) => one.type === 'string' && isFree(one))
  if (text && (typeof value === 'string' || value === undefined))
    return [{ path, value, lengthMax: text.maxLength ?? 1_000 }]
  if (Array.isArray(value)) {
    const items = all.flatMap((one) => one.items ?? [])
    return value.flatMap((member, place) => below(items, member, [...path, place]))
  }
  if (typeof value !== 'object' || value === null) return []
  const given = value as Readonly<Record<string, unknown>>
  const names = new Set([
    ...Object.keys(given),
    ...all.flatMap((one) => Object.keys(one.properties ?? {})),
  ])
  return [...names].flatMap((name) => below(membersOf(all, name), given[name], [...path, name]))
}

const below = (schemas: readonly Schema[], value: unknown, path: Path) =>
  schemas.slice(0, 1).flatMap((schema) => textPlaces(schema, value, path))

const isFree = (one: Schema) => !one.pattern && !one.format && !one.enum && one.const === undefined

function membersOf(schemas: readonly Schema[], name: string): Schema[] {
  return schemas.flatMap(({ properties, additionalProperties: other }) => {
    const own = properties?.[name]
    if (own) return [own]
    return typeof other === 'object' ? [other] : []
  })
}

/** A schema and those that hold with it for this value; of alternatives, those that are told by what the value has. */
function partsOf(schema: Schema, value: unknown): Schema[] {
  const kinds = schema.anyOf?.filter((one) => value === undefined || fits(one, value)) ?? []
  const holds = schema.then && schema.if && fits(schema.if, value) ? [schema.then] : []
  const more = [...(schema.allOf ?? []), ...kinds, ...holds]
  return [schema, ...more.flatMap((one) => partsOf(one, value))]
}

function fits({ type, required = [] }: Schema, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return type === typeof value
  return required.every((name) => Object.hasOwn(value, name))
}

/** A copy of a document with this text in one place. */
export function withText<T>(document: T, path: Path, text: string): T {
  const [step, ...rest] = path
  if (step === undefined) return text as T
  const copy = structuredClone(document) as Record<string | number, unknown>
  copy[step] = withText(copy[step], rest, text)
  return copy as T
}
