/** What may be saved of a customer; an absent field stays, null clears. */
export interface CustomerChange {
  readonly customerId?: string | null
  readonly emailAddress?: string | null
  readonly familyName?: string | null
  readonly givenName?: string | null
  readonly language?: string | null
  readonly preferredCurrency?: string | null
  readonly metaData?: Readonly<Record<string, string>> | null
}

/** A postal address, as the wallee doors have it; the fields that a debtor's contact information has too are used here. */
export interface PostalAddress {
  readonly city?: string
  readonly country?: string
  readonly emailAddress?: string
  readonly mobilePhoneNumber?: string
  readonly phoneNumber?: string
  readonly postalState?: string
  readonly postcode?: string
  readonly street?: string
  readonly [field: string]: unknown
}
