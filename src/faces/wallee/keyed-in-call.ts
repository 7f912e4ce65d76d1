import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerKeyed } from '../../platform/answer-keyed.ts'
import type { Call } from './call.ts'

interface Exchange {
  readonly needs: 'read' | 'write'
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Runs an operation of a call; a write, once for its Idempotency-Key. Each user has keys of its own in each space and account. */
export function keyedInCall(
  call: Call,
  { needs, request, reply }: Exchange,
  run: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  if (needs === 'read') return run()
  const { tenantId, caller } = call
  const owner = `wallee/${caller.userId}/${placeOf(call, request)}`
  const { services } = call.deps
  return answerKeyed({ services, request, reply, tenantId, caller: owner }, run)
}

/** A header alone names the account in version 2; in version 1 the path does, and is part of what was asked. */
function placeOf({ version, spaceId }: Call, { headers }: FastifyRequest): string {
  const { account } = headers
  const isNamed = version === 2 && spaceId === 0 && account !== undefined
  // As a number: an operation of neither space nor account reads no such header, which may then be any text.
  return isNamed ? `account/${Number(account)}` : String(spaceId)
}
