/** Shapes every module shares. They carry no `$id`, so each contract may contain them freely. */
import { Type, type Static } from 'typebox'
import { minorMax } from './money.ts'

export const Id = Type.String({ format: 'uuid' })
export type Id = Static<typeof Id>

/** Money in minor units of the currency beside it, of either sign. */
export const Minor = Type.Integer({ minimum: -minorMax, maximum: minorMax })
export type Minor = Static<typeof Minor>

export const NaturalMinor = Type.Integer({ minimum: 0, maximum: minorMax })
export type NaturalMinor = Static<typeof NaturalMinor>

export const PositiveMinor = Type.Integer({ minimum: 1, maximum: minorMax })
export type PositiveMinor = Static<typeof PositiveMinor>

export const Currency = Type.String({ pattern: '^[A-Z]{3}$' })
export type Currency = Static<typeof Currency>

/** A day of the calendar, `YYYY-MM-DD`. */
export const DateOnly = Type.String({ format: 'date' })
export type DateOnly = Static<typeof DateOnly>

/** An instant, RFC 3339. */
export const Timestamp = Type.String({ format: 'date-time' })
export type Timestamp = Static<typeof Timestamp>

export const JsonObject = Type.Record(Type.String(), Type.Unknown())
export type JsonObject = Static<typeof JsonObject>
