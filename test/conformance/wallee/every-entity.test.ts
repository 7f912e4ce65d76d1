import { beforeAll, describe, expect, test } from 'vitest'
import { type Entity, type Field, fieldsIn } from '../../../src/faces/wallee/entity.ts'
import { entities } from '../../../src/faces/wallee/registry.ts'
import { world } from '../../world.ts'
import { type Door, doorsOf, type Json, make } from './doors.ts'
import { samples } from './samples.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
let others: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
  others = client(it, await it.tenant())
})

const served = entities.filter(({ v1, v2 }) => v1 || v2)
const tables = served.filter(({ store, name }) => store.kind === 'table' && samples[name])
const each = tables.flatMap((entity) =>
  doorsOf(entity).map((door) => [entity.name, door.version, entity, door] as const),
)
const able = (verb: 'create' | 'update' | 'delete' | 'read' | 'search') =>
  each.filter(([, , , door]) => door.has(verb))
const lists = served.filter(({ store }) => store.kind === 'list')

const isPlain = ({ type }: Field) => !['reference', 'object', 'list', 'json'].includes(type.kind)

/** What both versions show of an object alike. */
function plainOf(entity: Entity, object: Json): Json {
  const names = fieldsIn(entity.fields, 1)
    .filter(([, field]) => field.only === undefined && isPlain(field))
    .map(([name]) => name)
  return Object.fromEntries(names.map((name) => [name, object[name]]))
}

test('every entity that a caller can write has a sample, so that nothing below passes it by', () => {
  const writable = served.filter(({ store }) => store.kind === 'table')
  expect(writable.filter(({ name }) => !samples[name]).map(({ name }) => name)).toEqual([])
})

describe.each(able('create'))('%s through version %i', (_name, _version, entity, door) => {
  test('is created with what the caller gave, and read back equal', async () => {
    const body = await samples[entity.name]!.body!(us)
    const made = await door.create(us, body)
    expect(made.status, JSON.stringify(made.body)).toBe(door.version === 1 ? 200 : 201)
    for (const [name, field] of fieldsIn(entity.fields, door.version)) {
      if (isPlain(field) && body[name] !== undefined) expect(made.body[name]).toEqual(body[name])
    }
    const { macKey: _once, ...object } = made.body
    expect((await door.read(us, object)).body).toEqual(object)
  })

  test('is refused with an unknown field, a wrong type or a text too long, and none is left', async () => {
    const body = await samples[entity.name]!.body!(us)
    for (const wrong of wrongBodies(entity, door, 'create')) {
      const answer = await door.create(us, { ...body, ...wrong })
      expect(answer.status, JSON.stringify([wrong, answer.body])).toBe(door.refused.invalid)
      if (door.version === 2)
        expect(Object.keys(answer.body.errors)[0]).toMatch(new RegExp(`^${Object.keys(wrong)[0]}`))
    }
    if (door.version === 2 && entity.v2?.parent) return
    const list = await door.create(us, [] as never)
    expect(list.status).toBe(door.refused.invalid)
  })
})

describe.each(able('read'))('%s through version %i', (_name, _version, entity, door) => {
  test('has the same values in both versions', async () => {
    const object = await make(us, entity)
    const shown = await Promise.all(
      doorsOf(entity)
        .filter((one) => one.has('read'))
        .map(async (one) => plainOf(entity, (await one.read(us, object)).body)),
    )
    for (const one of shown) expect(one).toEqual(shown[0])
  })

  test('does not exist for another tenant', async () => {
    const object = await make(us, entity)
    expect((await door.read(others, object)).status).toBe(door.refused.unknown)
    expect((await door.read(us, { ...object, id: 999_999_999 })).status).toBe(door.refused.unknown)
    if (door.has('update')) {
      const change = { version: object.version, ...samples[entity.name]!.change }
      expect((await door.update(others, object, change)).status).toBe(door.refused.unknown)
    }
    if (door.has('delete'))
      expect((await door.remove(others, object)).status).toBe(door.refused.unknown)
    expect((await door.read(us, object)).body.version).toBe(object.version)
  })
})

describe.each(able('update'))('%s through version %i', (_name, _version, entity, door) => {
  test('changes what is given and nothing else, and counts its version', async () => {
    const object = await make(us, entity)
    const change = samples[entity.name]!.change!
    const changed = await door.update(us, object, { version: object.version, ...change })
    expect(changed.status, JSON.stringify(changed.body)).toBe(200)
    expect(changed.body).toMatchObject(change)
    expect(changed.body.version).toBeGreaterThan(object.version)
    const { version: _v, editedBy: _b, editedOn: _o, ...rest } = changed.body
    const { version: _w, macKey: _k, ...before } = object
    if (door === doorsOf(entity)[0]) expect(rest).toEqual({ ...before, ...change })
    const stale = await door.update(us, object, { version: object.version, ...change })
    expect(stale.status).toBe(409)
  })

  test('is refused without a version, with an unknown field, a wrong type or a text too long', async () => {
    const object = await make(us, entity)
    const { version } = object
    for (const wrong of [{ version: undefined }, ...wrongBodies(entity, door, 'update')]) {
      const answer = await door.update(us, object, { version, ...wrong })
      expect(answer.status, JSON.stringify([wrong, answer.body])).toBe(door.refused.invalid)
    }
    expect((await door.read(us, object)).body.version).toBe(version)
  })
})

