import { type Static, Type } from 'typebox'
import { Id, Timestamp } from '../kernel/schema.ts'

export const Channel = Type.Union([
  Type.Literal('email'),
  Type.Literal('sms'),
  Type.Literal('letter'),
])
export type Channel = Static<typeof Channel>

export const PreferenceValue = Type.Union([
  Type.Literal('allowed'),
  Type.Literal('denied'),
  Type.Literal('unset'),
])
export type PreferenceValue = Static<typeof PreferenceValue>

/** What a debtor said about one channel. */
export const Preference = Type.Object({
  channel: Channel,
  preference: PreferenceValue,
  source: Type.String(),
  changedAt: Timestamp,
})
export type Preference = Static<typeof Preference>

export const ContactPreferences = Type.Object({
  debtorReference: Type.String(),
  preferences: Type.Array(Preference),
})
export type ContactPreferences = Static<typeof ContactPreferences>

export const PreferenceChange = Type.Object(
  {
    channel: Channel,
    preference: PreferenceValue,
    source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  { additionalProperties: false },
)
export type PreferenceChange = Static<typeof PreferenceChange>

export const SuppressibleChannel = Type.Union([Type.Literal('email'), Type.Literal('sms')])
export type SuppressibleChannel = Static<typeof SuppressibleChannel>

export const SuppressionReason = Type.Union([
  Type.Literal('bounce'),
  Type.Literal('unsubscribe'),
  Type.Literal('complaint'),
  Type.Literal('agent'),
])
export type SuppressionReason = Static<typeof SuppressionReason>

/** An address that nothing is sent to. */
export const SuppressedAddress = Type.Object({
  channel: SuppressibleChannel,
  address: Type.String(),
  reason: SuppressionReason,
  messageId: Type.Union([Id, Type.Null()]),
  suppressedAt: Timestamp,
})
export type SuppressedAddress = Static<typeof SuppressedAddress>

export const NewSuppression = Type.Object(
  { channel: SuppressibleChannel, address: Type.String({ minLength: 3, maxLength: 320 }) },
  { additionalProperties: false },
)
export type NewSuppression = Static<typeof NewSuppression>

export const SuppressedPage = Type.Object({
  items: Type.Array(SuppressedAddress),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})
export type SuppressedPage = Static<typeof SuppressedPage>

export const SuppressedQuery = Type.Object({
  channel: Type.Optional(SuppressibleChannel),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
})
export type SuppressedQuery = Static<typeof SuppressedQuery>
