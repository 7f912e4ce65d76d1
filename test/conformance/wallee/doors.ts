import { expect } from 'vitest'
import type { Entity } from '../../../src/faces/wallee/entity.ts'
import type { Answer } from '../../world.ts'
import { samples } from './samples.ts'
import type { Client } from './sign.ts'

export type Json = Record<string, any>

/** An entity's verbs through one version, all worded alike, so that a test is written once for both. */
export interface Door {
  readonly version: 1 | 2
  has(verb: 'create' | 'update' | 'delete' | 'read' | 'search'): boolean
  create(us: Client, body: Json): Promise<Answer<any>>
  read(us: Client, object: Json): Promise<Answer<any>>
  update(us: Client, object: Json, change: unknown): Promise<Answer<any>>
  remove(us: Client, object: Json): Promise<Answer<any>>
  /** The objects that a query finds, in version 1's words or version 2's. */
  search(us: Client, object: Json, query: { v1: Json; v2: string }): Promise<Answer<any>>
  readonly refused: { invalid: number; unknown: number }
}

export function doorsOf(entity: Entity): Door[] {
  return [...(entity.v1 ? [firstDoor(entity)] : []), ...(entity.v2 ? [secondDoor(entity)] : [])]
}

function firstDoor(entity: Entity): Door {
  const { path, verbs } = entity.v1!
  return {
    version: 1,
    refused: { invalid: 442, unknown: 442 },
    has: (verb) => verbs.includes(verb),
    create: (us, body) => us.v1('POST', `${path}/create`, body),
    read: (us, { id }) => us.v1('GET', `${path}/read?id=${id}`),
    update: (us, { id }, change) => us.v1('POST', `${path}/update`, { id, ...(change as Json) }),
    remove: (us, { id }) => us.v1('POST', `${path}/delete`, id),
    search: (us, _object, { v1 }) =>
      us.v1('POST', `${path}/search`, { filter: v1, numberOfEntities: 100 }),
  }
}

function secondDoor(entity: Entity): Door {
  const { path, verbs, parent } = entity.v2!
  const below = (object: Json) =>
    parent ? path.replace(`{${parent.param}}`, String(samples[entity.name]!.parent!(object))) : path
  return {
    version: 2,
    refused: { invalid: 400, unknown: 404 },
    has: (verb) => verbs.includes(verb === 'read' ? 'get' : verb),
    create: (us, body) => us.v2('POST', below(body), body),
    read: (us, object) => us.v2('GET', `${below(object)}/${object.id}`),
    update: (us, object, change) => us.v2('PATCH', `${below(object)}/${object.id}`, change),
    remove: (us, object) => us.v2('DELETE', `${below(object)}/${object.id}`),
    async search(us, object, { v2 }) {
      const query = new URLSearchParams({ query: v2, limit: '100' })
      const answer = await us.v2('GET', `${below(object)}/search?${query}`)
      return answer.status === 200 ? { ...answer, body: answer.body.data } : answer
    },
  }
}

/** A new object of an entity, as the first door that can make one shows it. */
export async function make(us: Client, entity: Entity): Promise<Json> {
  const sample = samples[entity.name]
  expect(sample, `samples.ts has no sample of ${entity.name}`).toBeDefined()
  const doors = doorsOf(entity)
  const reader = doors.find((door) => door.has('read'))!
  if (sample!.make) {
    const id = await sample!.make(us)
    return (await reader.read(us, { id })).body
  }
  const maker = doors.find((door) => door.has('create'))!
  const made = await maker.create(us, await sample!.body!(us))
  expect(made.status, JSON.stringify(made.body)).toBe(maker.version === 1 ? 200 : 201)
  return made.body
}
