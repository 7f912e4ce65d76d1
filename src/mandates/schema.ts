import { Type } from 'typebox'
import { Reference } from '../accounts/schema.ts'
import type { Json } from '../book/index.ts'

const Text = Type.String({ maxLength: 1_000 })

/** Required by these providers only: they ask where the customer agreed. */
const providersWithAddress = ['paylandsenBizum', 'paylandsenCards'] as const
export const mandateProviders = [
  'ferratumCheckoutCreditCardV2',
  ...providersWithAddress,
  'split',
  'trustly',
] as const
export type MandateProvider = (typeof mandateProviders)[number]

const Account = Type.Object({
  holderName: Type.Optional(Text),
  bankName: Text,
  accountNumber: Text,
})
const Card = Type.Object({
  cardIssuer: Text,
  lastDigits: Text,
  holderName: Type.Optional(Text),
  expiryMonth: Type.Optional(Text),
  expiryYear: Type.Optional(Text),
  bankName: Type.Optional(Text),
})
export const representationFields = Object.keys({ ...Account.properties, ...Card.properties })

const Representation = Type.Unsafe<Json>({ oneOf: [Account, Card] })

const shown = {
  mandateId: Reference,
  accountReference: Reference,
  providerName: Type.Unsafe<MandateProvider>({ type: 'string', enum: [...mandateProviders] }),
  debtorReference: Reference,
  productReferences: Type.Array(Reference, { maxItems: 1_000 }),
  mandateRepresentation: Type.Optional(Representation),
}

/** A mandate as it is shown. */
export const Mandate = Type.Object(shown)

// Four variants of a union would answer a missing field with the complaints of all of them.
/** A mandate as it is given: two providers need the address of the customer. */
export const NewMandate = Type.Object(
  { ...shown, clientIpAddress: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) },
  {
    allOf: [
      {
        if: {
          properties: { providerName: { enum: [...providersWithAddress] } },
          required: ['providerName'],
        },
        // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
        then: { required: ['clientIpAddress'] },
      },
    ],
  },
)

export interface MandateData {
  mandateId: string
  accountReference: string
  providerName: MandateProvider
  debtorReference: string
  productReferences: string[]
  mandateRepresentation?: Json
  clientIpAddress?: string
}
