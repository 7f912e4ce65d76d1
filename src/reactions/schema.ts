/** What reactions look like to those who manage them. */
import { type Static, type TSchema, Type } from 'typebox'
import { Id, JsonObject, Timestamp } from '../kernel/schema.ts'
import { actionSchemas } from './actions.ts'

const closed = { additionalProperties: false }
const ReactionName = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
const Position = Type.Integer({ minimum: 0, maximum: 1_000_000 })
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const NextCursor = Nullable(Type.String())

const claimStatuses = ['ACTIVE', 'RESOLVED', 'DELETED'] as const
export type ClaimStatus = (typeof claimStatuses)[number]
const ClaimStatus = Type.Unsafe<ClaimStatus>({ type: 'string', enum: [...claimStatuses] })
const Scalar = Type.Union([Type.String({ maxLength: 1_000 }), Type.Number(), Type.Boolean()])

const trigger = {
  /** The type of the event, with or without `.v1`. A trigger name alone means custom triggers. */
  event: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  triggerName: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  /** What the event must say, field by field. */
  data: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Scalar, { maxProperties: 20 })),
  /** In which states of a claim it reacts; active and resolved ones where it does not say. */
  claimStatus: Type.Optional(Type.Array(ClaimStatus, { minItems: 1, maxItems: 3 })),
  /** What must hold for the claim, as in a journey. */
  condition: Type.Optional(JsonObject),
  /** To an event of an account it reacts once for each active claim. */
  perClaim: Type.Optional(Type.Boolean()),
}
export const Trigger = Type.Object(trigger, closed)
export type Trigger = Static<typeof Trigger>

const actionsMax = 20
/** Checked in words that name the action, not by this shape. */
const ActionsInput = Type.Array(JsonObject, {
  minItems: 1,
  maxItems: actionsMax,
  description: 'What is done, in this order. See docs/reactions.md',
})

export const NewReaction = Type.Object(
  {
    name: ReactionName,
    when: Trigger,
    actions: ActionsInput,
    isActive: Type.Optional(Type.Boolean()),
    position: Type.Optional(Position),
  },
  closed,
)
export type NewReaction = Static<typeof NewReaction>
export const ReactionChange = Type.Partial(NewReaction, closed)
export type ReactionChange = Static<typeof ReactionChange>

export const Reaction = Type.Object({
  id: Id,
  name: Type.String(),
  when: Trigger,
  actions: Type.Array(Type.Union(Object.values(actionSchemas))),
  isActive: Type.Boolean(),
  /** Of several to one event the lowest is first. */
  position: Position,
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Reaction = Static<typeof Reaction>
export const ReactionPage = Type.Object({ items: Type.Array(Reaction), nextCursor: NextCursor })
export type ReactionPage = Static<typeof ReactionPage>
export const ReactionPageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  closed,
)
export type ReactionPageQuery = Static<typeof ReactionPageQuery>

const firingStatuses = ['WAITING', 'DONE', 'FAILED', 'SKIPPED'] as const
const outcomes = ['done', 'refused', 'failed'] as const

/** What became of one action. */
export const ActionResult = Type.Object({
  action: Type.Integer(),
  type: Type.String(),
  outcome: Type.Unsafe<(typeof outcomes)[number]>({ type: 'string', enum: [...outcomes] }),
  detail: Type.Optional(Type.String()),
  at: Timestamp,
})
export type ActionResult = Static<typeof ActionResult>

export const Firing = Type.Object({
  id: Id,
  version: Type.Integer(),
  eventId: Id,
  event: Type.String(),
  claimReference: Nullable(Type.String()),
  accountReference: Nullable(Type.String()),
  status: Type.Unsafe<(typeof firingStatuses)[number]>({
    type: 'string',
    enum: [...firingStatuses],
  }),
  /** Why nothing was done. */
  reason: Nullable(Type.String()),
  results: Type.Array(ActionResult),
  at: Timestamp,
  endedAt: Nullable(Timestamp),
})
export type Firing = Static<typeof Firing>
export const FiringPage = Type.Object({ items: Type.Array(Firing), nextCursor: NextCursor })
export type FiringPage = Static<typeof FiringPage>
