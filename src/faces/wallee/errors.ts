import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { JsonError } from '../../kernel/json.ts'
import { newId } from '../../kernel/id.ts'
import { logFailure } from '../../platform/http.ts'
import { Refusal, type RefusalKind } from '../../platform/refusal.ts'

/** An input with what is wrong about each of its fields. */
export class InvalidInput extends Refusal {
  override name = 'InvalidInput'
  readonly errors: Readonly<Record<string, string>>

  constructor(code: string, kind: RefusalKind, errors: Readonly<Record<string, string>>) {
    const [first] = Object.entries(errors)
    super(code, kind, first ? `${first[0]}: ${first[1]}` : 'The request is not accepted')
    this.errors = errors
  }
}

/** The refusal of a body: malformed, or well-formed and still impossible. */
export function invalidInput(
  errors: Readonly<Record<string, string>>,
  code: 'invalid_parameter' | 'unprocessable' = 'invalid_parameter',
): InvalidInput {
  return new InvalidInput(code, code === 'unprocessable' ? 'mismatch' : 'invalid', errors)
}

const v1StatusOf: Record<RefusalKind, number> = {
  invalid: 442,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 442,
  conflict: 409,
  mismatch: 442,
  too_large: 442,
  too_many: 429,
  unavailable: 542,
}

const v2StatusOf: Record<RefusalKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  mismatch: 422,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
}

const v1TypeOf: Record<RefusalKind, string> = {
  invalid: 'DEVELOPER_ERROR',
  unauthenticated: 'CONFIGURATION_ERROR',
  forbidden: 'CONFIGURATION_ERROR',
  not_found: 'DEVELOPER_ERROR',
  conflict: 'DEVELOPER_ERROR',
  mismatch: 'END_USER_ERROR',
  too_large: 'DEVELOPER_ERROR',
  too_many: 'CONFIGURATION_ERROR',
  unavailable: 'CONFIGURATION_ERROR',
}

/** Statuses that a code has of itself: another request's Idempotency-Key, and a page that was turned too far. */
const v1StatusOfCode: Readonly<Record<string, number>> = { key_reused: 422 }
const v2StatusOfCode: Readonly<Record<string, number>> = {
  offset_too_far: 416,
  not_acceptable: 406,
  unsupported_media_type: 415,
}

export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly errors: Readonly<Record<string, string>>
  readonly kind: RefusalKind | 'bug'
  readonly retryAfterSeconds?: number | undefined
}

/** What a version answers to whatever went wrong. */
export function failureOf(error: unknown, version: 1 | 2): Failure {
  const refusal = refusalOf(error)
  if (!refusal) {
    const message = 'Something broke on our side'
    return { status: version === 1 ? 542 : 500, code: 'internal', message, errors: {}, kind: 'bug' }
  }
  const { kind, code, message, retryAfterSeconds } = refusal
  const [byCode, byKind] =
    version === 1 ? [v1StatusOfCode, v1StatusOf] : [v2StatusOfCode, v2StatusOf]
  const status = byCode[code] ?? byKind[kind]
  const errors = refusal instanceof InvalidInput ? refusal.errors : {}
  return { status, code, message, errors, kind, retryAfterSeconds }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof JsonError) return new Refusal('invalid_parameter', 'invalid', error.message)
  const known = error as Partial<FastifyError>
  const status = known.validation ? 400 : (known.statusCode ?? 500)
  if (status >= 500) return undefined
  const kind = status === 413 ? 'too_large' : 'invalid'
  return new Refusal('invalid_parameter', kind, known.message ?? 'The request is not accepted')
}

/** Answers failed requests: version 1 with a ClientError or a ServerError (a.3), version 2 as in a.4. */
export function errorSender(version: 1 | 2, clock: () => Date) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = failureOf(error, version)
    if (failure.retryAfterSeconds !== undefined)
      void reply.header('retry-after', failure.retryAfterSeconds)
    const body = version === 1 ? v1ErrorBody(failure, clock()) : v2ErrorBody(failure, clock())
    if (failure.kind === 'bug') logFailure(request, error, { id: body.id })
    return reply.code(failure.status).type('application/json;charset=utf-8').send(body)
  }
}

function v1ErrorBody({ message, kind }: Failure, now: Date) {
  const told = { date: now.toISOString(), id: newId(), message }
  if (kind === 'bug' || kind === 'unavailable') return told
  return { ...told, defaultMessage: message, type: v1TypeOf[kind] }
}

/** The body of a version 2 error, also of each entry of a bulk request. */
export function v2ErrorBody({ code, message, errors }: Failure, now: Date) {
  return { id: newId(), date: now.toISOString(), code, message, errors }
}
