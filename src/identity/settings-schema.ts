import { type Static, Type } from 'typebox'

const Text = Type.String({ minLength: 1, maxLength: 200 })
const Url = Type.String({ pattern: '^https?://[^ ]+$', maxLength: 500 })
const Email = Type.String({ pattern: String.raw`^[^\s@<>]+@[^\s@<>]+$`, maxLength: 254 })
const strict = { additionalProperties: false }

const Creditor = Type.Partial(
  Type.Object({
    name: Text,
    /** Checked by its check digits. */
    iban: Type.String({ minLength: 15, maxLength: 42 }),
    bic: Type.String({ pattern: '^[A-Za-z]{6}[A-Za-z0-9]{2}([A-Za-z0-9]{3})?$' }),
    bank: Text,
    email: Email,
    phone: Text,
    address: Type.Partial(
      Type.Object({
        street: Text,
        houseNumber: Text,
        postcode: Text,
        city: Text,
        country: Type.String({ pattern: '^[A-Z]{2}$' }),
      }),
      strict,
    ),
  }),
  strict,
)

const LandingPage = Type.Partial(
  Type.Object({
    partPayments: Type.Boolean(),
    partPaymentMinMinor: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    promises: Type.Boolean(),
    promiseDaysMax: Type.Integer({ minimum: 1, maximum: 365 }),
    instalments: Type.Boolean(),
    disputes: Type.Boolean(),
  }),
  strict,
)

const fields = {
  /** Who is owed, as letters, transfers and the debtor's page name it. */
  creditor: Creditor,
  /** From whom mail comes. */
  mail: Type.Partial(Type.Object({ from: Email, name: Text, replyTo: Email }), strict),
  /** Where the tenant itself is told of things by mail. */
  clientEmail: Email,
  /** The language of debtors whose own is not known. */
  language: Type.String({ pattern: '^[a-z]{2}(-[A-Z]{2})?$' }),
  /** Where the debtor's page is reached, if not at this server's own address. */
  landingPageBase: Url,
  landingPage: LandingPage,
  /** What a visitor of the debtor's page has to know (D-96). */
  verification: Type.Array(
    Type.Union([
      Type.Literal('birthday'),
      Type.Literal('postalCode'),
      Type.Literal('lastName'),
      Type.Literal('debtorReference'),
      Type.Literal('claimReference'),
    ]),
    { maxItems: 3, uniqueItems: true },
  ),
  /** D-15, D-25 and D-79 of the Receeve door. */
  strictDebtorNames: Type.Boolean(),
  dedupePayments: Type.Boolean(),
  creditPriority: Type.Union([Type.Literal('FEES_FIRST'), Type.Literal('AMOUNT_FIRST')]),
  rateLimitPerSecond: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Lets payments/cancel of the CRM.COM door answer as its published sample does. */
  echoPostedOnCancel: Type.Boolean(),
  /** After how many days a case of the wallee doors is given up. */
  debtCollectionTimeoutDays: Type.Integer({ minimum: 1, maximum: 3_650 }),
} as const

/** What a tenant has set; what is not there is as the documents say. */
export const Settings = Type.Partial(Type.Object(fields), strict)
export type Settings = Static<typeof Settings>

/** A tenant as its owner sees it. */
export const TenantView = Type.Object({
  tenantId: Type.String({ format: 'uuid' }),
  name: Type.String(),
  timeZone: Type.String(),
  isSandbox: Type.Boolean(),
  settings: Settings,
})
export type TenantView = Static<typeof TenantView>

/** A change of a tenant: what is left out stays, a setting that is null goes back to its default. */
export const TenantPatch = Type.Object(
  {
    name: Type.Optional(Text),
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    settings: Type.Optional(
      Type.Object(
        Object.fromEntries(
          Object.entries(fields).map(([name, field]) => [
            name,
            Type.Optional(Type.Union([field, Type.Null()])),
          ]),
        ),
        strict,
      ),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
)
export interface TenantChange {
  readonly name?: string
  readonly timeZone?: string
  readonly settings?: { readonly [N in keyof Settings]: Settings[N] | null }
}
