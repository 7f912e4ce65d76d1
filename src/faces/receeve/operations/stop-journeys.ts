import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import { type ResolutionReason, resolutionReasons } from '../../../book/index.ts'
import { stopJourney } from '../../../journeys/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'
import { processed } from '../words.ts'

const Stop = Type.Object({
  ref: Reference,
  reason: Type.Optional(
    Type.Unsafe<ResolutionReason>({ type: 'string', enum: [...resolutionReasons] }),
  ),
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
})

interface Body {
  ref: string
  reason?: ResolutionReason
  description?: string
}

export const stopJourneys = defineBatch({
  id: 'stop_journeys',
  tag: 'Journeys',
  summary: 'End the journeys of claims for good; with a reason, the claims too',
  body: Type.Array(Stop),
  items: (body: Body[]) => body.map((input): BatchItem<Body> => ({ key: input.ref, input })),
  command: (context, { input: { ref, ...rest } }) =>
    stopJourney(context, { reference: ref, ...rest }),
  succeeded: () => ({ messages: [processed] }),
})
