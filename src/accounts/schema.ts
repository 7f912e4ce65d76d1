import { type Static, type TSchema, Type } from 'typebox'
import { Currency, JsonObject, Minor, NaturalMinor } from '../kernel/schema.ts'

/** What callers name their own things by; bounded so that every reference fits an index. */
export const Reference = Type.String({ minLength: 1, maxLength: 255 })

const Text = Type.String({ maxLength: 1_000 })
const Phone = Type.String({ pattern: '^\\+\\d{1,3}\\d{9,12}$' })
const TimestampMs = Type.Integer({
  minimum: 0,
  maximum: 253_402_300_799_999,
  description: 'Milliseconds since 1970, UTC',
})

/** A day that the database can hold too: there is no year 0. */
export const CalendarDate = Type.String({ format: 'date', pattern: '^(?!0000)' })

export const Metadata = JsonObject

export const Score = Type.Object({
  type: Type.Union(
    ['INTERNAL', 'EXTERNAL', 'COLLECTION', 'BEHAVIORAL'].map((t) => Type.Literal(t)),
  ),
  value: Type.Union([Text, JsonObject, Type.Null()]),
  meta: Type.Optional(Metadata),
})

const oneContact = (name: string, value: TSchema) =>
  Type.Object({ [name]: value }, { additionalProperties: false })

const contact = {
  country: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' }),
  city: Type.Optional(Text),
  mobileNumber: Type.Optional(Phone),
  postalCode: Type.Optional(Text),
  houseNumber: Type.Optional(Text),
  addressLine1: Type.Optional(Text),
  addressLine2: Type.Optional(Text),
  addressLine3: Type.Optional(Text),
  landLine: Type.Optional(Phone),
  state: Type.Optional(Text),
  email: Type.Optional(Text),
  additionalContactInformation: Type.Optional(
    Type.Array(
      Type.Union([
        oneContact('email', Text),
        oneContact('mobileNumber', Phone),
        oneContact('landLine', Phone),
        oneContact('workPhoneNumber', Phone),
      ]),
      { maxItems: 100 },
    ),
  ),
}
export const ContactInformation = Type.Object(contact)
export const ContactChange = Type.Partial(ContactInformation)

const person = {
  birthday: Type.Optional(CalendarDate),
  gender: Type.Optional(Type.String({ pattern: '^(M|F)$' })),
  firstName: Type.Optional(Text),
  lastName: Type.Optional(Text),
  middleName: Type.Optional(Text),
  title: Type.Optional(Text),
  companyName: Type.Optional(Text),
  SSN: Type.Optional(Text),
  type: Type.Optional(Type.Union([Type.Literal('natural'), Type.Literal('legal')])),
}
export const Debtor = Type.Object({
  debtorReference: Reference,
  ...person,
  contactInformation: ContactInformation,
})
export const DebtorChange = Type.Object({
  debtorReference: Reference,
  ...person,
  contactInformation: Type.Optional(ContactChange),
})
/** The debtor of a claim update: every field may be absent, the reference too. */
export const PartialDebtor = Type.Partial(DebtorChange)
export type DebtorData = Static<typeof PartialDebtor>

export const Product = Type.Object({
  productReference: Reference,
  paymentReference: Type.Optional(Text),
  type: Type.Optional(Text),
  name: Type.Optional(Text),
  code: Type.Optional(Text),
  meta: Type.Optional(Metadata),
})
export type ProductData = Static<typeof Product>

const closed = { additionalProperties: false }
const common = { createdAt: Type.Optional(TimestampMs), meta: Type.Optional(Metadata) }
const named = { ledgerEntryReference: Reference }
const loose = {
  productReference: Type.Optional(Reference),
  ledgerEntryReference: Type.Optional(Reference),
}
const bound = { productReference: Type.Optional(Reference), ledgerEntryReference: Reference }

export const InvoiceEntry = Type.Object({
  ...named,
  invoiceDetails: Type.Object(
    {
      amount: NaturalMinor,
      dueDate: CalendarDate,
      paymentReference: Type.Optional(Text),
      ...common,
    },
    closed,
  ),
  context: Type.Object({
    productReference: Type.Optional(Reference),
    externalDebtorReference: Type.Optional(Reference),
  }),
})
export const FeeEntry = Type.Object({
  ...named,
  feeDetails: Type.Object({ amount: NaturalMinor, type: Type.Optional(Text), ...common }, closed),
  context: Type.Object(loose),
})
export const PaymentEntry = Type.Object({
  ...named,
  paymentDetails: Type.Object(
    {
      amount: NaturalMinor,
      paymentReference: Type.Optional(Text),
      paymentProvider: Type.Optional(Text),
      ...common,
    },
    closed,
  ),
  context: Type.Object(loose),
})
export const AdjustmentEntry = Type.Object({
  ...named,
  adjustmentDetails: Type.Object(
    {
      amount: Minor,
      reason: Type.Optional(Text),
      dueDate: Type.Optional(CalendarDate),
      ...common,
    },
    closed,
  ),
  context: Type.Object(loose),
})
export const ChargebackEntry = Type.Object({
  ...named,
  chargebackDetails: Type.Object({ amount: NaturalMinor, ...common }, closed),
  context: Type.Object(bound),
})
export const DiscountEntry = Type.Object({
  ...named,
  discountDetails: Type.Object({ amount: NaturalMinor, ...common }, closed),
  context: Type.Object(bound),
})
export const ReportingEntry = Type.Object({
  ...named,
  reportingDetails: Type.Object({ amount: NaturalMinor, ...common }, closed),
  context: Type.Object({ productReference: Type.Optional(Reference) }),
})

/** The seven kinds of ledger entry, told apart by which details they carry. */
export const entrySchemas = {
  invoice: InvoiceEntry,
  fee: FeeEntry,
  payment: PaymentEntry,
  adjustment: AdjustmentEntry,
  chargeback: ChargebackEntry,
  discount: DiscountEntry,
  reporting: ReportingEntry,
} as const

const kinds = Object.keys(entrySchemas) as (keyof typeof entrySchemas)[]

const oneKind = { oneOf: kinds.map((kind) => ({ required: [`${kind}Details`] })) }

// A union would answer a wrong amount with seven complaints; this way the details decide what is asked. That they are of
// one kind is a condition before it is a complaint: asked outright, every right entry would first make six errors.
export const LedgerEntry = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  required: ['ledgerEntryReference', 'context'],
  allOf: kinds.map((kind) => ({
    if: { type: 'object', required: [`${kind}Details`] },
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
    then: entrySchemas[kind],
  })),
  if: oneKind,
  else: oneKind,
})

export interface EntryDetails {
  amount: number
  createdAt?: number
  dueDate?: string
  paymentReference?: string
  paymentProvider?: string
  type?: string
  reason?: string
  meta?: Record<string, unknown>
}
export interface EntryContext {
  productReference?: string
  externalDebtorReference?: string
  ledgerEntryReference?: string
}

export const Account = Type.Object({
  currency: Currency,
  paymentReference: Type.Optional(Text),
  portfolioReference: Type.Optional(Text),
  meta: Type.Optional(Metadata),
  scores: Type.Optional(Type.Array(Score, { maxItems: 100 })),
  debtors: Type.Optional(Type.Array(Debtor, { maxItems: 1_000 })),
  products: Type.Optional(Type.Array(Product, { maxItems: 1_000 })),
  ledgerEntries: Type.Optional(Type.Array(LedgerEntry, { maxItems: 10_000 })),
})