describe.each(able('delete'))('%s through version %i', (_name, _version, entity, door) => {
  test('is gone after a delete, or says that it is deleted', async () => {
    const object = await make(us, entity)
    const removed = await door.remove(us, object)
    expect(removed.status, JSON.stringify(removed.body)).toBe(door.version === 1 ? 200 : 204)
    const read = await door.read(us, object)
    if (read.status === 200) expect(read.body.state).toBe('DELETED')
    else expect(read.status).toBe(door.refused.unknown)
  })
})

describe.each(able('search'))('%s through version %i', (_name, _version, entity, door) => {
  test('is found by every operator on every field, and not by its opposite', async () => {
    const made = await make(us, entity)
    const object = (await door.read(us, made)).body
    for (const [name, field] of fieldsIn(entity.fields, door.version)) {
      if (field.filter === false || field.isHidden) continue
      for (const query of queriesOf(name, field, object[name])) {
        const found = await door.search(us, object, ofObject(object.id, query))
        expect(found.status, JSON.stringify([name, query, found.body])).toBe(200)
        const ids = found.body.map((one: Json) => one['id'])
        expect(ids, JSON.stringify(query)).toEqual(query.isFound ? [object.id] : [])
      }
    }
  })

  test('is not searched by a field that there is not, nor by a value that does not fit', async () => {
    const object = (await door.read(us, await make(us, entity))).body
    const leaf = (fieldName: string, operator: string, value?: unknown) =>
      ({ type: 'LEAF', fieldName, operator, value }) as Json
    for (const query of [
      { v1: leaf('nonsense', 'EQUALS', 1), v2: 'nonsense:1' },
      { v1: leaf('tenant_id', 'IS_NOT_NULL'), v2: '-tenant_id:*' },
      { v1: leaf('constructor', 'EQUALS', 1), v2: 'constructor:1' },
      { v1: leaf('id', 'EQUALS', 'abc'), v2: 'id:abc' },
      { v1: leaf('id', 'CONTAINS', '1'), v2: 'id:~1' },
      { v1: leaf('id', 'LIKES', 1), v2: 'id:' },
      { v1: { type: 'AND', children: [] }, v2: '(id:1' },
    ]) {
      const answer = await door.search(us, object, query)
      expect(answer.status, JSON.stringify(query)).toBe(door.refused.invalid)
    }
  })
})

describe.each(
  able('search')
    .filter(([, version]) => version === 2)
    .map(([name, , entity]) => [name, entity] as const),
)('%s', (_name, entity) => {
  test('is listed page by page, forwards and backwards, each once', async () => {
    // A tenant of its own: one page has to hold all there is.
    const us = client(it, await it.tenant())
    const first = await make(us, entity)
    const { parent } = entity.v2!
    // Below a parent the others have to be its own.
    const body = await samples[entity.name]!.body?.(us)
    for (let i = 0; i < 2; i += 1) {
      if (!body || !parent) await make(us, entity)
      else {
        const field = parent.field
        await us.v2('POST', pathOf(entity, first), {
          ...body,
          [field]: samples[entity.name]!.parent!(first),
        })
      }
    }
    const path = pathOf(entity, first)
    const whole = await us.v2('GET', `${path}?limit=100`)
    const ids: number[] = whole.body.data.map((one: Json) => one['id'])
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(ids.length).toBeGreaterThanOrEqual(3)
    const paged: number[] = []
    for (let after = ''; ;) {
      const page = await us.v2('GET', `${path}?limit=2${after}`)
      expect(page.body).toMatchObject({ limit: 2 })
      paged.push(...page.body.data.map((one: Json) => one['id']))
      if (!page.body.hasMore) break
      after = `&after=${paged.at(-1)}`
    }
    expect(paged).toEqual(ids)
    const before = await us.v2('GET', `${path}?limit=2&before=${ids[2]}`)
    expect(before.body.data.map((one: Json) => one['id'])).toEqual(ids.slice(0, 2))
    const down = await us.v2('GET', `${path}?limit=100&order=DESC`)
    expect(down.body.data.map((one: Json) => one['id'])).toEqual(ids.toReversed())
    expect((await us.v2('GET', `${path}?limit=101`)).status).toBe(400)
    expect((await us.v2('GET', `${path}/search?offset=10001`)).status).toBe(416)
  })
})

