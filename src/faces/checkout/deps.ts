import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CheckoutDeps } from '../../checkout/index.ts'

export interface CheckoutFaceDeps {
  readonly checkout: CheckoutDeps
  /** Answers what went wrong to those who speak JSON. */
  readonly sendError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply
}
