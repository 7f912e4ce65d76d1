import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  keepAnswer,
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
} from './idempotency.ts'
import { type KeyedWork, runAs, workUnder } from './keyed-work.ts'
import { Refusal } from './refusal.ts'
import type { Services } from './services.ts'

interface Running {
  readonly reservation: Reservation
  readonly work: KeyedWork
  /** It ended in an error that says nothing about what was done. */
  isBroken: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    keyedWork: Running | undefined
  }
}

/** Lets the writes of a scope keep their answers. Once for each scope that calls `answerKeyed`. */
export function keepAnswers(scope: FastifyInstance, services: Services): void {
  if (!scope.hasRequestDecorator('keyedWork')) scope.decorateRequest('keyedWork', undefined)
  scope.addHook('onSend', async (request, reply, payload) => {
    const running = request.keyedWork
    // Once: should this fail, the error that is sent instead comes this way too.
    request.keyedWork = undefined
    if (running) await end(services, running, textOf(reply, payload))
    return payload
  })
}

export interface KeyedCall {
  readonly services: Services
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly tenantId: string
  /** Whose keys these are: other callers of the tenant have their own. */
  readonly caller: string
  /** What makes two requests the same beside method and path, where that is not all of the body. */
  readonly body?: unknown
}

/**
 * Runs a write whose operation commits as it likes, once for its Idempotency-Key: repeated, the first answer is given once
 * more. That something is done is noted in the transaction that does it. The answer is stored before it is sent; where a
 * crash comes between, the key is refused from then on, for nobody could know the answer.
 */
export async function answerKeyed<R>(
  call: KeyedCall,
  run: () => Promise<R>,
): Promise<R | FastifyReply> {
  const { services, request, reply, tenantId, caller } = call
  const { method, url, headers } = request
  const asked = keyedRequest({ method, url, headers, body: call.body ?? request.body }, tenantId)
  if (!asked) return run()
  const now = services.clock()
  const reserved = await reserveKey(services, { ...asked, key: `${caller}/${asked.key}` }, now)
  if ('first' in reserved) return replay(reply, reserved.first)
  const { reservation } = reserved
  const work = workUnder(reservation, now)
  const running: Running = { reservation, work, isBroken: false }
  request.keyedWork = running
  try {
    return await runAs(work, run)
  } catch (error) {
    running.isBroken = !(error instanceof Refusal) || error.kind === 'unavailable'
    throw error
  }
}

function replay(
  reply: FastifyReply,
  { status, answer }: { status: number; answer: string },
): FastifyReply {
  void reply.code(status).header('idempotent-replayed', 'true')
  return answer === '' ? reply.send() : reply.type('application/json; charset=utf-8').send(answer)
}

interface Sent {
  readonly status: number
  readonly answer: string
}

function textOf(reply: FastifyReply, payload: unknown): Sent {
  return { status: reply.statusCode, answer: typeof payload === 'string' ? payload : '' }
}

/** Keeps the answer of what did something; what did nothing leaves its key free. */
async function end(services: Services, running: Running, sent: Sent): Promise<void> {
  const { reservation, work } = running
  const { db, clock } = services
  work.isOver = true
  if (work.isActed && !running.isBroken)
    await keepAnswer(db, reservation, { ...sent, now: clock() })
  else await releaseKey(db, reservation, clock()).catch(() => undefined)
}
