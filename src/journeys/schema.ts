/** What journeys look like to those who manage them. */
import { type Static, type TSchema, Type } from 'typebox'
import { Reference } from '../accounts/schema.ts'
import { type ResolutionReason, resolutionReasons } from '../book/index.ts'
import { Id, JsonObject, Timestamp } from '../kernel/schema.ts'
import { type DelayReason, delayReasons } from './delays.ts'
import { Name, stepSchemas } from './document.ts'

const closed = { additionalProperties: false }
const JourneyName = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
// Bounded so that each fits the index of the assignments, whatever its characters.
const Portfolio = Type.String({ minLength: 1, maxLength: 500 })
const Version = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const NextCursor = Type.Union([Type.String(), Type.Null()])

/** Checked in words that name the step, not by this shape. */
const DocumentInput = Type.Object(
  { paths: Type.Record(Type.String(), Type.Array(JsonObject)) },
  { description: 'Paths of steps; a run begins at the first step of `main`. See docs/journeys.md' },
)
const Document = Type.Object({
  paths: Type.Record(Type.String(), Type.Array(Type.Union(Object.values(stepSchemas)))),
})

export const NewJourney = Type.Object({ name: JourneyName, document: DocumentInput }, closed)
export type NewJourney = Static<typeof NewJourney>
export const NewVersion = Type.Object({ document: DocumentInput }, closed)
export type NewVersion = Static<typeof NewVersion>

export const Assignment = Type.Object({
  /** Null: every claim whose portfolio has no assignment of its own. */
  portfolioReference: Nullable(Type.String()),
  isDefault: Type.Boolean(),
})
export type Assignment = Static<typeof Assignment>
export const NewAssignment = Type.Union([
  Type.Object({ portfolioReference: Portfolio }, closed),
  Type.Object({ default: Type.Literal(true) }, closed),
])
export type NewAssignment = Static<typeof NewAssignment>
export const AssignmentQuery = Type.Object({ portfolioReference: Type.Optional(Portfolio) }, closed)
export type AssignmentQuery = Static<typeof AssignmentQuery>

const journey = {
  id: Id,
  name: Type.String(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
}
export const JourneySummary = Type.Object(journey)
export type JourneySummary = Static<typeof JourneySummary>
export const Journey = Type.Object({
  ...journey,
  document: Document,
  assignments: Type.Array(Assignment),
  /** How many claims are on their way, by version. */
  running: Type.Record(Type.String(), Type.Integer()),
})
export type Journey = Static<typeof Journey>
export const JourneyVersion = Type.Object({
  id: Id,
  name: Type.String(),
  version: Version,
  createdAt: Timestamp,
  document: Document,
})
export type JourneyVersion = Static<typeof JourneyVersion>
export const JourneyPage = Type.Object({
  items: Type.Array(JourneySummary),
  nextCursor: NextCursor,
})
export type JourneyPage = Static<typeof JourneyPage>
export const JourneyPageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
})
export type JourneyPageQuery = Static<typeof JourneyPageQuery>

export const claimsSimulatedMax = 1_000
export const Simulate = Type.Object(
  {
    version: Type.Optional(Version),
    portfolioReference: Type.Optional(Portfolio),
    claimReferences: Type.Optional(
      Type.Array(Reference, { minItems: 1, maxItems: claimsSimulatedMax }),
    ),
    until: Timestamp,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: claimsSimulatedMax })),
  },
  closed,
)
export type Simulate = Static<typeof Simulate>
const SimulatedEvent = Type.Object({
  claimReference: Type.String(),
  at: Timestamp,
  step: Type.String(),
  type: Type.String(),
  /** What the step says besides its id and type; of one that is `delayed`, why. */
  details: JsonObject,
})
export const Simulation = Type.Object({
  journeyId: Id,
  version: Version,
  from: Timestamp,
  until: Timestamp,
  claims: Type.Integer(),
  /** Whether there is more, of claims or of time, than was looked at. */
  isPartial: Type.Boolean(),
  finished: Type.Integer(),
  /** How often each step is done. */
  byStep: Type.Record(Type.String(), Type.Integer()),
  events: Type.Array(SimulatedEvent),
})
export type Simulation = Static<typeof Simulation>

const runStatuses = ['RUNNING', 'PAUSED', 'STOPPED', 'FINISHED'] as const
const RunStatus = Type.Unsafe<(typeof runStatuses)[number]>({
  type: 'string',
  enum: [...runStatuses],
})
const Because = Type.Unsafe<DelayReason>({ type: 'string', enum: Object.keys(delayReasons) })
export const ClaimJourney = Type.Object({
  claimReference: Type.String(),
  runId: Nullable(Id),
  journeyId: Nullable(Id),
  name: Nullable(Type.String()),
  version: Nullable(Version),
  /** Null: the claim never was on a journey. */
  status: Nullable(RunStatus),
  path: Nullable(Type.String()),
  step: Nullable(Type.String()),
  nextAt: Nullable(Timestamp),
  /** Why the step does not hand the claim over yet. */
  delay: Nullable(Type.Object({ because: Because, says: Type.String() })),
  startedAt: Nullable(Timestamp),
  pausedAt: Nullable(Timestamp),
  pausedUntil: Nullable(Timestamp),
  endedAt: Nullable(Timestamp),
  endReason: Nullable(Type.String()),
})
export type ClaimJourney = Static<typeof ClaimJourney>

export const PauseBody = Type.Object({ pausedUntil: Type.Optional(Timestamp) }, closed)
export type PauseBody = Static<typeof PauseBody>
export const StopBody = Type.Object(
  {
    reason: Type.Optional(
      Type.Unsafe<ResolutionReason>({ type: 'string', enum: [...resolutionReasons] }),
    ),
    description: Type.Optional(Type.String({ maxLength: 1_000 })),
  },
  closed,
)
export type StopBody = Static<typeof StopBody>
export const StartBody = Type.Object(
  { journeyId: Type.Optional(Id), version: Type.Optional(Version) },
  closed,
)
export type StartBody = Static<typeof StartBody>
export const MoveBody = Type.Object(
  {
    journeyId: Type.Optional(Id),
    version: Type.Optional(Version),
    /** Where to go on; without it the step of the same id. */
    step: Type.Optional(Name),
  },
  closed,
)
export type MoveBody = Static<typeof MoveBody>
