import type { FastifyRequest } from 'fastify'

const valueLengthMax = 10_000

/** The fields of a form that was posted, each once and as text. */
export function fieldsOf(request: FastifyRequest): ReadonlyMap<string, string> {
  const body = (request.body ?? {}) as Record<string, unknown>
  const texts = Object.entries(body).filter((entry): entry is [string, string] => isText(entry[1]))
  return new Map(texts)
}

// No column of text keeps NUL, and no field of ours is as long as this.
const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= valueLengthMax && !value.includes('\0')