describe.each(lists.map((entity) => [entity.name, entity] as const))('%s', (_name, entity) => {
  test('is the same in both versions, found by its key and by a search', async () => {
    const { v1, v2, key = 'id' } = entity
    const all = v1?.verbs.includes('all') ? (await us.v1('GET', `${v1.path}/all`)).body : undefined
    if (all) expect(all.length).toBeGreaterThan(0)
    if (!v2) return
    const { body: page } = await us.v2('GET', `${v2.path}${v2.isWhole ? '' : '?limit=100'}`)
    const [first] = page.data as Json[]
    const keys = (rows: Json[]) => rows.map((row) => row[key])
    if (all && !page.hasMore) expect(keys(page.data)).toEqual(keys(all))
    const one = await us.v2('GET', `${v2.path}/${first![key]}`)
    expect(one.body).toEqual(first)
    expect((await us.v2('GET', `${v2.path}/0`)).status).toBe(404)
    const found = await us.v2('GET', `${v2.path}/search?query=${key}:${first![key]}`)
    expect(found.body.data).toEqual([first])
    if (v1?.verbs.includes('read'))
      expect((await us.v1('GET', `${v1.path}/read?id=${first![key]}`)).body[key]).toBe(first![key])
  })
})

function pathOf(entity: Entity, object: Json): string {
  const { path, parent } = entity.v2!
  return parent
    ? path.replace(`{${parent.param}}`, String(samples[entity.name]!.parent!(object)))
    : path
}

function wrongBodies(entity: Entity, door: Door, mode: 'create' | 'update'): Json[] {
  const wrong: Json[] = [{ nonsense: 1 }, { id2: null }]
  for (const [name, field] of fieldsIn(entity.fields, door.version)) {
    // Version 2 names the parent in the path.
    const isParent = door.version === 2 && entity.v2?.parent?.field === name
    if (name === 'id' || isParent) continue
    if (field[mode] === undefined) wrong.push({ [name]: 'x' })
    else wrong.push(...wrongValues(field).map((value) => ({ [name]: value })))
  }
  return wrong
}

function wrongValues({ type }: Field): unknown[] {
  switch (type.kind) {
    case 'text':
      return [7, {}, ...(type.max === undefined ? [] : ['x'.repeat(type.max + 1)])]
    case 'enum':
      return ['NONSENSE', 7]
    case 'long':
    case 'integer':
      return ['x', 1.5, true]
    case 'boolean':
      return ['true', 1]
    case 'decimal':
      return ['x', {}]
    case 'date':
    case 'dateTime':
      return ['2026-02-30', 7, 'x']
    case 'reference':
      return ['x', 1.5]
    case 'map':
      return [7, { key: 7 }]
    case 'texts':
    case 'longs':
    case 'list':
      return [7, {}]
    case 'object':
      return [7, { nonsense: 1 }]
    case 'json':
      return []
  }
}

interface Question {
  readonly v1: Json
  readonly v2: string
  readonly isFound: boolean
}

function ofObject(id: number, { v1, v2 }: Question) {
  const leaf = { type: 'LEAF', fieldName: 'id', operator: 'EQUALS', value: id }
  return { v1: { type: 'AND', children: [leaf, v1] }, v2: `id:${id} AND (${v2})` }
}

/** What finds an object by the value of one of its fields, and what does not, in both languages. */
function queriesOf(name: string, { type }: Field, value: unknown): Question[] {
  const ask = (operator: string, given: unknown, v2: string, isFound: boolean): Question => ({
    v1: { type: 'LEAF', fieldName: name, operator, value: given },
    v2,
    isFound,
  })
  const isEmpty = value === undefined
  const nulls = [
    ask('IS_NULL', undefined, `${name}:*`, isEmpty),
    ask('IS_NOT_NULL', undefined, `-${name}:*`, !isEmpty),
  ]
  const isList = ['map', 'texts', 'longs', 'object', 'list', 'json'].includes(type.kind)
  if (isEmpty || isList || (type.kind === 'reference' && type.isList)) return nulls
  const compared = typeof value === 'object' ? (value as Json)['id'] : value
  const quoted = `"${String(compared)}"`
  const equal = [
    ask('EQUALS', compared, `${name}:${quoted}`, true),
    ask('NOT_EQUALS', compared, `-${name}:${quoted}`, false),
  ]
  if (type.kind === 'boolean') return [...nulls, ...equal]
  const ordered = [
    ask('GREATER_THAN', compared, `${name}:>${quoted}`, false),
    ask('GREATER_THAN_OR_EQUAL', compared, `${name}:>=${quoted}`, true),
    ask('LESS_THAN', compared, `${name}:<${quoted}`, false),
    ask('LESS_THAN_OR_EQUAL', compared, `${name}:<=${quoted}`, true),
  ]
  if (type.kind !== 'text' || typeof compared !== 'string') return [...nulls, ...equal, ...ordered]
  const inner = compared.slice(1, -1).toUpperCase()
  const upper = compared.toUpperCase()
  return [
    ...nulls,
    ...equal,
    ...ordered,
    ask('CONTAINS', inner, `${name}:~"${inner}"`, true),
    ask('NOT_CONTAINS', inner, `-${name}:~"${inner}"`, false),
    ask('EQUALS_IGNORE_CASE', upper, `${name}:${quoted}`, true),
    ask('NOT_EQUALS_IGNORE_CASE', upper, `-${name}:${quoted}`, false),
  ]
}
