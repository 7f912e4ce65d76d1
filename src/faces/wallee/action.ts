import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Action, ActionInput, Answer, FieldType } from './entity.ts'
import type { Call } from './call.ts'
import { queryOf } from './ask.ts'
import { invalidInput } from './errors.ts'
import { isObject, type Json } from './json.ts'
import { Problems, readFields, readTyped } from './read-value.ts'
import { entityNamed } from './registry.ts'
import { showOne } from './run-verb.ts'
import { showRows } from './show.ts'
import { findRows } from './store.ts'

/** What path, query and body give an action, each by its description. */
export function inputOf(action: Action, version: 1 | 2, request: FastifyRequest): ActionInput {
  const query = queryOf(request)
  const path = (request.params ?? {}) as Record<string, string>
  const problems = new Problems()
  const door = version === 1 ? action.v1 : action.v2
  const params: Json = {}
  for (const [name, param] of Object.entries(action.params ?? {})) {
    if (param.only !== undefined && param.only !== version) continue
    const given = door?.rename?.[name] ?? name
    const text = path[given] ?? query.get(given)?.[0]
    if (text !== undefined && text !== '')
      params[name] = readTyped(scalarOf(text, param.type), param.type, {
        version,
        mode: 'create',
        problems,
        path: given,
      })
    else if (param.isRequired) problems.add(given, 'The parameter is required')
  }
  const body = action.body ? bodyOf(request.body, action, { version, problems }) : {}
  if (!problems.isEmpty) throw invalidInput(problems.errors)
  return { params, body, query: Object.fromEntries([...query].map(([k, [v = '']]) => [k, v])) }
}

function bodyOf(body: unknown, action: Action, at: { version: 1 | 2; problems: Problems }): Json {
  if (body === undefined || body === null) return {}
  if (!isObject(body)) {
    at.problems.add('body', 'The body is an object')
    return {}
  }
  return readFields(body, action.body ?? {}, { ...at, mode: 'create' })
}

/** A parameter is text, whatever it stands for. */
function scalarOf(text: string, type: FieldType): unknown {
  const isNumber = ['long', 'integer', 'reference'].includes(type.kind)
  if (isNumber) return /^-?\d{1,16}$/.test(text) ? Number(text) : text
  if (type.kind !== 'boolean') return text
  if (text === 'true') return true
  return text === 'false' ? false : text
}

/** Sends what an action answers, in the words of the call's version. */
export async function sendAnswer(
  call: Call,
  answer: Answer,
  { reply, status }: { reply: FastifyReply; status: number },
): Promise<FastifyReply> {
  switch (answer.kind) {
    case 'nothing':
      return reply.code(call.version === 1 ? 200 : 204).send()
    case 'object': {
      const shown = await showOne(call, entityNamed(answer.entity), answer.id)
      return sendJson(reply.code(status), shown)
    }
    case 'objects': {
      const entity = entityNamed(answer.entity)
      const rows = await findRows(call, entity, { ids: answer.ids, limit: answer.ids.length })
      const shown = await showRows(call, entity, rows)
      return sendJson(reply.code(status), shown)
    }
    case 'rows': {
      const { entity, rows } = answer
      return sendJson(reply.code(status), await showRows(call, entityNamed(entity), rows))
    }
    case 'pageOf': {
      const entity = entityNamed(answer.entity)
      const rows = await findRows(call, entity, { ids: answer.ids, limit: answer.ids.length })
      const data = await showRows(call, entity, rows)
      return sendJson(reply.code(status), { data, hasMore: false, limit: data.length })
    }
    case 'page': {
      const { data, hasMore = false } = answer
      return sendJson(reply.code(status), { data, hasMore, limit: data.length })
    }
    case 'json':
      return sendJson(reply.code(status), answer.value)
    case 'text':
      return reply
        .code(status)
        .type(answer.contentType ?? 'text/plain;charset=utf-8')
        .send(answer.text)
  }
}

/** Bare numbers and booleans are answers too. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json;charset=utf-8').send(JSON.stringify(value))
}
