import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { keepAnswers } from '../../platform/answer-keyed.ts'
import { inputOf, sendAnswer, sendJson } from './action.ts'
import { languageOf, queryOf, wholeOf } from './ask.ts'
import { authenticate } from './authenticate.ts'
import type { Call, WalleeDeps } from './call.ts'
import type { Action, Entity, V1Verb } from './entity.ts'
import { errorSender } from './errors.ts'
import { csvOf, exportMax } from './export.ts'
import { foreignGroupOf } from './gateway.ts'
import { isObject } from './json.ts'
import { keyedInCall } from './keyed-in-call.ts'
import { openCall } from './open-call.ts'
import { parseBodies } from './parse-body.ts'
import { parseEntityFilter, parseEntityQuery } from './parse-entity-query.ts'
import { refuse } from './refusals.ts'
import { entities } from './registry.ts'
import { createOne, deleteOne, showOne, updateOne } from './run-verb.ts'
import { showRows } from './show.ts'
import { countAll, findRows } from './store.ts'

export const v1Prefix = '/api'

/** Mounts version 1 at exactly `/api`: the SDKs sign that prefix whatever they are pointed at. */
export function mountV1(app: FastifyInstance, deps: WalleeDeps): void {
  void app.register(
    (scope, _options, done) => {
      parseBodies(scope, 1)
      keepAnswers(scope, deps.services)
      scope.setErrorHandler(errorSender(1, deps.services.clock))
      scope.addHook('onRequest', async (request) => {
        request.walleeCaller = await authenticate(deps, 1, request)
      })
      scope.setNotFoundHandler((request) => {
        throw notServed(request.raw.url ?? '')
      })
      for (const entity of entities) {
        for (const verb of entity.v1?.verbs ?? []) mountVerb(scope, { deps, entity, verb })
        for (const action of entity.actions ?? []) mountAction(scope, { deps, entity, action })
      }
      done()
    },
    { prefix: v1Prefix },
  )
}

function notServed(url: string) {
  const group = foreignGroupOf(1, url)
  return group === undefined
    ? refuse('not_found', 'there is no such operation')
    : refuse('not_found', `${group} belongs to a payment gateway, which this platform is not`)
}

interface Verb {
  readonly deps: WalleeDeps
  readonly entity: Entity
  readonly verb: V1Verb
}

const methodOf: Record<V1Verb, 'GET' | 'POST'> = {
  create: 'POST',
  read: 'GET',
  update: 'POST',
  delete: 'POST',
  search: 'POST',
  count: 'POST',
  all: 'GET',
  export: 'POST',
}

const writes: ReadonlySet<V1Verb> = new Set(['create', 'update', 'delete'])

/** The operations of an entity in version 1, as method and path below `/api`. */
export function v1Operations(entity: Entity) {
  const { v1 } = entity
  const verbs = (v1?.verbs ?? []).map((verb) => ({
    method: methodOf[verb],
    path: `${v1?.path ?? ''}/${verb}`,
    verb,
  }))
  const actions = (entity.actions ?? []).flatMap((action) =>
    action.v1 ? [{ method: action.v1.method, path: action.v1.path, action }] : [],
  )
  return [...verbs, ...actions]
}

function mountVerb(scope: FastifyInstance, { deps, entity, verb }: Verb): void {
  const url = `${entity.v1?.path ?? ''}/${verb}`
  scope.route({
    method: methodOf[verb],
    url,
    async handler(request, reply) {
      const needs = writes.has(verb) ? 'write' : 'read'
      const call = await callOf(deps, request, { entity, needs })
      return keyedInCall(call, { needs, request, reply }, () =>
        runVerb(call, { entity, verb, request, reply }),
      )
    },
  })
}

function mountAction(
  scope: FastifyInstance,
  { deps, entity, action }: { deps: WalleeDeps; entity: Entity; action: Action },
): void {
  const { v1 } = action
  if (!v1) return
  scope.route({
    method: v1.method,
    url: v1.path,
    async handler(request, reply) {
      const { needs } = action
      const call = await callOf(deps, request, { entity, needs, scope: v1.scope })
      return keyedInCall(call, { needs, request, reply }, async () => {
        const answer = await action.run(call, inputOf(action, 1, request))
        return sendAnswer(call, answer, { reply, status: 200 })
      })
    },
  })
}

function callOf(
  deps: WalleeDeps,
  request: FastifyRequest,
  of: { entity: Entity; needs: 'read' | 'write'; scope?: string | undefined },
): Promise<Call> {
  const { entity, needs } = of
  const scope = of.scope ?? entity.scope
  const isInSpace = scope === 'space' || scope === 'in-space'
  const accept = request.headers['accept-language']
  const body = request.body
  const asked = isObject(body) && typeof body['language'] === 'string' ? body['language'] : accept
  return openCall(deps, request.walleeCaller, {
    version: 1,
    group: entity.group,
    needs,
    place: placeOf(scope),
    isAtHome: scope === 'in-space',
    spaceId: isInSpace ? wholeOf(queryOf(request), 'spaceId') : undefined,
    accountId: scope === 'in-account' ? wholeOf(queryOf(request), 'accountId') : undefined,
    expand: new Set(),
    language: languageOf(asked),
  })
}

function placeOf(scope: string): 'space' | 'account' | 'home' {
  if (scope === 'space' || scope === 'in-space') return 'space'
  return scope === 'in-account' ? 'account' : 'home'
}

interface Running {
  readonly entity: Entity
  readonly verb: V1Verb
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

async function runVerb(
  call: Call,
  { entity, verb, request, reply }: Running,
): Promise<FastifyReply> {
  const { body } = request
  switch (verb) {
    case 'create': {
      const id = await createOne(call, entity, { body })
      const more = (await entity.createdMore?.(call, id)) ?? {}
      return sendJson(reply, { ...(await showOne(call, entity, id)), ...more })
    }
    case 'read':
      return sendJson(reply, await showOne(call, entity, idOfQuery(request)))
    case 'update': {
      const id = idOfBody(isObject(body) ? body['id'] : undefined)
      await updateOne(call, entity, { body, id, isNamedInBody: true })
      return sendJson(reply, await showOne(call, entity, id))
    }
    case 'delete':
      // The comments' deletes of the older SDKs name the id in the query and send nothing.
      await deleteOne(call, entity, body === undefined ? idOfQuery(request) : idOfBody(body))
      return reply.code(200).send()
    case 'count':
      return sendJson(reply, await countAll(call, entity, parseEntityFilter(body)))
    case 'search': {
      const rows = await findRows(call, entity, parseEntityQuery(body))
      return sendJson(reply, await showRows(call, entity, rows))
    }
    case 'all': {
      const rows = await findRows(call, entity, { limit: Number.MAX_SAFE_INTEGER })
      return sendJson(reply, await showRows(call, entity, rows))
    }
    case 'export': {
      if (!isObject(body)) throw refuse('invalid_parameter', 'the body is an object')
      const query = parseEntityQuery(body['query'])
      const rows = await findRows(call, entity, { ...query, limit: exportMax })
      const csv = csvOf(
        entity,
        { names: body['properties'], version: 1 },
        await showRows(call, entity, rows),
      )
      return reply.type('text/csv;charset=utf-8').send(csv)
    }
  }
}

function idOfQuery(request: FastifyRequest): number {
  const id = wholeOf(queryOf(request), 'id')
  if (id === undefined) throw refuse('invalid_parameter', 'id is required')
  return id
}

function idOfBody(given: unknown): number {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given
  throw refuse('invalid_parameter', 'the id is a whole number')
}
