import type { TSchema } from 'typebox'

export interface PublishedOperation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With `{name}` for what the caller fills in. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly pathParameters?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  /** The body as a multipart form. */
  readonly form?: TSchema
  readonly answer?: TSchema
  /** Called without a token, and safe to repeat. */
  readonly isOpen?: boolean
  /** Whether a request may carry an Idempotency-Key; every write may, unless told otherwise. */
  readonly takesIdempotencyKey?: boolean
  readonly status: number
  readonly errors: readonly number[]
}

interface Properties {
  properties?: Record<string, object>
  required?: string[]
}

/** How a door words a failed request. */
export interface PublishedError {
  readonly contentType: string
  readonly schema: object
}

export interface PublishedDoor {
  readonly title: string
  readonly version: string
  readonly description: string
  readonly error: PublishedError
  /** How callers show who they are, by name; our bearer tokens unless the door says otherwise. */
  readonly keys?: Readonly<Record<string, object>>
}

const bearer = {
  oauth2: {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: '/v1/oauth2/token', scopes: {} } },
  },
}

/** The published contract of a door. TypeBox schemas are JSON Schema, which is what OpenAPI 3.1 wants. */
export function openApiOf(
  { error, keys = bearer, ...info }: PublishedDoor,
  operations: readonly PublishedOperation[],
) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const item = (paths[operation.path] ??= {})
    item[operation.method.toLowerCase()] = operationOf(operation, error.contentType)
  }
  return {
    openapi: '3.1.0',
    info,
    paths,
    security:
      Object.keys(keys).length === 0
        ? []
        : [Object.fromEntries(Object.keys(keys).map((name) => [name, []]))],
    components: {
      securitySchemes: keys,
      schemas: { Error: error.schema },
    },
  }
}

function operationOf(operation: PublishedOperation, errorType: string) {
  const failures = operation.errors.map((status) => [
    status,
    {
      description: errorTexts[status] ?? 'Error',
      content: { [errorType]: { schema: { $ref: '#/components/schemas/Error' } } },
    },
  ])
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.isOpen ? { security: [] } : {}),
    parameters: [
      ...parametersOf(operation.pathParameters, 'path'),
      ...parametersOf(operation.query, 'query'),
      ...(mayRepeat(operation) ? [idempotencyKey] : []),
    ],
    ...requestBodyOf(operation),
    responses: {
      [operation.status]: {
        description: 'Done',
        ...(operation.answer ? { content: json(operation.answer) } : {}),
      },
      ...Object.fromEntries(failures),
    },
  }
}

const mayRepeat = ({ method, isOpen, takesIdempotencyKey = true }: PublishedOperation) =>
  takesIdempotencyKey && method !== 'GET' && !isOpen

function requestBodyOf({ body, form }: PublishedOperation) {
  if (form) {
    const content = { 'multipart/form-data': { schema: form } }
    return { requestBody: { required: true, content } }
  }
  return body ? { requestBody: { required: true, content: json(body) } } : {}
}

const errorTexts: Record<number, string> = {
  400: 'The request is malformed; nothing was done',
  401: 'No valid access token',
  403: 'The token speaks for another client, or the path does not exist',
  404: 'Not found',
  409: 'The first request with this Idempotency-Key still runs, or the state does not allow it',
  413: 'The body is too large',
  422: 'This Idempotency-Key was used with another request',
  429: 'Too many requests; Retry-After says when to come back',
  503: 'Too much is waiting, or the database cannot be reached; Retry-After says when to come back',
}

/** The header that makes a write safe to repeat. */
export const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  description:
    'A repeated request with the same key and body gets the first answer again; kept 72 hours',
}

function parametersOf(schema: TSchema | undefined, place: 'path' | 'query') {
  const { properties = {}, required = [] } = (schema ?? {}) as Properties
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

const json = (schema: object) => ({ 'application/json': { schema } })
