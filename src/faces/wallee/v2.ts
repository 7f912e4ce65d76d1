import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { keepAnswers } from '../../platform/answer-keyed.ts'
import { inputOf, sendAnswer, sendJson } from './action.ts'
import { expandOf, languageOf, queryOf, wholeOf } from './ask.ts'
import { authenticate } from './authenticate.ts'
import { createMany, deleteMany, updateMany } from './bulk.ts'
import type { Call, WalleeDeps } from './call.ts'
import type { Action, ActionDoor, Entity, V2Verb } from './entity.ts'
import { errorSender } from './errors.ts'
import { csvOf, exportMax } from './export.ts'
import { foreignGroupOf } from './gateway.ts'
import type { Filter } from './filter.ts'
import { keyedInCall } from './keyed-in-call.ts'
import { openCall } from './open-call.ts'
import { parseBodies, requireAcceptable } from './parse-body.ts'
import { refuse } from './refusals.ts'
import { entities, entityNamed } from './registry.ts'
import { createOne, deleteOne, heldBy, requireOne, showOne, updateOne } from './run-verb.ts'
import { showRows } from './show.ts'
import { findRows } from './store.ts'
import { pageAsked, searchAsked } from './v2-page.ts'

export const v2Prefix = '/api/v2.0'

/** Mounts version 2 at exactly `/api/v2.0`, the prefix that all its SDKs sign. */
export function mountV2(app: FastifyInstance, deps: WalleeDeps): void {
  void app.register(
    (scope, _options, done) => {
      parseBodies(scope, 2)
      keepAnswers(scope, deps.services)
      scope.setErrorHandler(errorSender(2, deps.services.clock))
      scope.addHook('onRequest', async (request) => {
        requireAcceptable(request.headers.accept)
        request.walleeCaller = await authenticate(deps, 2, request)
      })
      scope.setNotFoundHandler((request) => {
        throw notServed(request.raw.url ?? '')
      })
      for (const entity of entities) {
        for (const verb of entity.v2?.verbs ?? []) mountVerb(scope, { deps, entity, verb })
        for (const action of entity.actions ?? []) mountAction(scope, { deps, entity, action })
      }
      done()
    },
    { prefix: v2Prefix },
  )
}

