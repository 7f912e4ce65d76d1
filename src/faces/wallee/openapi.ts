import { idempotencyKey } from '../../platform/openapi.ts'
import type { Action, Entity, Field, Fields, FieldType, Param } from './entity.ts'
import { fieldsIn } from './entity.ts'
import { entities } from './registry.ts'
import { v1Operations, v1Prefix } from './v1.ts'
import { v2Operations, v2Prefix } from './v2.ts'

type Schema = Record<string, unknown>
type Mode = 'read' | 'create' | 'update'

const signing = {
  1: 'Each request is signed: x-mac-version 1, x-mac-userid, x-mac-timestamp in seconds, and in x-mac-value the HMAC-SHA512 over 1|userId|timestamp|METHOD|path?query with the decoded key, in base64. docs/faces/wallee.md has a call to copy.',
  2: 'Each request carries a bearer token of its own: a JWT, signed HS256 with the decoded key, of sub (the user), iat, requestPath and requestMethod; the header Space names the space. docs/faces/wallee.md has a call to copy.',
}

/** The published contract of a version, from the same descriptions that serve it. */
export function walleeDocument(version: 1 | 2) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const entity of entities) {
    for (const operation of operationsOf(entity, version)) {
      const item = (paths[operation.path] ??= {})
      item[operation.method.toLowerCase()] = describe(entity, version, operation)
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `Quittance: the door of the wallee web service, version ${version}`,
      version: version === 1 ? '1' : '2.0',
      description: signing[version],
    },
    paths,
    security: [version === 1 ? { mac: [] } : { token: [] }],
    components: {
      securitySchemes:
        version === 1
          ? { mac: { type: 'apiKey', in: 'header', name: 'x-mac-value' } }
          : { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { ...modelsOf(version), Error: version === 1 ? clientError : restError },
    },
  }
}

/** One operation as the router has it. */
export interface Served {
  readonly method: string
  /** Complete, with `{name}` for what the caller fills in. */
  readonly path: string
  readonly verb?: string
  readonly action?: Action
}

/** What an entity serves in a version. */
export function operationsOf(entity: Entity, version: 1 | 2): Served[] {
  const prefix = version === 1 ? v1Prefix : v2Prefix
  const served: Served[] = version === 1 ? v1Operations(entity) : v2Operations(entity)
  return served.map((operation) => ({ ...operation, path: prefix + operation.path }))
}

const text = { type: 'string' }
const clientError = {
  type: 'object',
  properties: { date: text, defaultMessage: text, id: text, message: text, type: text },
}
const restError = {
  type: 'object',
  properties: {
    id: text,
    date: text,
    code: text,
    message: text,
    errors: { type: 'object', additionalProperties: text },
  },
}

function modelsOf(version: 1 | 2): Record<string, Schema> {
  return Object.fromEntries(
    entities.flatMap((entity) => [
      [entity.name, objectSchema(entity.fields, { version, mode: 'read' })],
      [`${entity.name}Create`, objectSchema(entity.fields, { version, mode: 'create' })],
      [`${entity.name}Update`, objectSchema(entity.fields, { version, mode: 'update' })],
    ]),
  )
}

interface As {
  readonly version: 1 | 2
  readonly mode: Mode
}

function objectSchema(fields: Fields, as: As): Schema {
  const { version, mode } = as
  const here = fieldsIn(fields, version).filter(
    ([, field]) => !field.isHidden && (mode === 'read' || field[mode] !== undefined),
  )
  const required = here.filter(([, field]) => mode !== 'read' && field[mode] === 'required')
  return {
    type: 'object',
    properties: Object.fromEntries(here.map(([name, field]) => [name, fieldSchema(field, as)])),
    ...(required.length > 0 ? { required: required.map(([name]) => name) } : {}),
  }
}

const fieldSchema = ({ type }: Field, as: As): Schema => typeSchema(type, as)

