import { type Book, type CallContext, type Desk, type Json, refuse } from '../book/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import { ContactInformation, type DebtorData, PartialDebtor } from './schema.ts'

const debtorFields = Object.keys(PartialDebtor.properties)
const contactFields = Object.keys(ContactInformation.properties)

/** The fields of a debtor that the contract knows; others are ignored (D-17). */
export function debtorFieldsOf(input: DebtorData): Json {
  const data = pick(input, debtorFields)
  const { contactInformation } = input
  return contactInformation
    ? { ...data, contactInformation: pick(contactInformation, contactFields) }
    : data
}

function pick(source: Json, fields: readonly string[]): Json {
  return Object.fromEntries(
    fields.filter((field) => source[field] !== undefined).map((field) => [field, source[field]]),
  )
}

/** D-36: top-level fields replace, contact information merges field by field. */
export function mergedDebtor(before: Json, change: Json): Json {
  const contactInformation = {
    ...(before['contactInformation'] as Json | undefined),
    ...(change['contactInformation'] as Json | undefined),
  }
  return { ...before, ...change, contactInformation }
}

/** D-15: a natural person has a first and a last name, a company its name. */
export function requireNames(debtor: Json, context: CallContext): void {
  if (!context.switches.strictDebtorNames) return
  const missing =
    debtor['type'] === 'legal'
      ? ['companyName'].filter((field) => !debtor[field])
      : ['firstName', 'lastName'].filter((field) => !debtor[field])
  // A company name without a type names a company well enough.
  const isCompany = debtor['type'] === undefined && Boolean(debtor['companyName'])
  if (missing.length === 0 || isCompany) return
  throw refuse(
    'invalid_input',
    `debtor ${String(debtor['debtorReference'])} lacks ${missing.join(' and ')}`,
  )
}

/**
 * Adds a debtor to an account; the person's record is the tenant's, so newer data reaches it (4.3, D-38). With the first
 * debtor, invoices that waited for one become claims (D-44).
 */
export function linkDebtor(desk: Desk, book: Book, data: Json): void {
  const reference = String(data['debtorReference'])
  const isFirst = book.details.debtors.length === 0
  link(book, reference, data)
  const known = desk.findDebtor(reference)
  const newest = known ? mergedDebtor(known.data, data) : data
  if (!known || canonicalJson(known.data) !== canonicalJson(newest))
    desk.saveDebtor(reference, newest)
  if (isFirst) activatePendingClaims(desk, book)
}

/** Adds a debtor whose record is there already, as it is, to an account; the first one wakes its invoices (D-44). */
export function linkKnownDebtor(
  desk: Desk,
  book: Book,
  debtor: { reference: string; data: Json },
): void {
  const isFirst = book.details.debtors.length === 0
  link(book, debtor.reference, debtor.data)
  if (isFirst) activatePendingClaims(desk, book)
}

function link(book: Book, reference: string, data: Json): void {
  const { debtors } = book.details
  if (debtors.some((debtor) => debtor.reference === reference)) return
  const position = debtors.reduce((max, debtor) => Math.max(max, debtor.position), 0) + 1
  const added = { reference, position, data }
  book.journal.append(debtors, added)
  book.journal.append(book.changes.newDebtorLinks, added)
}

function activatePendingClaims(desk: Desk, book: Book): void {
  const [first] = book.details.debtors
  if (!first) return
  for (const claim of book.claims.values()) {
    if (claim.status !== 'PENDING') continue
    book.changeClaim(claim, {
      status: 'ACTIVE',
      debtorReference: first.reference,
      primaryDebtor: desk.debtorData(book, first.reference) ?? first.data,
    })
  }
}
