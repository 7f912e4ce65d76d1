import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Services } from '../../platform/services.ts'
import type { advanceClock } from '../../test-clock/index.ts'
import { Advance, type AdvanceInput, TestClock } from '../../test-clock/schema.ts'
import { answerInSteps } from './answer-steps.ts'
import type { NativeOperation } from './operation.ts'

export interface TestClockDoor {
  readonly services: Services
  advance(tenantId: string, input: AdvanceInput): ReturnType<typeof advanceClock>
}

export const testClockOperations: readonly NativeOperation[] = [
  {
    id: 'test-clock.show',
    method: 'GET',
    path: '/test-clock',
    tag: 'Test clock',
    summary: 'What time it is for this tenant',
    params: Type.Object({}),
    answer: TestClock,
    status: 200,
  },
  {
    id: 'test-clock.advance',
    method: 'POST',
    path: '/test-clock/advance',
    tag: 'Test clock',
    summary: 'Move the time of a sandbox tenant forward, doing on the way all that becomes due',
    params: Type.Object({}),
    body: Advance,
    answer: TestClock,
    status: 200,
  },
]

/** Mounts the test clock. The tenant of a request is known by then. */
export function mountTestClock(scope: FastifyInstance, door: TestClockDoor): void {
  scope.get('/test-clock', (request) => ({
    now: door.services.clocks.nowOf(request.tenant.tenantId).toISOString(),
  }))
  scope.post('/test-clock/advance', { schema: { body: Advance } }, (request, reply) =>
    answerInSteps(
      door.services,
      { request, reply },
      {
        async run() {
          const now = await door.advance(request.tenant.tenantId, request.body as AdvanceInput)
          return { status: 200, body: { now: now.toISOString() } }
        },
      },
    ),
  )
}
