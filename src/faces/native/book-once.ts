import type { FastifyReply } from 'fastify'
import type { Bookkeeper, Command, Companion, Outcome } from '../../book/index.ts'
import {
  freeKey,
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
  storeAnswer,
} from '../../platform/idempotency.ts'
import type { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import type { Exchange, WriteAnswer } from './answer-once.ts'

export interface BookWork<R> {
  readonly command: Command<R>
  /** What commits together with the command. */
  companions?(outcomes: readonly Outcome<R>[]): Companion[]
  /** What the caller is told of a command that was accepted. */
  answer(result: R): WriteAnswer
  /** What an error of the database means; undefined where it means nothing. */
  refusalOf?(error: unknown): Refusal | undefined
}

export interface BookDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
}

/**
 * Does a write on the book. Repeated with the same Idempotency-Key it is not done again: the first answer, stored in the
 * transaction of the booking, is given once more. `prepare` is asked only when the work is really to be done.
 */
export async function bookOnce<R>(
  { services, bookkeeper }: BookDeps,
  { request, reply }: Exchange,
  prepare: () => Promise<BookWork<R>>,
): Promise<FastifyReply> {
  const keyed = keyedRequest(request, request.tenant.tenantId)
  const reserved = keyed ? await reserveKey(services, keyed, services.clock()) : undefined
  if (reserved && 'first' in reserved) {
    const { status, answer } = reserved.first
    return send(reply.header('idempotent-replayed', 'true'), status, answer)
  }
  const reservation = reserved?.reservation
  let work: BookWork<R> | undefined
  try {
    work = await prepare()
    const outcome = await submit(bookkeeper, work, reservation)
    if (!outcome) throw new Error('the bookkeeper gave no answer')
    if ('refusal' in outcome) throw outcome.refusal
    const { status, answer } = textOf(work.answer(outcome.result))
    return await send(reply, status, answer)
  } catch (error) {
    if (reservation)
      await releaseKey(services.db, reservation, services.clock()).catch(() => undefined)
    throw work?.refusalOf?.(error) ?? error
  }
}

async function submit<R>(
  bookkeeper: Bookkeeper,
  work: BookWork<R>,
  reservation: Reservation | undefined,
): Promise<Outcome<R> | undefined> {
  const companions = (outcomes: Outcome<R>[]): Companion[] => {
    const own = work.companions?.(outcomes) ?? []
    if (!reservation) return own
    const [outcome] = outcomes
    return outcome && 'result' in outcome
      ? [...own, storeAnswer(reservation, textOf(work.answer(outcome.result)))]
      : [...own, freeKey(reservation)]
  }
  const [outcome] = await bookkeeper.submitGroup([work.command], { companions })
  return outcome
}

function textOf({ status, body }: WriteAnswer): { status: number; answer: string } {
  return { status, answer: body === undefined ? '' : JSON.stringify(body) }
}

// oxlint-disable-next-line max-params -- a reply with its two parts
function send(reply: FastifyReply, status: number, answer: string): FastifyReply {
  void reply.code(status)
  return answer === '' ? reply.send() : reply.type('application/json').send(answer)
}
