/** What disputes look like to those who settle them. */
import { type Static, Type } from 'typebox'
import { Id, Timestamp } from '../kernel/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Long = Type.String({ maxLength: 10_000 })
const NullableText = Type.Union([Type.String(), Type.Null()])
const NullableTime = Type.Union([Timestamp, Type.Null()])
const ClaimReference = Type.String({ minLength: 1, maxLength: 255 })

export const DisputeOutcome = Type.Union([
  Type.Literal('ACCEPTED'),
  Type.Literal('REJECTED'),
  Type.Literal('WITHDRAWN'),
])
export type DisputeOutcome = Static<typeof DisputeOutcome>

export const NewDispute = Type.Object(
  {
    claimReference: ClaimReference,
    reason: Name,
    text: Type.Optional(Long),
    fileIds: Type.Optional(Type.Array(Id, { maxItems: 20, uniqueItems: true })),
    by: Type.Optional(Name),
  },
  { additionalProperties: false },
)
export type NewDispute = Static<typeof NewDispute>

export const DisputeClosing = Type.Object(
  { outcome: DisputeOutcome, note: Type.Optional(Long), by: Type.Optional(Name) },
  { additionalProperties: false },
)
export type DisputeClosing = Static<typeof DisputeClosing>

export const Dispute = Type.Object({
  id: Id,
  claimReference: Type.String(),
  reason: Type.String(),
  text: Type.String(),
  fileIds: Type.Array(Id),
  openedBy: Type.String(),
  openedAt: Timestamp,
  closedAt: NullableTime,
  outcome: Type.Union([DisputeOutcome, Type.Null()]),
  note: NullableText,
  closedBy: NullableText,
})
export type Dispute = Static<typeof Dispute>

export const DisputePage = Type.Object({ items: Type.Array(Dispute), nextCursor: NullableText })
export type DisputePage = Static<typeof DisputePage>

export const DisputePageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  isOpen: Type.Optional(Type.Boolean()),
  claimReference: Type.Optional(ClaimReference),
})
export type DisputePageQuery = Static<typeof DisputePageQuery>
