import { date, type Fields, oneOf, refersTo, text, writable } from '../entity.ts'

/** A postal address, as customers have it and cases bill to it. */
export const postalAddressFields: Fields = {
  city: writable(text(100)),
  commercialRegisterNumber: writable(text(100)),
  country: writable(text(2, { format: 'country' })),
  dateOfBirth: writable(date),
  dependentLocality: writable(text(100)),
  emailAddress: writable(text(254, { format: 'email' })),
  familyName: writable(text(100)),
  gender: writable(oneOf('MALE', 'FEMALE')),
  givenName: writable(text(100)),
  legalOrganizationForm: writable(refersTo('LegalOrganizationForm')),
  mobilePhoneNumber: writable(text(100)),
  organizationName: writable(text(100)),
  phoneNumber: writable(text(100)),
  postalState: writable(text(100)),
  postcode: writable(text(40)),
  salesTaxNumber: writable(text(100)),
  salutation: writable(text(20)),
  socialSecurityNumber: writable(text(100)),
  sortingCode: writable(text(100)),
  street: writable(text(300)),
}
