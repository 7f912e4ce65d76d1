import type { Call } from './call.ts'
import {
  type Entity,
  type Field,
  type Fields,
  fieldsIn,
  type FieldType,
  type ReferenceType,
  type Row,
} from './entity.ts'
import { isObject, type Json } from './json.ts'
import { entityNamed } from './registry.ts'
import { findRows } from './store.ts'

/** Deeper than anybody expands; it also ends objects that refer to each other. */
const levelsMax = 3

/** Rows as a version words them: dates in ISO 8601, decimals as numbers, references bare, collapsed or whole. */
export async function showRows(call: Call, entity: Entity, rows: readonly Row[]): Promise<Json[]> {
  return showLevel(call, { entity, prefix: '', level: 0 }, rows)
}

interface Level {
  readonly entity: Entity
  /** The dotted way here, with a dot at its end. */
  readonly prefix: string
  readonly level: number
}

/** Whole objects by reference: `Customer 7` to its JSON. */
type Whole = ReadonlyMap<string, Json>

async function showLevel(call: Call, at: Level, rows: readonly Row[]): Promise<Json[]> {
  const wanted = new Map<string, { type: ReferenceType; path: string; ids: Set<number> }>()
  for (const row of rows)
    collect(row, at.entity.fields, { call, prefix: at.prefix, level: at.level, wanted })
  const whole = new Map<string, Json>()
  for (const { type, path, ids } of wanted.values()) {
    const entity = entityNamed(type.entity)
    const found = await findRows(call, entity, { ids: [...ids], limit: ids.size })
    const inner = { entity, prefix: `${path}.`, level: at.level + 1 }
    const shown = await showLevel(call, inner, found)
    shown.forEach((json, index) => whole.set(`${path} ${String(found[index]?.['id'])}`, json))
  }
  return rows.map((row) => showFields(row, at.entity.fields, { call, prefix: at.prefix, whole }))
}

interface Collecting {
  readonly call: Call
  readonly prefix: string
  readonly level: number
  readonly wanted: Map<string, { type: ReferenceType; path: string; ids: Set<number> }>
}

/** Which references have to be read to show a row. */
function collect(row: Row, fields: Fields, into: Collecting): void {
  for (const [name, { type, isHidden }] of fieldsIn(fields, into.call.version)) {
    const value = row[name]
    if (value === null || value === undefined || isHidden) continue
    const path = into.prefix + name
    if (type.kind === 'object' && isObject(value))
      collect(value, type.fields, { ...into, prefix: `${path}.` })
    if (type.kind !== 'reference' || !isWhole(type, path, into)) continue
    const ids = (Array.isArray(value) ? value : [value]).filter((id) => typeof id === 'number')
    const known = into.wanted.get(path) ?? { type, path, ids: new Set<number>() }
    for (const id of ids) known.ids.add(id)
    into.wanted.set(path, known)
  }
}

/** Version 1 shows an object where it is the field's own; version 2 where the caller asks for it (b.4). */
function isWhole(type: ReferenceType, path: string, { call, level }: Collecting): boolean {
  if (level >= levelsMax) return false
  if (call.version === 1) return type.v1 === 'object' && level === 0
  const isAsked = [...call.expand].some((name) => name === path || name.startsWith(`${path}.`))
  return type.v2 === 'object' && isAsked
}

interface Showing {
  readonly call: Call
  readonly prefix: string
  readonly whole: Whole
}

function showFields(row: Row, fields: Fields, showing: Showing): Json {
  const json: Json = {}
  for (const [name, field] of fieldsIn(fields, showing.call.version)) {
    const value = row[name]
    if (value === null || value === undefined || field.isHidden) continue
    json[name] = showValue(value, field, { ...showing, prefix: showing.prefix + name })
  }
  return json
}

function showValue(value: unknown, { type }: Field, showing: Showing): unknown {
  if (type.kind === 'reference') {
    return Array.isArray(value)
      ? value.map((id) => showReference(id, type, showing))
      : showReference(value, type, showing)
  }
  const inner = { ...showing, prefix: `${showing.prefix}.` }
  if (type.kind === 'object' && isObject(value)) return showFields(value, type.fields, inner)
  if (type.kind === 'list' && Array.isArray(value))
    return value.map((element) =>
      isObject(element) ? showFields(element, type.fields, inner) : element,
    )
  return showPlain(value, type)
}

function showPlain(value: unknown, type: FieldType): unknown {
  if (value instanceof Date) return value.toISOString()
  // A decimal is kept as text and goes out as the JSON number the SDKs expect.
  if (type.kind === 'decimal') return Number(value)
  return value
}

function showReference(
  id: unknown,
  type: ReferenceType,
  { call, prefix, whole }: Showing,
): unknown {
  const shape = call.version === 1 ? type.v1 : type.v2
  if (shape === 'id') return id
  return whole.get(`${prefix} ${String(id)}`) ?? { id }
}
