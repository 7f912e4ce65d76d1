import type { IncomingMessage } from 'node:http'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import { decodeUtf8, readJson } from '../kernel/json.ts'
import type { Config } from './config.ts'
import { Refusal } from './refusal.ts'
import type { Telemetry } from './telemetry.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The top-level keys of a JSON body in the order in which they came. */
    bodyKeys: readonly string[]
  }
}

// Money is never coerced and nothing is dropped in silence; a query is text and has to be read as numbers.
const bodies = new Ajv({
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  strict: false,
})
const queries = new Ajv({
  allErrors: false,
  coerceTypes: true,
  removeAdditional: false,
  strict: false,
})
for (const ajv of [bodies, queries]) addFormats.default(ajv)

export interface HttpOptions {
  readonly config: Config
  readonly log: Logger
  readonly telemetry: Telemetry
}

/** Answers a request whose path cannot be read, so that no door's own error handler is found for it. */
export type SendUnroutable = (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) => void

/** Notes a request that failed for a reason of ours, with what finds it again: its route, and what its caller was told. */
export function logFailure(
  request: FastifyRequest,
  error: unknown,
  told: { readonly id?: string } = {},
): void {
  const { method, routeOptions, log } = request
  log.error({ err: error, method, route: routeOptions.url, ...told }, 'a request failed')
}

/** The path under which a request is served, where it is not its own. */
export type RewritePath = (url: string) => string

/** A server without routes: strict JSON, schemas that never coerce a body, a histogram over all requests. */
export function createHttp(
  { config, log, telemetry }: HttpOptions,
  {
    sendUnroutable,
    rewritePath = (url) => url,
  }: { sendUnroutable?: SendUnroutable; rewritePath?: RewritePath } = {},
): FastifyInstance {
  const app = Fastify({
    loggerInstance: log as never,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyBytesMax,
    http: { maxHeaderSize: config.headerBytesMax },
    trustProxy: config.trustProxy,
    // Room for the references that a GET carries in its query.
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    ...(sendUnroutable ? { frameworkErrors: sendUnroutable } : {}),
    rewriteUrl: ({ url = '' }: IncomingMessage) => rewritePath(url),
  }) as unknown as FastifyInstance
  // Nearly all requests log nothing. A logger of its own, its one field redacted, was a tenth of what each left as garbage.
  app.setChildLoggerFactory((logger) => logger)
  app.decorateRequest('bodyKeys', null as never)
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? bodies : queries).compile(schema as object),
  )
  // Answers are built from schemas already; a second shape would only drop what the first one keeps.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.addHook('onRequest', (request, _reply, done) => {
    done(isReadable(request.url) ? undefined : malformedUrl())
  })
  app.addHook('onResponse', (request, reply, done) => {
    telemetry.requestSeen({
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    })
    done()
  })
  return app
}

const malformedUrl = () =>
  new Refusal('malformed_url', 'invalid', 'The URL is not percent-encoded UTF-8 without NUL')

/** Whether path and query can be decoded. The query parser would take `%zz` literally, and no text column keeps NUL. */
function isReadable(url: string): boolean {
  if (!url.includes('%')) return true
  try {
    return !decodeURIComponent(url).includes('\0')
  } catch {
    return false
  }
}

/** Reads every body of a scope as strict JSON, whatever its content type says. */
export function parseJsonBodies(
  scope: FastifyInstance,
  options: { trailingCommas?: boolean } = {},
): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Clients that always name a type do so where they send nothing, too.
    if (bytes.length === 0 && request.method === 'DELETE') return done(null, undefined)
    try {
      const document = readJson(decodeUtf8(bytes as Buffer), options)
      request.bodyKeys = document.topLevelKeys
      done(null, document.value)
    } catch (error) {
      done(error as Error)
    }
  })
}
