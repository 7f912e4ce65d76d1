import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { crmcomContract, Envelope } from './faces/crmcom/contract.ts'
import { nativeOperations } from './faces/native/face.ts'
import { payofinContract, payofinKeys, Verdict } from './faces/payofin/contract.ts'
import { publishedOperations } from './faces/receeve/face.ts'
import { walleeDocument } from './faces/wallee/openapi.ts'
import { openApiOf, type PublishedError, type PublishedOperation } from './platform/openapi.ts'

const version = '0.1.0'
const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40" role="img" aria-label="Quittance">
  <text x="0" y="28" font-family="sans-serif" font-size="26" font-weight="600" fill="#fff">Quittance</text></svg>`
const ClientPath = Type.Object({ clientId: Type.String({ format: 'uuid' }) })

const TokenAnswer = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Integer(),
  token_type: Type.String(),
})

// D-12: both published shapes at once.
const receeveError: PublishedError = {
  contentType: 'application/json',
  schema: Type.Object({
    success: Type.Optional(Type.Boolean()),
    messageIds: Type.Optional(Type.Array(Type.String())),
    messages: Type.Optional(Type.Array(Type.String())),
    message: Type.String(),
  }),
}

// RFC 9457
const problem: PublishedError = {
  contentType: 'application/problem+json',
  schema: Type.Object({
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
  }),
}

function receeveDocument() {
  const token: PublishedOperation = {
    id: 'get_oauth2_token',
    method: 'POST',
    path: '/v1/oauth2/token',
    tag: 'Authentication',
    summary: 'An access token for client id and secret, given by HTTP Basic authentication',
    answer: TokenAnswer,
    isOpen: true,
    status: 200,
    errors: [400, 429],
  }
  const operations = publishedOperations().map((operation): PublishedOperation => ({
    ...operation,
    path: `/v1/{clientId}/${operation.id}`,
    pathParameters: ClientPath,
    status: 200,
    errors:
      operation.method === 'GET'
        ? [400, 401, 403, 429, ...(operation.errors ?? [])]
        : [400, 401, 403, 409, 413, 422, 429, 503],
  }))
  return openApiOf(
    {
      title: 'Quittance: the Receeve-compatible door',
      version: '1.53.1',
      description:
        'Debt servicing API v1.53.1. A refused entity of a batch is answered with success=false and status 200.',
      error: receeveError,
    },
    [token, ...operations, ...operations.flatMap(alsoUnderFiles)],
  )
}

/** D-99: uploads have a second path. */
function alsoUnderFiles(operation: PublishedOperation): PublishedOperation[] {
  const { id, path } = operation
  return id === 'upload_files' ? [{ ...operation, id: `${id}_2`, path: `/files${path}` }] : []
}

function nativeDocument() {
  const operations = nativeOperations.map((operation): PublishedOperation => ({
    ...operation,
    path: `/q/v1${operation.path}`,
    pathParameters: operation.params,
    errors: [400, 401, 404, 409, 422, 429, 503],
  }))
  return openApiOf(
    {
      title: 'Quittance: our own door',
      version,
      description:
        'Plain REST with the access token of /v1/oauth2/token. Amounts are integers of minor units. Writes take an Idempotency-Key; lists are read on with the nextCursor of the page before; errors are problem+json.',
      error: problem,
    },
    operations,
  )
}

function crmcomDocument() {
  return openApiOf(
    {
      title: 'Quittance: the CRM.COM-compatible door',
      version: 'v2',
      description:
        'Errors of business are answered with status 200: status.code of the answer says what went wrong. A token from authentication/token is a parameter of every other call.',
      error: { contentType: 'application/json', schema: Envelope },
      // The token is a parameter of every call, in the query or in the body.
      keys: {},
    },
    crmcomContract(),
  )
}

function payofinDocument() {
  return openApiOf(
    {
      title: 'Quittance: the Payofin-compatible door',
      version,
      description:
        'Every answer ends with result, resultCode and resultMessage; what is refused is answered with status 200 and a negative code. Paths are read in any case.',
      error: { contentType: 'application/json', schema: Verdict },
      keys: payofinKeys,
    },
    payofinContract(),
  )
}

/** The contract of each door, by the name under which `/docs/<name>.json` serves it. */
export function documents() {
  return {
    receeve: receeveDocument(),
    native: nativeDocument(),
    crmcom: crmcomDocument(),
    payofin: payofinDocument(),
    'wallee-v1': walleeDocument(1),
    'wallee-v2': walleeDocument(2),
  }
}

/** Serves the contracts and a page to read them at `/docs`, without a request to anywhere else. */
export async function mountDocs(app: FastifyInstance): Promise<void> {
  const all = documents()
  await app.register(swagger, { mode: 'static', specification: { document: all.receeve as never } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Nothing from elsewhere, and nothing that turns plain http into https; the page sets one style of its own inline.
    staticCSP: {
      'default-src': "'self'",
      'base-uri': "'self'",
      'frame-ancestors': "'self'",
      'img-src': "'self' data:",
      'object-src': "'none'",
      'script-src-attr': "'none'",
      'style-src': "'self' 'unsafe-inline'",
    },
    logo: { type: 'image/svg+xml', content: Buffer.from(logo) },
    theme: { title: 'Quittance: API contracts' },
    uiConfig: {
      urls: Object.keys(all).map((name) => ({ url: `/docs/${name}.json`, name })),
      docExpansion: 'list',
      validatorUrl: null,
    } as never,
  })
  for (const [name, document] of Object.entries(all)) app.get(`/docs/${name}.json`, () => document)
}
