import { type Static, type TSchema, Type } from 'typebox'
import { Reference } from '../../accounts/schema.ts'
import { Channel } from '../../contacts/schema.ts'
import { Id, JsonObject, Timestamp } from '../../kernel/schema.ts'

const OrNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const MessageStatus = Type.Union([
  Type.Literal('QUEUED'),
  Type.Literal('SENDING'),
  Type.Literal('SENT'),
  Type.Literal('WITHHELD'),
  Type.Literal('FAILED'),
  Type.Literal('BOUNCED'),
])
export type MessageStatus = Static<typeof MessageStatus>

export const Purpose = Type.Union([Type.Literal('dunning'), Type.Literal('notice')])

export const Message = Type.Object({
  id: Id,
  claimReference: Type.String(),
  debtorReference: Type.String(),
  channel: Channel,
  purpose: Purpose,
  bundleId: Id,
  bundleVersion: OrNull(Type.Integer()),
  bundleName: OrNull(Type.String()),
  cause: JsonObject,
  status: MessageStatus,
  dueAt: Timestamp,
  attempts: Type.Integer(),
  decidedAt: OrNull(Timestamp),
  decision: OrNull(JsonObject),
  recipient: OrNull(Type.String()),
  transport: OrNull(Type.String()),
  messageUrl: OrNull(Type.String()),
  error: OrNull(Type.String()),
  bounce: OrNull(JsonObject),
  createdAt: Timestamp,
  sentAt: OrNull(Timestamp),
  deliveredAt: OrNull(Timestamp),
})
export type Message = Static<typeof Message>

export const MessagePage = Type.Object({
  items: Type.Array(Message),
  nextCursor: OrNull(Type.String()),
})
export type MessagePage = Static<typeof MessagePage>

export const MessageQuery = Type.Object({
  claimReference: Type.Optional(Reference),
  status: Type.Optional(MessageStatus),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
})
export type MessageQuery = Static<typeof MessageQuery>

export const NewMessage = Type.Object(
  {
    claimReference: Reference,
    channel: Channel,
    bundleId: Id,
    customBody: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}(?:-[A-Z]{2})?$' })),
    purpose: Type.Optional(Purpose),
    dueAt: Type.Optional(Timestamp),
  },
  { additionalProperties: false },
)
export type NewMessage = Static<typeof NewMessage>

export const BounceKind = Type.Union([
  Type.Literal('hard'),
  Type.Literal('soft'),
  Type.Literal('complaint'),
])
export type BounceKind = Static<typeof BounceKind>

export const NewBounce = Type.Object(
  {
    messageId: Id,
    kind: BounceKind,
    diagnostic: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
)
export type NewBounce = Static<typeof NewBounce>
