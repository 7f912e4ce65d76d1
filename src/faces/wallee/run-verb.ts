import { type Call, inCall } from './call.ts'
import type { Entity, FieldType, Row, Values } from './entity.ts'
import { invalidInput } from './errors.ts'
import { type Filter } from './filter.ts'
import { isObject, type Json } from './json.ts'
import { type Mode, Problems, readFields } from './read-value.ts'
import { refuse } from './refusals.ts'
import { entityNamed } from './registry.ts'
import { showRows } from './show.ts'
import { findOne, findRows } from './store.ts'
import { deleteRow, insertRow, requireRow, updateRow } from './table-store.ts'
import { wordedViolation } from './violations.ts'

/** One object, as the call's version words it. */
export async function showOne(call: Call, entity: Entity, key: number | string): Promise<Json> {
  const [json = {}] = await showRows(call, entity, [await findOne(call, entity, key)])
  return json
}

/** Creates one from a body and answers its id. `fixed` is what the path says already. */
export async function createOne(
  call: Call,
  entity: Entity,
  given: { body: unknown; fixed?: Json },
): Promise<number> {
  const values = readBody(call, entity, { ...given, mode: 'create' })
  await requireReferences(call, entity, values)
  if (entity.create) return entity.create(call, values)
  const { store } = entity
  if (store.kind !== 'table') throw refuse('not_found')
  return inCall(call, (tx) => insertRow(tx, { entity, store, call }, values)).catch(wordedViolation)
}

/** Changes one; only what the body gives changes, null clears. */
export async function updateOne(
  call: Call,
  entity: Entity,
  given: { body: unknown; id: number; isNamedInBody?: boolean },
): Promise<void> {
  const { id, isNamedInBody = false } = given
  const body = isNamedInBody && isObject(given.body) ? withoutId(given.body) : given.body
  const { version, ...values } = readBody(call, entity, { body, mode: 'update' })
  await requireReferences(call, entity, values)
  const change = { id, version: Number(version), values }
  if (entity.update) return entity.update(call, change)
  const { store } = entity
  if (store.kind !== 'table') throw refuse('not_found')
  await inCall(call, (tx) => updateRow(tx, { entity, store, call }, change)).catch(wordedViolation)
}

/** Deletes one, or refuses because others refer to it. */
export async function deleteOne(call: Call, entity: Entity, id: number): Promise<void> {
  if (entity.remove) return entity.remove(call, id)
  const { store } = entity
  if (store.kind !== 'table') throw refuse('not_found')
  await inCall(call, (tx) => deleteRow(tx, { entity, store, call }, id)).catch(wordedViolation)
}

/** Throws `not_found` unless an entity of the id is there for the caller. */
export async function requireOne(call: Call, entity: Entity, id: number): Promise<void> {
  const { store } = entity
  if (store.kind === 'table')
    return inCall(call, (tx) => requireRow(tx, { entity, store, call }, id))
  await findOne(call, entity, id)
}

/** A condition that a field holds an id: that of the parent whose path was called. */
export const heldBy = (field: string, id: number): Filter => ({
  kind: 'leaf',
  field,
  operator: 'EQUALS',
  value: id,
})

function withoutId(body: Json): Json {
  const { id: _id, ...rest } = body
  return rest
}

function readBody(
  call: Call,
  entity: Entity,
  given: { body: unknown; mode: Mode; fixed?: Json },
): Values {
  const { body, mode, fixed = {} } = given
  if (!isObject(body)) throw refuse('invalid_parameter', 'the body is an object')
  const problems = new Problems()
  for (const [name, value] of Object.entries(fixed)) {
    if (body[name] !== undefined && body[name] !== value)
      problems.add(name, 'The field contradicts the path')
  }
  const whole = { ...body, ...fixed }
  const values = readFields(whole, entity.fields, { version: call.version, mode, problems })
  if (!problems.isEmpty) throw invalidInput(problems.errors)
  return values
}

/** What is referred to is there. */
async function requireReferences(call: Call, entity: Entity, values: Values): Promise<void> {
  const problems = new Problems()
  for (const { path, name, ids } of referencesIn(entity, values)) {
    const target = entityNamed(name)
    const found = await findRows(call, target, { ids, limit: ids.length })
    const known = new Set(found.map((row: Row) => row['id']))
    if (ids.some((id) => !known.has(id))) problems.add(path, `There is no such ${name}`)
  }
  if (!problems.isEmpty) throw invalidInput(problems.errors, 'unprocessable')
}

function referencesIn(entity: Entity, values: Values) {
  const found: { path: string; name: string; ids: number[] }[] = []
  const look = (path: string, type: FieldType, value: unknown): void => {
    if (value === null || value === undefined) return
    if (type.kind === 'reference') {
      const ids = (Array.isArray(value) ? value : [value]).map(Number)
      if (ids.length > 0) found.push({ path, name: type.entity, ids: [...new Set(ids)] })
    }
    if (type.kind !== 'object' || !isObject(value)) return
    for (const [name, field] of Object.entries(type.fields))
      look(`${path}.${name}`, field.type, value[name])
  }
  for (const [name, value] of Object.entries(values)) {
    const field = entity.fields[name]
    if (field) look(name, field.type, value)
  }
  return found
}
