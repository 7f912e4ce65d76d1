/** What webhooks look like to those who manage them. */
import { Type, type Static } from 'typebox'
import { Id, Timestamp } from '../kernel/schema.ts'

const urlLengthMax = 2_000
const eventTypesMax = 200

const Url = Type.String({ minLength: 1, maxLength: urlLengthMax })
/** Names of event types with or without `.v1`, or `*` for all. */
const EventTypes = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
  minItems: 1,
  maxItems: eventTypesMax,
})
const Nullable = <T extends typeof Timestamp>(schema: T) => Type.Union([schema, Type.Null()])
const NullableText = Type.Union([Type.String(), Type.Null()])

export const NewWebhook = Type.Object(
  { url: Url, eventTypes: EventTypes, isActive: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
)
export type NewWebhook = Static<typeof NewWebhook>

export const WebhookPatch = Type.Object(
  {
    url: Type.Optional(Url),
    eventTypes: Type.Optional(EventTypes),
    isActive: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type WebhookPatch = Static<typeof WebhookPatch>

/** Who it speaks to: those who made it here, or a listener of the wallee doors. */
export const WebhookFormat = Type.Union([Type.Literal('quittance'), Type.Literal('wallee')])
export type WebhookFormat = Static<typeof WebhookFormat>

export const Webhook = Type.Object({
  id: Id,
  format: WebhookFormat,
  url: Type.String(),
  eventTypes: Type.Array(Type.String()),
  isActive: Type.Boolean(),
  inactiveReason: NullableText,
  isPaused: Type.Boolean(),
  pauseReason: NullableText,
  pausedAt: Nullable(Timestamp),
  failingSince: Nullable(Timestamp),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Webhook = Static<typeof Webhook>

export const DeliveryState = Type.Union([
  Type.Literal('PENDING'),
  Type.Literal('DELIVERED'),
  Type.Literal('FAILED'),
])
export type DeliveryState = Static<typeof DeliveryState>

export const Delivery = Type.Object({
  messageId: Id,
  eventType: Type.String(),
  state: DeliveryState,
  attempts: Type.Integer({ minimum: 0 }),
  nextAttemptAt: Nullable(Timestamp),
  lastAttemptAt: Nullable(Timestamp),
  responseStatus: Type.Union([Type.Integer(), Type.Null()]),
  error: NullableText,
  createdAt: Timestamp,
  deliveredAt: Nullable(Timestamp),
})
export type Delivery = Static<typeof Delivery>

export const WebhookKey = Type.Object({
  keyId: Id,
  algorithm: Type.String(),
  publicKey: Type.String(),
  isSigning: Type.Boolean(),
  createdAt: Timestamp,
  retiredAt: Nullable(Timestamp),
  listedUntil: Nullable(Timestamp),
})
export type WebhookKey = Static<typeof WebhookKey>

const Cursor = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }))

export const WebhookPageQuery = Type.Object({ limit: Limit, cursor: Cursor })
export type WebhookPageQuery = Static<typeof WebhookPageQuery>

export const DeliveryPageQuery = Type.Object({
  limit: Limit,
  cursor: Cursor,
  state: Type.Optional(DeliveryState),
})
export type DeliveryPageQuery = Static<typeof DeliveryPageQuery>

export const WebhookPage = Type.Object({ items: Type.Array(Webhook), nextCursor: NullableText })
export type WebhookPage = Static<typeof WebhookPage>

export const DeliveryPage = Type.Object({ items: Type.Array(Delivery), nextCursor: NullableText })
export type DeliveryPage = Static<typeof DeliveryPage>

export const WebhookKeys = Type.Object({ items: Type.Array(WebhookKey) })
export type WebhookKeys = Static<typeof WebhookKeys>
