import { type Static, Type } from 'typebox'
import { CalendarDate, Reference } from '../accounts/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Code = Type.String({ minLength: 1, maxLength: 100 })
const Text = Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()])
/** Ids of configuration may be those of the system that a tenant comes from. */
export const ConfigId = Type.String({ minLength: 1, maxLength: 100 })

const closed = { additionalProperties: false }
const Ids = Type.Union([Type.Array(ConfigId, { maxItems: 1_000 }), Type.Null()], {
  description: 'null: all',
})

export const Classification = Type.Union([
  Type.Literal('PAYMENT'),
  Type.Literal('PAYMENT_CANCELLATION'),
])

/** What each kind of configuration has beside id, name, alternative code and description. */
export const configFields = {
  TYPE: {
    classification: Classification,
    methodIds: Type.Optional(Ids),
    categoryIds: Type.Optional(Ids),
    defaultMethodId: Type.Optional(Type.Union([ConfigId, Type.Null()])),
  },
  CATEGORY: {},
  METHOD: {
    gateway: Type.Optional(
      Type.Union([Type.String({ pattern: '^[A-Z]{1,40}$' }), Type.Null()], {
        description: 'The payment gateway that charges the card, such as STRIPE; null: none',
      }),
    ),
  },
  REASON: { isDefault: Type.Optional(Type.Boolean()) },
  UNIT: { groupName: Type.Optional(Text), communityName: Type.Optional(Text) },
  USER: {
    personName: Type.Optional(Text),
    email: Type.Optional(Text),
    unitId: Type.Optional(Type.Union([ConfigId, Type.Null()])),
  },
} as const

export type ConfigKind = keyof typeof configFields

const common = {
  name: Name,
  alternativeCode: Type.Optional(Type.Union([Code, Type.Null()])),
  description: Type.Optional(Text),
}

export const newConfig = (kind: ConfigKind) =>
  Type.Object({ id: Type.Optional(ConfigId), ...common, ...configFields[kind] }, closed)

export const configPatch = (kind: ConfigKind) =>
  Type.Object(
    {
      name: Type.Optional(Name),
      alternativeCode: common.alternativeCode,
      description: common.description,
      ...Type.Partial(Type.Object(configFields[kind])).properties,
    },
    closed,
  )

export const configAnswer = (kind: ConfigKind) =>
  Type.Object({
    id: ConfigId,
    name: Name,
    alternativeCode: Type.Union([Code, Type.Null()]),
    description: Text,
    ...Type.Partial(Type.Object(configFields[kind])).properties,
  })

/** A configuration as our own door takes it. */
export interface ConfigInput {
  readonly id?: string
  readonly name?: string
  readonly alternativeCode?: string | null
  readonly description?: string | null
  readonly [field: string]: unknown
}

export const NewBill = Type.Object(
  {
    accountReference: Reference,
    number: Type.Optional(Code),
    fromDate: CalendarDate,
    toDate: CalendarDate,
    invoices: Type.Array(Reference, {
      minItems: 1,
      maxItems: 1_000,
      uniqueItems: true,
      description: 'Ledger entry references of invoices of this account that are on no bill',
    }),
  },
  closed,
)
export type NewBill = Static<typeof NewBill>

export const Bill = Type.Object({
  id: Type.String(),
  number: Code,
  accountReference: Reference,
  fromDate: CalendarDate,
  toDate: CalendarDate,
  invoices: Type.Array(Reference),
})
export type Bill = Static<typeof Bill>

export const NewCard = Type.Object(
  {
    debtorReference: Reference,
    paymentGatewayReferenceNumber: Type.String({ minLength: 1, maxLength: 255 }),
    lastDigits: Type.String({ pattern: '^[0-9]{4}$' }),
  },
  closed,
)
export type NewCard = Static<typeof NewCard>
export const Card = Type.Object({ id: Type.String(), ...NewCard.properties })
export type Card = Static<typeof Card>

export const sequenceNames = ['PAYMENT', 'PAYMENT_CANCELLATION', 'INVOICE', 'BILL'] as const
const Natural = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const SequenceName = Type.Union([
  Type.Literal('PAYMENT'),
  Type.Literal('PAYMENT_CANCELLATION'),
  Type.Literal('INVOICE'),
  Type.Literal('BILL'),
])
export const Sequence = Type.Object({
  classification: SequenceName,
  lastReferenceNumber: Natural,
  lastNumber: Natural,
})
export type Sequence = Static<typeof Sequence>
// Far from where numbers end that can be counted exactly, and within what identifiers may name.
const Movable = Type.Integer({ minimum: 0, maximum: 999_999_999_999_999 })
export const SequencePatch = Type.Object(
  { lastReferenceNumber: Type.Optional(Movable), lastNumber: Type.Optional(Movable) },
  closed,
)
export type SequencePatch = Static<typeof SequencePatch>

export const UserLogin = Type.Object({
  organisation: Type.String(),
  username: Type.String(),
  password: Type.String(),
})
export const WebApiKey = Type.Object({ key: Type.String() })
