import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TokenService } from '../../identity/index.ts'
import { createRateLimiter, type RateLimiter } from '../../platform/rate-limiter.ts'

export interface TokenEndpointDeps {
  tokens: Pick<TokenService, 'issueToken' | 'jwks'>
  /** For each client id; an address, behind which many clients may sit, has ten times as much. */
  tokensPerMinute: number
  now: () => Date
}

const path = '/v1/oauth2/token'
const formType = 'application/x-www-form-urlencoded'
const bodyBytesMax = 16 * 1024
const limitedKeysMax = 20_000
const perAddressFactor = 10

const invalidClient = { error: 'invalid_client', message: 'invalid_client' }
const unsupportedGrant = { error: 'unsupported_grant_type', message: 'unsupported_grant_type' }
const missingAuthorization = { message: 'Missing required request parameters: [Authorization]' }

/** Serves access tokens and the keys to check them with (decisions D-1 to D-4 of the Receeve specification). */
export function mountTokenEndpoint(app: FastifyInstance, deps: TokenEndpointDeps): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser<string>(
      formType,
      { parseAs: 'string', bodyLimit: bodyBytesMax },
      (_request, body, done) => done(null, new URLSearchParams(body)),
    )
    scope.addHook('onRequest', checkAddress(deps))
    scope.addHook('onRequest', checkContentType)
    scope.post(path, { bodyLimit: bodyBytesMax }, issue(deps))
  })
  app.get('/.well-known/jwks.json', async (_request, reply) => {
    void reply.header('cache-control', 'public, max-age=300')
    return deps.tokens.jwks()
  })
}

interface Credentials {
  clientId: string
  clientSecret: string
}

function issue(deps: TokenEndpointDeps) {
  const limiter = limiterFor(deps.tokensPerMinute)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // The answer is a secret: nobody in between may keep it (RFC 6749, 5.1).
    void reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    const { authorization } = request.headers
    if (authorization === undefined && !form.has('client_id')) {
      return reply.code(400).send(missingAuthorization)
    }
    const grants = form.getAll('grant_type')
    if (grants.some((grant) => grant !== 'client_credentials')) {
      return reply.code(400).send(unsupportedGrant)
    }
    const given = authorization === undefined ? readForm(form) : readBasic(authorization)
    if (given === undefined) return reply.code(400).send(invalidClient)
    const taken = limiter.take(given.clientId, deps.now().getTime())
    if (!taken.isAllowed) return sendTooMany(reply, taken.retryAfterSeconds)
    const token = await deps.tokens.issueToken(given.clientId, given.clientSecret)
    return token === undefined ? reply.code(400).send(invalidClient) : reply.send(token)
  }
}

function checkAddress(deps: TokenEndpointDeps) {
  const limiter = limiterFor(deps.tokensPerMinute * perAddressFactor)
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const taken = limiter.take(request.ip, deps.now().getTime())
    return taken.isAllowed ? undefined : sendTooMany(reply, taken.retryAfterSeconds)
  }
}

async function checkContentType(request: FastifyRequest, reply: FastifyReply) {
  const type = request.headers['content-type']
  // The vendor's own curl lines send no body, and curl then names no type either.
  const isRight =
    type === undefined ? !hasBody(request) : type.split(';')[0]?.trim().toLowerCase() === formType
  return isRight ? undefined : reply.code(405).send()
}

function hasBody({ headers }: FastifyRequest): boolean {
  const isEmpty = headers['content-length'] === undefined || Number(headers['content-length']) === 0
  return !isEmpty || headers['transfer-encoding'] !== undefined
}

function limiterFor(perMinute: number): RateLimiter {
  return createRateLimiter({
    ratePerSecond: perMinute / 60,
    burst: perMinute,
    keysMax: limitedKeysMax,
  })
}

function sendTooMany(reply: FastifyReply, retryAfterSeconds: number): FastifyReply {
  return reply
    .code(429)
    .header('retry-after', String(retryAfterSeconds))
    .send({ message: 'Too Many Requests' })
}

function readForm(form: URLSearchParams): Credentials {
  return { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? '' }
}

function readBasic(authorization: string): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { clientId: text.slice(0, colon), clientSecret: text.slice(colon + 1) }
}
