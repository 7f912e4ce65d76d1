import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { JsonError } from '../../kernel/json.ts'
import { logFailure } from '../../platform/http.ts'
import { Refusal, type RefusalKind } from '../../platform/refusal.ts'
import { codedWhereKnown } from './words.ts'

const statusOf: Record<RefusalKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 400,
  conflict: 409,
  mismatch: 422,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
}

/** D-12: one body for both published shapes of an error. */
export function errorBody(messages: readonly string[]) {
  return { success: false, messageIds: [], messages, message: messages[0] ?? '' }
}

const fieldNames: Record<string, string> = {
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}

/** Turns whatever went wrong with a whole request into this door's words. Bugs are logged here, once, and tell nothing. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof Refusal) {
    if (error.retryAfterSeconds !== undefined)
      void reply.header('retry-after', error.retryAfterSeconds)
    // 13.1: the one operation that publishes a 404.
    const isPageAbsent = error.code === 'landing_page_not_found'
    const short =
      isPageAbsent ||
      error.kind === 'unauthenticated' ||
      error.kind === 'forbidden' ||
      error.kind === 'too_many'
    const body = short ? { message: error.message } : errorBody([codedWhereKnown(error)])
    return reply.code(isPageAbsent ? 404 : statusOf[error.kind]).send(body)
  }
  if (error instanceof JsonError) return reply.code(400).send(errorBody([error.message]))
  const known = error as Partial<FastifyError>
  if (known.validation)
    return reply.code(400).send(errorBody(validationMessages(known, request.body)))
  if (known.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return reply.code(413).send(errorBody(['The request body is larger than this server accepts']))
  }
  if (known.statusCode !== undefined && known.statusCode < 500) {
    return reply.code(known.statusCode).send(errorBody([known.message ?? 'Bad request']))
  }
  logFailure(request, error)
  return reply.code(500).send({ message: 'Internal server error' })
}

type Validation = NonNullable<FastifyError['validation']>[number]

const messagesMax = 10

/** 3.3.1: the path of the faulty value in front of what should have been, as the vendor's validator words it. */
function validationMessages(error: Partial<FastifyError>, body: unknown): string[] {
  const context = error.validationContext ?? 'body'
  if (context !== 'body') return parameterMessages(error, context)
  const details = (error.validation ?? []).filter(({ keyword }) => keyword !== 'if')
  return details.slice(0, messagesMax).map((detail) => {
    return `body${pathOf(detail.instancePath, body)} ${wordsOf(detail)}`
  })
}

function parameterMessages(error: Partial<FastifyError>, context: string): string[] {
  const missing = (error.validation ?? []).flatMap(({ keyword, params }) =>
    keyword === 'required' ? [String(params['missingProperty'])] : [],
  )
  if (missing.length > 0) return [`Missing required request parameters: [${missing.join(', ')}]`]
  return (error.validation ?? []).map((detail) => {
    const name = detail.instancePath.replaceAll('/', '.')
    return `${fieldNames[context] ?? context}${name} ${wordsOf(detail)}`
  })
}

/** `/CLAIM_1/primaryDebtor` as `/['CLAIM_1'].primaryDebtor`, `/0` of a list as `/[0]`; a map may have the key `0` too. */
function pathOf(pointer: string, body: unknown): string {
  let holder = body
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step, index) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
      const isIndex = Array.isArray(holder)
      holder = (holder as Record<string, unknown> | undefined)?.[key]
      if (isIndex) return `[${key}]`
      return index === 0 ? `['${key}']` : `.${key}`
    })
  return steps.length === 0 ? '' : `/${steps.join('')}`
}

function wordsOf({ keyword, params, message }: Validation): string {
  if (keyword === 'required')
    return `should have required property '${String(params['missingProperty'])}'`
  if (keyword === 'additionalProperties') return `should NOT have additional properties`
  return (message ?? 'is not valid').replace(/^must\b/, 'should')
}
