/** What a template may name. The renderer, the check on save and the published list all read this one table. */

export type FieldKind = 'text' | 'money' | 'date' | 'number' | 'free'

/** A group has named fields, a list repeats one group. */
export type Field =
  | { readonly kind: FieldKind; readonly says: string }
  | { readonly kind: 'group'; readonly says: string; readonly fields: Dictionary }
  | { readonly kind: 'list'; readonly says: string; readonly fields: Dictionary }

export interface Dictionary {
  readonly [name: string]: Field
}

const text = (says: string): Field => ({ kind: 'text', says })
const money = (says: string): Field => ({ kind: 'money', says })
const date = (says: string): Field => ({ kind: 'date', says })
const number = (says: string): Field => ({ kind: 'number', says })
const free = (says: string): Field => ({ kind: 'free', says })
const group = (says: string, fields: Dictionary): Field => ({ kind: 'group', says, fields })
const list = (says: string, fields: Dictionary): Field => ({ kind: 'list', says, fields })

const claim: Dictionary = {
  reference: text('The reference of the claim'),
  amount: money('Principal still asked for'),
  totalFees: money('Fees still asked for'),
  totalAmount: money('Principal and fees'),
  currency: text('ISO 4217 code'),
  dueDate: date('Current due date'),
  originalDueDate: date('Original due date'),
  daysPastDue: number('Days from the original due date to today, 0 before it'),
  paymentReference: text(
    'What a payer writes on a transfer; the claim reference where none is set',
  ),
  portfolioReference: text('The portfolio of the claim'),
}

const address: Dictionary = {
  addressLine1: text('Street'),
  addressLine2: text('Second address line'),
  addressLine3: text('Third address line'),
  houseNumber: text('House number'),
  postalCode: text('Postal code'),
  city: text('City'),
  state: text('State'),
  country: text('ISO 3166 code'),
}

const debtor: Dictionary = {
  name: text('Company name, or title, first and last name'),
  externalDebtorRef: text('The reference of the debtor'),
  type: text('natural or legal'),
  companyName: text('Company name'),
  title: text('Title'),
  firstName: text('First name'),
  middleName: text('Middle name'),
  lastName: text('Last name'),
  gender: text('M or F'),
  birthday: date('Birthday'),
  placeOfBirth: text('Place of birth'),
  SSN: text('Social security number'),
  IBAN: text('Bank account'),
  contactInformation: group('How to reach the debtor', {
    ...address,
    email: text('E-mail address'),
    mobileNumber: text('Mobile number'),
    landLine: text('Landline'),
    workPhoneNumber: text('Phone at work'),
    additionalAddresses: free('Further addresses'),
  }),
}

const creditor: Dictionary = {
  name: text('The creditor, from the settings, or the tenant'),
  iban: text('Where to pay'),
  bic: text('The bank of it'),
  address: group('Address of the creditor', {
    street: text('Street'),
    houseNumber: text('House number'),
    postcode: text('Postal code'),
    city: text('City'),
    country: text('ISO 3166 code'),
  }),
}

/** Every merge field by its name. */
export const dictionary: Dictionary = {
  ...claim,
  claimAmount: money('Same as amount'),
  externalClaimRef: text('Same as reference'),
  externalPortfolioRef: text('Same as portfolioReference'),
  externalDueDate: date('Same as originalDueDate'),
  Entity: text('Same as creditor.name'),
  email: text('Same as debtor.contactInformation.email'),
  mobileNumber: text('Same as debtor.contactInformation.mobileNumber'),
  postalCode: text('Same as debtor.contactInformation.postalCode'),
  debtorBirthday: date('Same as debtor.birthday'),
  debtorGender: text('Same as debtor.gender'),
  claim: group('The claim; its fields stand at the top too', claim),
  items: list('Open items: principal and fees', {
    reference: text('Reference of the item'),
    kind: text('invoice, fee, adjustment or chargeback'),
    name: text('Type of a fee, else empty'),
    amount: money('What is open'),
    dueDate: date('Due date, empty where there is none'),
  }),
  account: group('The account of the claim', {
    reference: text('The reference of the account'),
    meta: free('Meta of the account, as you gave it'),
  }),
  meta: free('Meta of the claim, as you gave it'),
  debtor: group('The primary debtor', debtor),
  creditor: group('Who asks for the money', creditor),
  landingPageUrl: text('The page where the debtor can pay'),
  unsubscribeUrl: text('Where the debtor ends messages of this kind'),
  today: date('The date of sending, in the time zone of the tenant'),
  language: text('Language of the message'),
  customBody: text('What an agent wrote for this message'),
  triggerContext: free('Context of the custom trigger that sent it'),
}

export interface FieldLine {
  readonly name: string
  readonly kind: Field['kind']
  readonly says: string
}

/** The dictionary as a flat list: `debtor.firstName`, `items[].amount`, `meta.*`. */
export function listFields(of: Dictionary = dictionary, prefix = ''): FieldLine[] {
  return Object.entries(of).flatMap(([name, field]): FieldLine[] => {
    const path = `${prefix}${name}`
    if (field.kind === 'group') return listFields(field.fields, `${path}.`)
    if (field.kind === 'list') return listFields(field.fields, `${path}[].`)
    return [
      { name: field.kind === 'free' ? `${path}.*` : path, kind: field.kind, says: field.says },
    ]
  })
}