function typeSchema(type: FieldType, as: As): Schema {
  switch (type.kind) {
    case 'text':
      return bounded('string', { minLength: type.min, maxLength: type.max })
    case 'enum':
      return {
        type: 'string',
        enum: as.mode === 'read' ? type.values : (type.writable ?? type.values),
      }
    case 'long':
    case 'integer':
      return bounded('integer', { minimum: type.min, maximum: type.max })
    case 'boolean':
      return { type: 'boolean' }
    case 'decimal':
      return { type: 'number' }
    case 'date':
      return { type: 'string', format: 'date' }
    case 'dateTime':
      return { type: 'string', format: 'date-time' }
    case 'map':
      return {
        type: 'object',
        additionalProperties: type.of ? objectSchema(type.of, nested(as)) : { type: 'string' },
      }
    case 'texts':
      return { type: 'array', items: { type: 'string' } }
    case 'longs':
      return { type: 'array', items: { type: 'integer' } }
    case 'object':
      return objectSchema(type.fields, nested(as))
    case 'list':
      return { type: 'array', items: objectSchema(type.fields, nested(as)) }
    case 'reference':
      return referenceSchema(type, as)
    case 'json':
      return {}
  }
}

/** A part is written as a whole, also in an update. */
const nested = ({ version, mode }: As): As => ({ version, mode: mode === 'read' ? mode : 'create' })

function referenceSchema(type: Extract<FieldType, { kind: 'reference' }>, as: As): Schema {
  const isObject = (as.version === 1 ? type.v1 : type.v2) === 'object'
  const one =
    as.mode === 'read' && isObject
      ? { $ref: `#/components/schemas/${type.entity}` }
      : { type: 'integer' }
  return type.isList ? { type: 'array', items: one } : one
}

function bounded(type: string, limits: Record<string, number | undefined>): Schema {
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined)
  return { type, ...Object.fromEntries(given) }
}

function describe(entity: Entity, version: 1 | 2, operation: Served) {
  const { verb, action } = operation
  const failures = version === 1 ? [401, 403, 409, 442, 542] : [400, 401, 403, 404, 409, 422, 429]
  const body = verb ? bodyOf(entity, version, verb) : actionBody(action, version)
  const status = successOf(version, operation)
  return {
    operationId: `${operation.method.toLowerCase()}${operation.path.replaceAll(/[^\w]+(\w)/g, (_match, letter: string) => letter.toUpperCase())}`,
    tags: [entity.name],
    summary: action?.name ?? `${verb ?? ''} ${entity.name}`,
    parameters: parametersOf(entity, version, operation),
    ...(body ? { requestBody: { content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      [status]: answerOf(entity, version, operation),
      ...Object.fromEntries(
        failures.map((failure) => [
          failure,
          {
            description: 'Refused',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
          },
        ]),
      ),
    },
  }
}

function successOf(version: 1 | 2, { verb, action, method }: Served): number {
  if (version === 1) return 200
  if (action) return action.v2?.status ?? 200
  if (verb === 'create') return 201
  return verb === 'delete' && method === 'DELETE' ? 204 : 200
}

function bodyOf(entity: Entity, version: 1 | 2, verb: string): Schema | undefined {
  const model = (suffix: string) => ({ $ref: `#/components/schemas/${entity.name}${suffix}` })
  const list = (items: Schema) => ({ type: 'array', items })
  const bodies: Record<string, Schema> = {
    create: model('Create'),
    update: model('Update'),
    createMany: list(model('Create')),
    updateMany: list(model('Update')),
    deleteMany: list({ type: 'integer' }),
    ...(version === 1
      ? {
          delete: { type: 'integer' },
          search: { type: 'object' },
          count: { type: 'object' },
          export: { type: 'object' },
        }
      : {}),
  }
  return bodies[verb]
}

function actionBody(action: Action | undefined, version: 1 | 2): Schema | undefined {
  return action?.body ? objectSchema(action.body, { version, mode: 'create' }) : undefined
}

function answerOf(entity: Entity, version: 1 | 2, { verb, action }: Served) {
  const model = { $ref: `#/components/schemas/${entity.name}` }
  const list = { type: 'array', items: model }
  const page = {
    type: 'object',
    properties: { data: list, hasMore: { type: 'boolean' }, limit: { type: 'integer' } },
  }
  const many = version === 1 ? list : page
  const schemas: Record<string, Schema> = {
    create: model,
    read: model,
    get: model,
    update: model,
    all: list,
    list: page,
    search: many,
  }
  const schema = schemas[verb ?? '']
  const description = action ? action.name : 'Done'
  return schema ? { description, content: { 'application/json': { schema } } } : { description }
}

function parametersOf(entity: Entity, version: 1 | 2, operation: Served) {
  const { path, action, verb } = operation
  const door = version === 1 ? action?.v1 : action?.v2
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const given = Object.entries(action?.params ?? {}).filter(
    ([, param]) => param.only === undefined || param.only === version,
  )
  const named = given
    .map(([name, param]) => [door?.rename?.[name] ?? name, param] as const)
    .filter(([name]) => !inPath.includes(name))
  const typed = (name: string) =>
    given.find(([key]) => (door?.rename?.[key] ?? key) === name)?.[1].type
  const scope = door?.scope ?? entity.scope
  return [
    ...inPath.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: typeSchema(typed(name) ?? pathType(entity, name), { version, mode: 'create' }),
    })),
    ...named.map(([name, param]) => queryParameter(name, param, version)),
    ...verbParameters(version, verb),
    ...placeParameters(version, scope),
    ...(isWrite(operation) ? [idempotencyKey] : []),
  ]
}

