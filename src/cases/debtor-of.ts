import { createHash } from 'node:crypto'
import type { DebtorData } from '../accounts/schema.ts'
import type { Json } from '../book/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import type { Address } from './schema.ts'

const identity = [
  'organizationName',
  'givenName',
  'familyName',
  'dateOfBirth',
  'emailAddress',
  'street',
  'postcode',
  'city',
  'country',
] as const

/** The debtor that a billing address tells of. The same person at the same place is the same debtor, and has one account. */
export function debtorOf(address: Address): DebtorData {
  const company = address.organizationName
  return {
    debtorReference: referenceOf(address),
    type: company === undefined ? 'natural' : 'legal',
    ...given({
      companyName: company,
      firstName: address.givenName,
      lastName: address.familyName,
      title: address.salutation,
      birthday: address.dateOfBirth,
      gender: address.gender?.charAt(0),
      SSN: address.socialSecurityNumber,
    }),
    contactInformation: {
      country: address.country ?? '',
      ...given({
        city: address.city,
        postalCode: address.postcode,
        addressLine1: address.street,
        addressLine2: address.dependentLocality,
        state: address.postalState,
        email: address.emailAddress,
        mobileNumber: phoneOf(address.mobilePhoneNumber),
        landLine: phoneOf(address.phoneNumber),
      }),
    },
  }
}

/** The billing address of a claim's debtor. */
export function addressOf(debtor: Json): Address {
  const contact = (debtor['contactInformation'] ?? {}) as Json
  const gender = textOf(debtor['gender'])
  return given({
    organizationName: textOf(debtor['companyName']),
    givenName: textOf(debtor['firstName']),
    familyName: textOf(debtor['lastName']),
    dateOfBirth: textOf(debtor['birthday']),
    gender: gender === undefined ? undefined : { M: 'MALE', F: 'FEMALE' }[gender],
    country: textOf(contact['country']),
    city: textOf(contact['city']),
    postcode: textOf(contact['postalCode']),
    street: textOf(contact['addressLine1']),
    dependentLocality: textOf(contact['addressLine2']),
    postalState: textOf(contact['state']),
    emailAddress: textOf(contact['email']),
    mobilePhoneNumber: textOf(contact['mobileNumber']),
    phoneNumber: textOf(contact['landLine']),
  })
}

/** What of an address a debtor cannot do without. */
export function lacksOf(address: Address | null): string[] {
  if (address === null) return ['billingAddress']
  const isNamed =
    address.organizationName !== undefined ||
    (address.givenName !== undefined && address.familyName !== undefined)
  return [
    ...(address.country === undefined ? ['billingAddress.country'] : []),
    ...(isNamed ? [] : ['billingAddress.familyName']),
  ]
}

function referenceOf(address: Address): string {
  const parts = identity.map((name) => address[name]?.trim().toLowerCase() ?? null)
  const hash = createHash('sha256').update(canonicalJson(parts)).digest('hex')
  return `wallee-${hash.slice(0, 32)}`
}

/** The book keeps numbers in the international form only; others stay with the case. */
function phoneOf(given: string | undefined): string | undefined {
  const plain = given?.replaceAll(/[\s()/.-]/g, '').replace(/^00/, '+')
  return plain !== undefined && /^\+\d{1,3}\d{9,12}$/.test(plain) ? plain : undefined
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<T>
}
