/** What payments of debtors look like to those who start and read them. */
import { type Static, Type } from 'typebox'
import { Reference } from '../accounts/schema.ts'
import { Currency, Id, PositiveMinor, Timestamp } from '../kernel/schema.ts'

const claimsMax = 100
const NullableText = Type.Union([Type.String(), Type.Null()])
const Name = Type.String({ minLength: 1, maxLength: 40 })
const Url = Type.String({ minLength: 1, maxLength: 2_000 })

export const NewPayment = Type.Object(
  {
    claims: Type.Array(
      Type.Object(
        { reference: Reference, amountMinor: PositiveMinor },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: claimsMax },
    ),
    provider: Type.Optional(Name),
    returnUrl: Url,
    cancelUrl: Type.Optional(Url),
    locale: Type.Optional(
      Type.String({ pattern: '^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$', maxLength: 35 }),
    ),
    description: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false },
)
export type NewPayment = Static<typeof NewPayment>

export const StartedPayment = Type.Object({ paymentId: Id, redirectUrl: Type.String() })
export type StartedPayment = Static<typeof StartedPayment>

export const Payment = Type.Object({
  id: Id,
  provider: Type.String(),
  trackingId: NullableText,
  state: Type.String(),
  currency: Currency,
  amountMinor: PositiveMinor,
  claims: Type.Array(
    Type.Object({ claimId: Id, reference: Reference, amountMinor: PositiveMinor }),
  ),
  history: Type.Array(
    Type.Object({
      state: Type.String(),
      at: Timestamp,
      reason: Type.Optional(Type.String()),
    }),
  ),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Payment = Static<typeof Payment>

export const PaymentPage = Type.Object({
  items: Type.Array(Payment),
  nextCursor: NullableText,
})
export type PaymentPage = Static<typeof PaymentPage>

export const PaymentsQuery = Type.Object({
  claim: Type.Optional(Reference),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
})
export type PaymentsQuery = Static<typeof PaymentsQuery>