const readingVerbs: ReadonlySet<string> = new Set([
  'read',
  'get',
  'all',
  'list',
  'search',
  'count',
  'export',
])

const isWrite = ({ verb, action }: Served) =>
  action ? action.needs === 'write' : !readingVerbs.has(verb ?? '')

/** What the queries of verbs take (b.2, b.3). */
function verbParameters(version: 1 | 2, verb: string | undefined) {
  const optional = (name: string, schema: Schema) => ({
    name,
    in: 'query',
    required: false,
    schema,
  })
  const whole = { type: 'integer', minimum: 0 }
  const limit = optional('limit', { type: 'integer', minimum: 1, maximum: 100, default: 10 })
  const expand = optional('expand', { type: 'array', items: text })
  const order = optional('order', text)
  if (version === 1)
    return verb === 'read' ? [{ ...optional('id', { type: 'integer' }), required: true }] : []
  if (verb === 'list')
    return [optional('after', whole), optional('before', whole), limit, order, expand]
  if (verb === 'search' || verb === 'export') {
    const page = [optional('query', text), optional('offset', whole), limit, order]
    return verb === 'search'
      ? [...page, expand]
      : [...page, optional('fields', { type: 'array', items: text })]
  }
  return verb === 'get' || verb === 'create' || verb === 'update' ? [expand] : []
}

const pathType = ({ key }: Entity, name: string): FieldType =>
  key !== undefined && name === 'code' ? { kind: 'text' } : { kind: 'long' }

function queryParameter(name: string, { type, isRequired = false }: Param, version: 1 | 2) {
  const schema = typeSchema(type, { version, mode: 'create' })
  return { name, in: 'query', required: isRequired, schema }
}

/** How the space or the account is named. */
function placeParameters(version: 1 | 2, scope: string) {
  const place = scope === 'space' || scope === 'in-space' ? 'space' : 'account'
  if (scope === 'account') return []
  const id = { required: true, schema: { type: 'integer' } }
  return version === 1
    ? [{ name: `${place}Id`, in: 'query', ...id }]
    : [{ name: place === 'space' ? 'Space' : 'Account', in: 'header', ...id }]
}
