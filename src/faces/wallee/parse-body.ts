import type { FastifyInstance } from 'fastify'
import { decodeUtf8, readJson } from '../../kernel/json.ts'
import { Refusal } from '../../platform/refusal.ts'

/**
 * Reads bodies as the SDKs send them: any JSON value (a delete posts a bare number), and nothing at all under a type that
 * promises JSON. Version 2 refuses other types.
 */
export function parseBodies(scope: FastifyInstance, version: 1 | 2): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) return done(null, undefined)
    const type = request.headers['content-type'] ?? 'application/json'
    if (version === 2 && !/^(application\/([\w.-]+\+)?json|\*\/\*)/i.test(type))
      return done(unsupported())
    try {
      done(null, readJson(decodeUtf8(bytes as Buffer)).value)
    } catch (error) {
      done(error as Error)
    }
  })
}

const unsupported = () =>
  new Refusal('unsupported_media_type', 'invalid', 'A body is application/json')

/** Refuses a request that would not take JSON, where that is all there is. */
export function requireAcceptable(accept: string | undefined): void {
  if (accept === undefined || /\*\/\*|application\/|text\//i.test(accept)) return
  throw new Refusal('not_acceptable', 'invalid', 'The answer is application/json')
}
