import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type CrmDeps,
  findSession,
  issueToken,
  issueTokenForKey,
  refuseCrm,
  releaseToken,
  type Session,
  type SessionDeps,
} from '../../crm/index.ts'
import { type BearerDeps, rateOf } from '../../identity/index.ts'
import { answerKeyed, keepAnswers } from '../../platform/answer-keyed.ts'
import { createBoundedMap } from '../../platform/bounded-map.ts'
import { parseJsonBodies } from '../../platform/http.ts'
import { createRateLimiter, type RateLimiter } from '../../platform/rate-limiter.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { sendCrmError, success } from './envelope.ts'
import type { CrmOperation } from './operation.ts'
import { crmOperations } from './operations.ts'
import { fieldsSetOf, type Given, requireText, textOf } from './parameters.ts'

export interface CrmFaceDeps {
  readonly services: Services
  readonly callers: Pick<BearerDeps, 'tenants'>
  readonly crm: CrmDeps
}

interface Parts {
  readonly services: Services
  readonly crm: CrmDeps
  readonly sessions: SessionDeps
  readonly limiter: RateLimiter
  readonly logins: RateLimiter
  readonly addresses: RateLimiter
}

const prefix = '/crmapi/rest/v2'
const spacesMax = 10_000
const limitedMax = 20_000
const perAddressFactor = 10

/** Mounts the CRM.COM door at `/crmapi/rest/v2`, and its payments also at `/payments`, as its own pages write them. */
export function mountCrmcom(app: FastifyInstance, deps: CrmFaceDeps): void {
  const { services, callers, crm } = deps
  const perMinute = services.config.tokenRateLimitPerMinute
  const spaces = createBoundedMap<number, string>(spacesMax)
  const parts: Parts = {
    services,
    crm,
    sessions: { db: services.db, tenants: callers.tenants, clock: services.clock, spaces },
    limiter: services.limiter,
    logins: limiterFor(perMinute),
    addresses: limiterFor(perMinute * perAddressFactor),
  }
  mountAt(app, { at: prefix, services }, (scope) => {
    mountLogin(scope, parts)
    for (const operation of crmOperations) mountOperation(scope, parts, operation)
  })
  const root = '/payments'
  mountAt(app, { at: root, services }, (scope) => {
    for (const operation of crmOperations) {
      if (!operation.path.startsWith(`${root}/`)) continue
      mountOperation(scope, parts, { ...operation, path: operation.path.slice(root.length) })
    }
  })
}

/** A scope of this door: tolerant JSON, every answer in the envelope. */
function mountAt(
  app: FastifyInstance,
  { at, services }: { at: string; services: Services },
  mount: (scope: FastifyInstance) => void,
): void {
  void app.register(
    async (scope) => {
      parseJsonBodies(scope, { trailingCommas: true })
      keepAnswers(scope, services)
      scope.setErrorHandler(sendCrmError)
      scope.setNotFoundHandler(() => {
        throw new Refusal('method_not_found', 'not_found', 'There is no such method')
      })
      mount(scope)
    },
    { prefix: at },
  )
}

function mountOperation(scope: FastifyInstance, parts: Parts, operation: CrmOperation): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const values = valuesOf(request)
    const session = await sessionOf(parts, {
      values,
      isQuery: request.method === 'GET',
      timeZone: '',
    })
    const given = {
      values,
      isQuery: request.method === 'GET',
      timeZone: session.tenant.timeZone,
    }
    const fields = fieldsSetOf(given)
    void reply.header('cache-control', 'no-store')
    const run = async () => {
      const data = await operation.handle({ deps: parts.crm, session, given })
      return success(fields ? only(data, fields) : data)
    }
    if (given.isQuery) return run()
    // A caller that logs in again has another token and means the same.
    const { token: _token, ...body } = values
    const { services } = parts
    const { tenantId } = session.tenant
    return answerKeyed({ services, request, reply, tenantId, caller: 'crmcom', body }, run)
  }
  route(scope, { ...operation, handler })
}

interface Handled {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

/** With and without a slash at the end: there are clients that write one. */
function route(scope: FastifyInstance, { method, path, handler }: Handled): void {
  for (const url of [path, `${path}/`]) scope.route({ method, url, handler })
}

function mountLogin(scope: FastifyInstance, parts: Parts): void {
  const login = (path: string, handler: Handled['handler']) =>
    route(scope, {
      method: 'POST',
      path,
      async handler(request, reply) {
        requireRate(parts, parts.addresses, request.ip)
        // The answer is a secret: nobody in between may keep it.
        void reply.header('cache-control', 'no-store')
        return handler(request, reply)
      },
    })
  login('/authentication/token', async (request) => {
    const given = { values: valuesOf(request), isQuery: false, timeZone: '' }
    const username = requireText(given, 'username')
    const password = requireText(given, 'password')
    const organisation = requireText(given, 'organisation')
    requireRate(parts, parts.logins, `${organisation}/${username}`)
    const unit = textOf(given, 'unit')
    return success({
      token: await issueToken(parts.sessions, { username, password, organisation, unit }),
    })
  })
  login('/authentication/web_api_key/token', async (request) => {
    const key = keyOf(request.headers.authorization)
    if (key === undefined) throw refuseCrm('invalid_credentials')
    requireRate(parts, parts.logins, key)
    const given = { values: valuesOf(request), isQuery: false, timeZone: '' }
    const token = await issueTokenForKey(parts.sessions, key, textOf(given, 'unit'))
    return success({ token })
  })
  route(scope, {
    method: 'POST',
    path: '/authentication/token/release',
    async handler(request) {
      const given = { values: valuesOf(request), isQuery: false, timeZone: '' }
      const session = await sessionOf(parts, given)
      await releaseToken(parts.sessions, session, requireText(given, 'token'))
      return success(null)
    },
  })
}

/** HTTP Basic with the key as user name and no password. */
function keyOf(header: string | undefined): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  return /^([^:]+):$/.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1]
}

function valuesOf(request: FastifyRequest): Record<string, unknown> {
  if (request.method === 'GET') return (request.query ?? {}) as Record<string, unknown>
  const { body } = request
  // A login by key names everything in its header.
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw refuseCrm('invalid_value', 'the body is not a JSON object')
  return body as Record<string, unknown>
}

async function sessionOf(parts: Parts, given: Given): Promise<Session> {
  const { token } = given.values
  if (typeof token !== 'string') throw refuseCrm('invalid_token')
  const session = await findSession(parts.sessions, token)
  const { tenant } = session
  const nowMs = parts.sessions.clock().getTime()
  const taken = parts.limiter.take(tenant.tenantId, nowMs, rateOf(tenant))
  if (!taken.isAllowed) throw tooMany(taken.retryAfterSeconds)
  return session
}

function requireRate(parts: Parts, limiter: RateLimiter, key: string): void {
  const taken = limiter.take(key, parts.sessions.clock().getTime())
  if (!taken.isAllowed) throw tooMany(taken.retryAfterSeconds)
}

const tooMany = (retryAfterSeconds: number) =>
  new Refusal('too_many_requests', 'too_many', 'Too many requests', retryAfterSeconds)

function limiterFor(perMinute: number): RateLimiter {
  return createRateLimiter({
    ratePerSecond: perMinute / 60,
    burst: perMinute,
    keysMax: limitedMax,
  })
}

/** The fields that were asked for, of one answer or of each in a list. */
function only(data: unknown, fields: ReadonlySet<string>): unknown {
  if (Array.isArray(data)) return data.map((one: unknown) => only(one, fields))
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).filter(([name]) => fields.has(name)))
}
