import { type Static, Type } from 'typebox'
import { Timestamp } from '../kernel/schema.ts'

/** Where a test clock is to go: to an instant, or by a span from where it stands. */
export const Advance = Type.Union([
  Type.Object({ to: Timestamp }, { additionalProperties: false }),
  Type.Object(
    {
      days: Type.Optional(Type.Integer({ minimum: 0, maximum: 400 })),
      hours: Type.Optional(Type.Integer({ minimum: 0, maximum: 9600 })),
      minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 576_000 })),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
])
export type AdvanceInput = Static<typeof Advance>

/** Where it stands now. */
export const TestClock = Type.Object({ now: Timestamp })
