import { type Static, type TSchema, Type } from 'typebox'
import { Channel } from '../../contacts/schema.ts'
import { DateOnly, Timestamp } from '../../kernel/schema.ts'

const closed = { additionalProperties: false }
const Time = Type.String({ pattern: '^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$' })
const OrNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const scope = {
  country: Type.Optional(OrNull(Type.String({ pattern: '^[A-Z]{2}$' }))),
  channel: Type.Optional(OrNull(Channel)),
  note: Type.Optional(OrNull(Type.String({ maxLength: 1_000 }))),
  validFrom: DateOnly,
  validUntil: Type.Optional(OrNull(DateOnly)),
}

/** A rule as a tenant gives it: one of four kinds, each with a value of its own. */
export const NewSendRule = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('quiet_hours'),
      value: Type.Object({ sendFrom: Time, sendUntil: Time }, closed),
      ...scope,
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('contact_cap'),
      value: Type.Object(
        {
          max: Type.Integer({ minimum: 1, maximum: 1_000 }),
          days: Type.Integer({ minimum: 1, maximum: 90 }),
        },
        closed,
      ),
      ...scope,
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('consent'),
      value: Type.Object({ isRequired: Type.Boolean() }, closed),
      ...scope,
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('weekdays'),
      value: Type.Object(
        {
          days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
            minItems: 1,
            maxItems: 7,
            uniqueItems: true,
          }),
        },
        closed,
      ),
      ...scope,
    },
    closed,
  ),
])
export type NewSendRule = Static<typeof NewSendRule>

/** A rule as it is shown; one that is built in has no day of making. */
export const SendRule = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  country: OrNull(Type.String()),
  channel: OrNull(Channel),
  value: Type.Record(Type.String(), Type.Unknown()),
  note: OrNull(Type.String()),
  validFrom: DateOnly,
  validUntil: OrNull(DateOnly),
  isBuiltIn: Type.Boolean(),
  createdAt: OrNull(Timestamp),
})
export type SendRule = Static<typeof SendRule>

export const SendRules = Type.Object({ items: Type.Array(SendRule) })
export type SendRules = Static<typeof SendRules>
