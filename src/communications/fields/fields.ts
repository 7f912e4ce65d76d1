import type { Json } from '../../book/index.ts'

/** An amount in a merge field; the renderer prints it as localised text and `|money` formats it. */
export interface MoneyField {
  readonly minor: number
  readonly currency: string
}

export interface ItemFields {
  readonly reference: string
  readonly kind: string
  readonly name: string
  readonly amount: MoneyField
  readonly dueDate: string
}

export interface CreditorFields {
  readonly name: string
  readonly iban: string
  readonly bic: string
  readonly address: {
    readonly street: string
    readonly houseNumber: string
    readonly postcode: string
    readonly city: string
    readonly country: string
  }
}

export interface ClaimFields {
  readonly reference: string
  readonly amount: MoneyField
  readonly totalFees: MoneyField
  readonly totalAmount: MoneyField
  readonly currency: string
  readonly dueDate: string
  readonly originalDueDate: string
  readonly daysPastDue: number
  readonly paymentReference: string
  readonly portfolioReference: string
}

/** What the templates of one message are rendered with; its names are those of the dictionary. */
export interface Fields {
  readonly claim: ClaimFields
  readonly items: readonly ItemFields[]
  readonly account: { readonly reference: string; readonly meta: Json }
  readonly meta: Json
  readonly debtor: Json
  readonly creditor: CreditorFields
  readonly today: string
  /** Of the debtor, as far as we know; a bundle without it renders its fallback. */
  readonly language: string
  readonly landingPageUrl: string
  readonly unsubscribeUrl: string
  readonly customBody: string
  readonly triggerContext: Json
}

/** What only the sender of a message knows. */
export type MessageContext = Partial<
  Pick<
    Fields,
    'landingPageUrl' | 'unsubscribeUrl' | 'customBody' | 'triggerContext' | 'language' | 'today'
  >
>

/** The names that templates use: the fields of the claim and the shorthands stand at the top as well. */
export function namesOf(fields: Fields): Json {
  const { claim, debtor, creditor } = fields
  const contact = (debtor['contactInformation'] ?? {}) as Json
  return {
    ...fields,
    ...claim,
    claimAmount: claim.amount,
    externalClaimRef: claim.reference,
    externalPortfolioRef: claim.portfolioReference,
    externalDueDate: claim.originalDueDate,
    Entity: creditor.name,
    email: contact['email'],
    mobileNumber: contact['mobileNumber'],
    postalCode: contact['postalCode'],
    debtorBirthday: debtor['birthday'],
    debtorGender: debtor['gender'],
  }
}
