import type { FastifyReply } from 'fastify'
import { CompiledQuery } from 'kysely'
import { inTransaction } from '../../platform/db.ts'
import {
  freeKey,
  keepAnswer,
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
} from '../../platform/idempotency.ts'
import { runAs, workUnder } from '../../platform/keyed-work.ts'
import type { Services } from '../../platform/services.ts'
import { type Exchange, send, textOf, type WriteAnswer } from './answer-once.ts'

export interface Steps {
  run(): Promise<WriteAnswer>
  /** Whether what failed like this may be done again although something was committed: that was undone, or counts once. */
  mayBeRepeated?(error: unknown): boolean
}

/**
 * Does a write that commits in several steps, or calls out between them. Repeated with the same Idempotency-Key it is not
 * done again: the first answer is given once more. That something is done is noted in the transaction that does it, and
 * the answer is stored before it is sent; where a crash comes between, the key is refused from then on.
 */
export async function answerInSteps(
  services: Services,
  { request, reply }: Exchange,
  steps: Steps,
): Promise<FastifyReply> {
  const { tenantId } = request.tenant
  const keyed = keyedRequest(request, tenantId)
  if (!keyed) return send(reply, textOf(await steps.run()))
  const { db, clock } = services
  const now = clock()
  const reserved = await reserveKey(services, keyed, now)
  if ('first' in reserved) return send(reply.header('idempotent-replayed', 'true'), reserved.first)
  const { reservation } = reserved
  const work = workUnder(reservation, now)
  const answer = await runAs(work, () => steps.run()).then(textOf, async (error: unknown) => {
    const isUndone = steps.mayBeRepeated?.(error) === true
    await (isUndone ? free : release)(services, reservation).catch(() => undefined)
    throw error
  })
  // Should this fail, what was done stays noted and is not done again.
  await keepAnswer(db, reservation, { ...answer, now: clock() })
  return send(reply, answer)
}

/** Leaves the key free unless something is noted under it. */
const release = ({ db, clock }: Services, reservation: Reservation) =>
  releaseKey(db, reservation, clock())

function free({ db, clock }: Services, reservation: Reservation) {
  const { text, values } = freeKey(reservation)
  const { tenantId } = reservation.request
  return inTransaction(db, { tenantId, now: clock() }, (tx) =>
    tx.db.executeQuery(CompiledQuery.raw(text, values)),
  )
}
