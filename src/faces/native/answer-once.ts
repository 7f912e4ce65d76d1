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
export async function answerOnce(
  services: Services,
  { request, reply }: Exchange,
  work: (tx: Tx) => Promise<WriteAnswer>,
): Promise<FastifyReply> {
  const { db, clock, clocks } = services
  const { tenantId } = request.tenant
  const unit = { tenantId, now: clocks.nowOf(tenantId) }
  const keyed = keyedRequest(request, unit.tenantId)
  if (!keyed) return send(reply, textOf(await inTransaction(db, unit, work)))
  const reserved = await reserveKey(db, keyed, clock())
  if ('first' in reserved) {
    void reply.header('idempotent-replayed', 'true')
    return send(reply, reserved.first)
  }
  const { reservation } = reserved
  try {
    const stored = await inTransaction(db, unit, async (tx) => {
      const answer = textOf(await work(tx))
      await store(tx, reservation, answer)
      return answer
    })
    return await send(reply, stored)
  } catch (error) {
    await releaseKey(db, reservation, clock()).catch(() => undefined)
    throw error
  }
}

interface AnswerText {
  readonly status: number
  readonly answer: string
}

function textOf({ status, body }: WriteAnswer): AnswerText {
  return { status, answer: body === undefined ? '' : JSON.stringify(body) }
}

async function store(tx: Tx, reservation: Reservation, answer: AnswerText): Promise<void> {
  const { text, values } = storeAnswer(reservation, answer)
  await tx.db.executeQuery(CompiledQuery.raw(text, values))
}

function send(reply: FastifyReply, { status, answer }: AnswerText): FastifyReply {
  void reply.code(status)
  return answer === '' ? reply.send() : reply.type('application/json').send(answer)
}
