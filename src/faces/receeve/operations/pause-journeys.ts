import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import { pauseJourney } from '../../../journeys/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'
import { processed } from '../words.ts'

interface Body {
  ref: string
}

export const pauseJourneys = defineBatch({
  id: 'pause_journeys',
  tag: 'Journeys',
  summary: 'Hold the journeys of claims where they stand',
  body: Type.Array(Type.Object({ ref: Reference })),
  items: (body: Body[]) => body.map((input): BatchItem<Body> => ({ key: input.ref, input })),
  command: (context, { input }) => pauseJourney(context, { reference: input.ref }),
  succeeded: () => ({ messages: [processed] }),
})
