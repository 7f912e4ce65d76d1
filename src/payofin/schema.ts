import { type Static, Type } from 'typebox'
import { Currency, NaturalMinor, Timestamp } from '../kernel/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Text = Type.String({ maxLength: 500 })
export const sootCodeMax = 2_147_483_647
export const SootCode = Type.Integer({ minimum: 1, maximum: sootCodeMax })
export const MerchantId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
/** An amount as decimal text in the currency of the merchant, such as `1000.00`. */
const Decimal = Type.String({ pattern: String.raw`^\d{1,15}(\.\d{1,4})?$` })

const institution = {
  name: Name,
  /** 1 electricity, 2 water, 3 gas, 4 telephone, 5 internet, 6 television, 7 tax, 8 social security, 9 other. */
  typeCode: Type.Integer({ minimum: 1, maximum: 9 }),
  /** The province by its licence plate, 200 for Northern Cyprus; null for everywhere. */
  cityCode: Type.Union([Type.Integer({ minimum: 1, maximum: 999 }), Type.Null()]),
  description: Text,
  fieldTitle: Text,
  fieldDescription: Text,
  /** Length and kinds of signs of a subscriber number, as the merchant's form shows it: `9999999999`. */
  mask: Text,
  /** Which of our references a subscriber number is. */
  subscriberKind: Type.Union([
    Type.Literal('accountReference'),
    Type.Literal('debtorReference'),
    Type.Literal('paymentReference'),
  ]),
  /** The accounts that are its own; null for all of the tenant. */
  portfolioReference: Type.Union([Type.String({ minLength: 1, maxLength: 255 }), Type.Null()]),
  /** Whether subscriber numbers carry the check digits of a national id or a tax number. */
  numberKind: Type.Union([
    Type.Literal('any'),
    Type.Literal('nationalId'),
    Type.Literal('taxNumber'),
  ]),
  isAdditionalRequired: Type.Boolean(),
  isPartialAllowed: Type.Boolean(),
  currency: Currency,
  /** What a payment takes from the merchant's float besides its amount, in minor units. */
  commissionMinor: NaturalMinor,
  /** What the merchant takes from the payer, in minor units. */
  profitMinor: NaturalMinor,
  /** Minutes after midnight in Istanbul; both or neither. */
  opensAt: Type.Union([Type.Integer({ minimum: 0, maximum: 1439 }), Type.Null()]),
  closesAt: Type.Union([Type.Integer({ minimum: 1, maximum: 1440 }), Type.Null()]),
  holidays: Type.Array(Type.String({ format: 'date' }), { maxItems: 1_000 }),
  isActive: Type.Boolean(),
}

/** An institution whose debts merchants collect. */
export const Institution = Type.Object({ sootCode: SootCode, ...institution })
export type Institution = Static<typeof Institution>

/** A change of an institution; what is left out stays, or is as a new one has it. */
export const InstitutionPatch = Type.Partial(Type.Object(institution), {
  additionalProperties: false,
  minProperties: 1,
})
export type InstitutionPatch = Static<typeof InstitutionPatch>

export const NewInstitution = Type.Object(
  { sootCode: SootCode, ...Type.Partial(Type.Object(institution)).properties, name: Name },
  { additionalProperties: false },
)
export type NewInstitution = Static<typeof NewInstitution>

const merchant = {
  name: Name,
  address: Text,
  phone: Text,
  /** Addresses or networks from which it may call; none: from everywhere. */
  addresses: Type.Array(Type.String({ minLength: 2, maxLength: 50 }), { maxItems: 100 }),
  /** The institutions that it may collect for; null: all. */
  sootCodes: Type.Union([Type.Array(SootCode, { maxItems: 1_000 }), Type.Null()]),
  isActive: Type.Boolean(),
}

/** A merchant who collects, and what is left of its float. */
export const Merchant = Type.Object({
  merchantId: MerchantId,
  ...merchant,
  currency: Currency,
  balance: Decimal,
  apiKey: Type.String(),
})
export type Merchant = Static<typeof Merchant>

export const MerchantPatch = Type.Partial(Type.Object(merchant), {
  additionalProperties: false,
  minProperties: 1,
})
export type MerchantPatch = Static<typeof MerchantPatch>

export const NewMerchant = Type.Object(
  {
    ...Type.Partial(Type.Object(merchant)).properties,
    name: Name,
    currency: Type.Optional(Currency),
  },
  { additionalProperties: false },
)
export type NewMerchant = Static<typeof NewMerchant>

/** A new merchant with its keys, shown this once. */
export const CreatedMerchant = Type.Object({ ...Merchant.properties, secretKey: Type.String() })

/** Money that a merchant paid in. */
export const TopUp = Type.Object(
  { amount: Decimal, note: Type.Optional(Text) },
  { additionalProperties: false },
)
export type TopUp = Static<typeof TopUp>

export const Commission = Type.Object(
  {
    merchantId: MerchantId,
    sootCode: SootCode,
    commissionMinor: NaturalMinor,
    profitMinor: NaturalMinor,
  },
  { additionalProperties: false },
)
export type Commission = Static<typeof Commission>

/** One transfer of a merchant's float. */
export const Movement = Type.Object({
  seq: Type.Integer(),
  kind: Type.String(),
  debit: Type.String(),
  credit: Type.String(),
  amount: Decimal,
  effect: Type.Integer(),
  paymentId: Type.Union([Type.Integer(), Type.Null()]),
  note: Type.String(),
  createdAt: Timestamp,
})
export type Movement = Static<typeof Movement>

export const CollectedPayment = Type.Object({
  paymentId: Type.Integer(),
  merchantId: MerchantId,
  claimReference: Type.String(),
  amount: Decimal,
  currency: Currency,
  commission: Decimal,
  profit: Decimal,
  status: Type.Union([Type.Literal('Paid'), Type.Literal('Cancelled')]),
  paidAt: Timestamp,
  cancelledAt: Type.Union([Timestamp, Type.Null()]),
})
export type CollectedPayment = Static<typeof CollectedPayment>
