import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerKeyed } from '../../platform/answer-keyed.ts'
import type { Call } from './call.ts'

interface Exchange {
  readonly needs: 'read' | 'write'
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Runs an operation of a call; a write, once for its Idempotency-Key. Each user has keys of its own in each space. */
export function keyedInCall(
  call: Call,
  { needs, request, reply }: Exchange,
  run: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  if (needs === 'read') return run()
  const { tenantId, spaceId, caller } = call
  const owner = `wallee/${caller.userId}/${spaceId}`
  const { services } = call.deps
  return answerKeyed({ services, request, reply, tenantId, caller: owner }, run)
}