function notServed(url: string) {
  const group = foreignGroupOf(2, url)
  return group === undefined
    ? refuse('not_found', 'there is no such operation')
    : refuse('not_found', `${group} belongs to a payment gateway, which this platform is not`)
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

const doorOf: Record<V2Verb, { method: Method; suffix: string }> = {
  list: { method: 'GET', suffix: '' },
  get: { method: 'GET', suffix: '/{id}' },
  search: { method: 'GET', suffix: '/search' },
  create: { method: 'POST', suffix: '' },
  update: { method: 'PATCH', suffix: '/{id}' },
  delete: { method: 'DELETE', suffix: '/{id}' },
  export: { method: 'GET', suffix: '/export' },
  createMany: { method: 'POST', suffix: '/bulk' },
  updateMany: { method: 'PATCH', suffix: '/bulk' },
  deleteMany: { method: 'DELETE', suffix: '/bulk' },
}

/** The operations of an entity in version 2, as method and path below `/api/v2.0`. */
export function v2Operations(entity: Entity) {
  const { v2, key = 'id' } = entity
  const verbs = (v2?.verbs ?? []).map((verb) => ({
    method: doorOf[verb].method,
    path: `${v2?.path ?? ''}${doorOf[verb].suffix.replace('{id}', `{${pathKey(key)}}`)}`,
    verb,
  }))
  const actions = (entity.actions ?? []).flatMap((action) =>
    action.v2 ? [{ method: action.v2.method, path: action.v2.path, action }] : [],
  )
  return [...verbs, ...actions]
}

/** Codes are called `code` in paths, whatever their field is called. */
const pathKey = (key: string) => (key === 'id' ? 'id' : 'code')

/** `/customers/{id}` as the router has it. */
const routed = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

function mountVerb(
  scope: FastifyInstance,
  { deps, entity, verb }: { deps: WalleeDeps; entity: Entity; verb: V2Verb },
): void {
  const { method, suffix } = doorOf[verb]
  scope.route({
    method,
    url: routed(`${entity.v2?.path ?? ''}${suffix.replace('{id}', '{key}')}`),
    async handler(request, reply) {
      const isRead = method === 'GET'
      const call = await callOf(deps, request, {
        entity,
        needs: isRead ? 'read' : 'write',
        scope: entity.scope,
      })
      const parent = await parentOf(call, entity, request)
      if (isRead) return runReading(call, { entity, verb, request, reply, parent })
      return keyedInCall(call, { needs: 'write', request, reply }, () =>
        runWriting(call, { entity, verb, request, reply, parent }),
      )
    },
  })
}

function mountAction(
  scope: FastifyInstance,
  { deps, entity, action }: { deps: WalleeDeps; entity: Entity; action: Action },
): void {
  const { v2 } = action
  if (!v2) return
  scope.route({
    method: v2.method,
    url: routed(v2.path),
    async handler(request, reply) {
      const scope = v2.scope ?? entity.scope
      const { needs } = action
      const call = await callOf(deps, request, { entity, needs, scope })
      return keyedInCall(call, { needs, request, reply }, async () => {
        const answer = await action.run(call, inputOf(action, 2, request))
        return sendAnswer(call, answer, { reply, status: v2.status ?? 200 })
      })
    },
  })
}

function placeOf(scope: Place): 'space' | 'account' | 'home' {
  if (scope === 'space' || scope === 'in-space') return 'space'
  return scope === 'in-account' ? 'account' : 'home'
}

type Place = NonNullable<ActionDoor['scope']>

function callOf(
  deps: WalleeDeps,
  request: FastifyRequest,
  of: { entity: Entity; needs: 'read' | 'write'; scope: Place },
): Promise<Call> {
  const { entity, needs, scope } = of
  const place = placeOf(scope)
  return openCall(deps, request.walleeCaller, {
    version: 2,
    group: entity.group,
    needs,
    place,
    isAtHome: scope === 'in-space',
    spaceId: place === 'space' ? headerId(request, 'space') : undefined,
    accountId: place === 'account' ? headerId(request, 'account') : undefined,
    expand: expandOf(queryOf(request)),
    language: languageOf(request.headers['accept-language']),
  })
}

function headerId(request: FastifyRequest, name: string): number | undefined {
  const given = request.headers[name]
  return given === undefined ? undefined : wholeOf(new Map([[name, [String(given)]]]), name)
}

interface Parent {
  readonly field: string
  readonly id: number
  readonly filter: Filter
}

/** The object whose path was called, which must be there. */
async function parentOf(
  call: Call,
  { v2 }: Entity,
  request: FastifyRequest,
): Promise<Parent | undefined> {
  const parent = v2?.parent
  if (!parent) return undefined
  const id = idOf((request.params as Record<string, string>)[parent.param])
  await requireOne(call, entityNamed(parent.entity), id)
  return { field: parent.field, id, filter: heldBy(parent.field, id) }
}

interface Running {
  readonly entity: Entity
  readonly verb: V2Verb
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly parent: Parent | undefined
}

async function runReading(call: Call, running: Running): Promise<FastifyReply> {
  const { entity, verb, request, reply, parent } = running
  const query = queryOf(request)
  if (verb === 'get') {
    const key = await keyOf(call, running)
    return sendJson(reply, await showOne(call, entity, key))
  }
  if (verb === 'export') {
    const rows = await findRows(call, entity, {
      ...searchAsked(query, parent?.filter),
      limit: exportMax,
    })
    const names = (query.get('fields') ?? []).flatMap((value) => value.split(','))
    const csv = csvOf(entity, { names, version: 2 }, await showRows(call, entity, rows))
    return reply.type('text/csv;charset=utf-8').send(csv)
  }
  if (verb === 'list' && entity.v2?.isWhole) {
    const all = await findRows(call, entity, { limit: Number.MAX_SAFE_INTEGER })
    const data = await showRows(call, entity, all)
    return sendJson(reply, { data, hasMore: false, limit: data.length })
  }
  const asked =
    verb === 'list' ? pageAsked(query, parent?.filter) : searchAsked(query, parent?.filter)
  // One more than asked for tells whether there is more.
  const rows = await findRows(call, entity, { ...asked, limit: asked.limit + 1 })
  const hasMore = rows.length > asked.limit
  const isFromEnd = asked.before !== undefined && asked.after === undefined
  const page = isFromEnd && hasMore ? rows.slice(1) : rows.slice(0, asked.limit)
  const answer = { data: await showRows(call, entity, page), hasMore, limit: asked.limit }
  return sendJson(reply, verb === 'search' ? { ...answer, offset: asked.offset ?? 0 } : answer)
}

async function runWriting(call: Call, running: Running): Promise<FastifyReply> {
  const { entity, verb, request, reply, parent } = running
  const { body } = request
  if (verb === 'create') {
    const fixed = parent ? { [parent.field]: parent.id } : {}
    const id = await createOne(call, entity, { body, fixed })
    const more = (await entity.createdMore?.(call, id)) ?? {}
    return sendJson(reply.code(201), { ...(await showOne(call, entity, id)), ...more })
  }
  if (verb === 'update') {
    const id = Number(await keyOf(call, running))
    await updateOne(call, entity, { body, id })
    return sendJson(reply, await showOne(call, entity, id))
  }
  if (verb === 'delete') {
    await deleteOne(call, entity, Number(await keyOf(call, running)))
    return reply.code(204).send()
  }
  const many = { createMany, updateMany, deleteMany }[verb as 'createMany']
  return sendJson(reply, await many(call, entity, body))
}

/** The key that the path names; below a parent it must be one of the parent's. */
async function keyOf(call: Call, { entity, request, parent }: Running): Promise<number | string> {
  const given = (request.params as Record<string, string>)['key']
  if (entity.key !== undefined) return given ?? ''
  const id = idOf(given)
  if (!parent) return id
  const rows = await findRows(call, entity, { ids: [id], filter: parent.filter, limit: 1 })
  if (rows.length === 0) throw refuse('not_found')
  return id
}

function idOf(given: string | undefined): number {
  if (given === undefined || !/^\d{1,15}$/.test(given)) throw refuse('not_found')
  return Number(given)
}
