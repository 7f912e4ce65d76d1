import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import { resumeJourney } from '../../../journeys/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'
import { processed } from '../words.ts'

interface Body {
  ref: string
}

export const resumeJourneys = defineBatch({
  id: 'resume_journeys',
  tag: 'Journeys',
  summary: 'Let paused journeys of claims go on where they left off',
  body: Type.Array(Type.Object({ ref: Reference })),
  items: (body: Body[]) => body.map((input): BatchItem<Body> => ({ key: input.ref, input })),
  command: (context, { input }) => resumeJourney(context, input.ref),
  succeeded: () => ({ messages: [processed] }),
})
