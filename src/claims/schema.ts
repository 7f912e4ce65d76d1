import { type Static, Type } from 'typebox'
import {
  CalendarDate,
  Debtor,
  Metadata,
  PartialDebtor,
  Reference,
  Score,
} from '../accounts/schema.ts'
import { Currency, NaturalMinor } from '../kernel/schema.ts'

const Text = Type.String({ maxLength: 1_000 })

export const Fee = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 1_000 }),
  amount: NaturalMinor,
})
export type FeeData = Static<typeof Fee>

const claim = {
  amount: Type.Optional(NaturalMinor),
  currency: Type.Optional(Currency),
  portfolioReference: Type.Optional(Text),
  productReference: Type.Optional(Reference),
  creditorReference: Type.Optional(Text),
  totalFees: Type.Optional(NaturalMinor),
  currentDueDate: Type.Optional(CalendarDate),
  originalDueDate: Type.Optional(CalendarDate),
  scores: Type.Optional(Type.Array(Score, { maxItems: 100 })),
  reason: Type.Optional(Text),
  paymentReference: Type.Optional(Text),
  accountNumber: Type.Optional(Type.Union([Reference, Type.Number()])),
  accountReference: Type.Optional(Reference),
  meta: Type.Optional(Metadata),
  fees: Type.Optional(Type.Array(Fee, { maxItems: 1_000 })),
  primaryDebtor: Type.Optional(PartialDebtor),
}

const options = Type.Optional(Type.Object({ forceAmountCheck: Type.Optional(Type.Boolean()) }))

/** A change of a claim: every field may be absent, but not all. */
export const ClaimChange = Type.Object({ ...claim, options }, { minProperties: 1 })

/** A whole claim, as create, recreate and import take it: the account may stand in for currency and debtor. */
export const WholeClaim = Type.Object(
  {
    ...claim,
    amount: NaturalMinor,
    originalDueDate: CalendarDate,
    currentDueDate: CalendarDate,
    primaryDebtor: Type.Optional(Debtor),
    options,
  },
  {
    anyOf: [
      { required: ['currency', 'primaryDebtor'] },
      { required: ['accountReference'] },
      { required: ['accountNumber'] },
    ],
  },
)
export type ClaimData = Static<typeof ClaimChange>

const feesChange = Type.Optional(Type.Union([NaturalMinor, Type.Array(Fee, { maxItems: 1_000 })]))
const Context = Type.Optional(
  Type.Record(Type.String(), Type.Union([Text, Type.Number(), Type.Boolean(), Type.Null()]), {
    maxProperties: 10,
  }),
)
const movement = {
  amount: NaturalMinor,
  currency: Currency,
  originator: Type.Union([Type.Literal('DCA'), Type.Literal('CLIENT')]),
  // A number in the contract: what clocks of callers say beyond the millisecond is cut off.
  date: Type.Optional(Type.Number({ minimum: 0, maximum: 253_402_300_799_999 })),
  descriptionText: Type.Optional(Text),
  fees: feesChange,
  context: Context,
}
export const Credit = Type.Object({
  ...movement,
  paymentDistributionPriority: Type.Optional(
    Type.Union([Type.Literal('FEES_FIRST'), Type.Literal('AMOUNT_FIRST')]),
  ),
  creditType: Type.Optional(
    Type.Union([Type.Literal('PAYMENT'), Type.Literal('DISCOUNT'), Type.Literal('ADJUSTMENT')]),
  ),
})
export type CreditData = Static<typeof Credit>
export const Debit = Type.Object({
  ...movement,
  debitType: Type.Optional(
    Type.Union([Type.Literal('ADJUSTMENT'), Type.Literal('CHARGEBACK'), Type.Literal('INTEREST')]),
  ),
  options,
})
export type DebitData = Static<typeof Debit>
