/** What cases are to those who read them. */

export const caseStates = [
  'CREATE',
  'PREPARING',
  'REVIEWING',
  'PENDING',
  'PROCESSING',
  'CLOSED',
  'FAILED',
] as const
export type CaseState = (typeof caseStates)[number]

export const environments = ['PRODUCTION', 'TEST'] as const
export type Environment = (typeof environments)[number]

/** A postal address as the wallee doors have it; only what was given is there. */
export interface Address {
  readonly city?: string
  readonly commercialRegisterNumber?: string
  readonly country?: string
  readonly dateOfBirth?: string
  readonly dependentLocality?: string
  readonly emailAddress?: string
  readonly familyName?: string
  readonly gender?: string
  readonly givenName?: string
  readonly legalOrganizationForm?: number
  readonly mobilePhoneNumber?: string
  readonly organizationName?: string
  readonly phoneNumber?: string
  readonly postalState?: string
  readonly postcode?: string
  readonly salesTaxNumber?: string
  readonly salutation?: string
  readonly socialSecurityNumber?: string
  readonly sortingCode?: string
  readonly street?: string
}

export interface Tax {
  readonly title: string
  readonly rate: string
}

/** A line of what is claimed. Decimals are text. */
export interface LineItem {
  readonly uniqueId: string
  readonly name: string
  readonly type: string
  readonly quantity: string
  readonly amountIncludingTax: string
  readonly discountIncludingTax?: string
  readonly taxes?: readonly Tax[]
  readonly sku?: string
  readonly shippingRequired?: boolean
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** What a caller says of a case and may change until it was reviewed; null clears. */
export interface CaseFields {
  readonly lineItems?: readonly LineItem[] | null
  readonly billingAddress?: Address | null
  readonly currency?: string | null
  readonly contractDate?: string | null
  readonly dueDate?: string | null
  readonly environment?: Environment | null
  readonly language?: string | null
  readonly spaceViewId?: number | null
}

export interface NewCase extends CaseFields {
  readonly externalId: string
  readonly reference: string
  /** The id of a configuration; else the first that fits. */
  readonly collectorConfiguration?: number | null
  /** Where it comes from; a web service unless told. */
  readonly source?: 'API' | 'DUNNING' | 'CHARGEBACK'
}
