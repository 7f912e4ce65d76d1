import type { Call } from './call.ts'
import type { Entity } from './entity.ts'
import { failureOf, v2ErrorBody } from './errors.ts'
import { isObject, type Json } from './json.ts'
import { refuse } from './refusals.ts'
import { createOne, deleteOne, updateOne } from './run-verb.ts'

const entriesMax = 100

/** Creates each entry of a list on its own; one that is refused leaves the others done. */
export function createMany(call: Call, entity: Entity, body: unknown): Promise<Json[]> {
  return each(call, entity, body, async (entry) => {
    const id = await createOne(call, entity, { body: entry })
    return { id, statusCode: 201 }
  })
}

/** Changes each; an entry names its object by `id`, which the SDKs' own model lacks. */
export function updateMany(call: Call, entity: Entity, body: unknown): Promise<Json[]> {
  return each(call, entity, body, async (entry) => {
    const id = idOf(isObject(entry) ? entry['id'] : undefined)
    await updateOne(call, entity, { body: entry, id, isNamedInBody: true })
    return { id, statusCode: 200 }
  })
}

/** Deletes each of a list of ids. */
export function deleteMany(call: Call, entity: Entity, body: unknown): Promise<Json[]> {
  return each(call, entity, body, async (entry) => {
    const id = idOf(entry)
    await deleteOne(call, entity, id)
    return { id, statusCode: 204 }
  })
}

// oxlint-disable-next-line max-params -- a list, of what, by whom, and what happens to each
async function each(
  call: Call,
  entity: Entity,
  body: unknown,
  work: (entry: unknown) => Promise<{ id: number; statusCode: number }>,
): Promise<Json[]> {
  if (!Array.isArray(body)) throw refuse('invalid_parameter', 'the body is a list')
  if (body.length > entriesMax) throw refuse('too_many_entries', `at most ${entriesMax}`)
  const results: Json[] = []
  for (const entry of body as unknown[]) {
    try {
      const { id, statusCode } = await work(entry)
      results.push({ id, statusCode, link: `/api/v2.0${entity.v2?.path ?? ''}/${id}` })
    } catch (error) {
      const failure = failureOf(error, 2)
      // A bug fails the whole request: it is logged, and nothing is pretended about the rest.
      if (failure.kind === 'bug') throw error
      const id = givenId(entry)
      results.push({
        ...(id === undefined ? {} : { id }),
        statusCode: failure.status,
        error: v2ErrorBody(failure, call.deps.services.clock()),
      })
    }
  }
  return results
}

function givenId(entry: unknown): number | undefined {
  const id = isObject(entry) ? entry['id'] : entry
  return typeof id === 'number' ? id : undefined
}

function idOf(given: unknown): number {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given
  throw refuse('invalid_parameter', 'the entry names no id')
}
