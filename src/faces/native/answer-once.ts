import type { FastifyReply, FastifyRequest } from 'fastify'
import { CompiledQuery } from 'kysely'
import { inTransaction, type Tx } from '../../platform/db.ts'
import {
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
  storeAnswer,
} from '../../platform/idempotency.ts'
import type { Services } from '../../platform/services.ts'

export interface WriteAnswer {
  readonly status: number
  /** Undefined: an answer without a body. */
  readonly body?: unknown
}

export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/**
 * Does a write that needs no bookkeeper, in one transaction. Repeated with the same Idempotency-Key it is not done
 * again: the first answer, stored in that transaction, is given once more.
 */
export function answerOnce(
  services: Services,
  exchange: Exchange,
  work: (tx: Tx) => Promise<WriteAnswer>,
): Promise<FastifyReply> {
  return answerPrepared(services, exchange, { prepare: () => Promise.resolve(), work })
}

export interface PreparedWork<P> {
  readonly prepare: () => Promise<P>
  readonly work: (tx: Tx, prepared: P) => Promise<WriteAnswer>
}

/** The same for what looks at something before its transaction: at what may be gone when it is asked for once more. */
export async function answerPrepared<P>(
  services: Services,
  { request, reply }: Exchange,
  { prepare, work }: PreparedWork<P>,
): Promise<FastifyReply> {
  const { db, clock, clocks } = services
  const { tenantId } = request.tenant
  const unit = { tenantId, now: clocks.nowOf(tenantId) }
  const keyed = keyedRequest(request, unit.tenantId)
  if (!keyed) {
    const prepared = await prepare()
    return send(reply, textOf(await inTransaction(db, unit, (tx) => work(tx, prepared))))
  }
  const reserved = await reserveKey(services, keyed, clock())
  if ('first' in reserved) {
    void reply.header('idempotent-replayed', 'true')
    return send(reply, reserved.first)
  }
  const { reservation } = reserved
  try {
    const prepared = await prepare()
    const stored = await inTransaction(db, unit, async (tx) => {
      const answer = textOf(await work(tx, prepared))
      await store(tx, reservation, answer)
      return answer
    })
    return await send(reply, stored)
  } catch (error) {
    await releaseKey(db, reservation, clock()).catch(() => undefined)
    throw error
  }
}

export interface AnswerText {
  readonly status: number
  readonly answer: string
}

export function textOf({ status, body }: WriteAnswer): AnswerText {
  return { status, answer: body === undefined ? '' : JSON.stringify(body) }
}

async function store(tx: Tx, reservation: Reservation, answer: AnswerText): Promise<void> {
  const { text, values } = storeAnswer(reservation, answer)
  await tx.db.executeQuery(CompiledQuery.raw(text, values))
}

export function send(reply: FastifyReply, { status, answer }: AnswerText): FastifyReply {
  void reply.code(status)
  return answer === '' ? reply.send() : reply.type('application/json').send(answer)
}
