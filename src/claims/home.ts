import { type Book, type CallContext, type Desk, type Json, refuse } from '../book/index.ts'
import { debtorFieldsOf, linkDebtor, mergedDebtor, requireNames } from '../accounts/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import { newId } from '../kernel/id.ts'
import type { ClaimData } from './schema.ts'

/** D-71: the old name of accountReference, taken when the new one is absent. */
export function accountReferenceOf(data: ClaimData): string | undefined {
  if (data.accountReference !== undefined) return data.accountReference
  return data.accountNumber === undefined ? undefined : String(data.accountNumber)
}

export function debtorReferenceOf(data: ClaimData): string | undefined {
  return data.primaryDebtor?.debtorReference
}

/** What must be loaded to find or open the account of a claim. */
export function homeNeeds(data: ClaimData): {
  accounts: string[]
  debtors: string[]
  profile: true
  waitingClaims: true
} {
  const debtor = debtorReferenceOf(data)
  const account = accountReferenceOf(data) ?? debtor
  return {
    accounts: account === undefined ? [] : [account],
    debtors: debtor === undefined ? [] : [debtor],
    profile: true,
    waitingClaims: true,
  }
}

/** The account that a whole claim belongs to: named, found by its debtor, or opened for it (D-32, D-33). */
export function homeOf(desk: Desk, data: ClaimData): Book {
  const reference = accountReferenceOf(data)
  const book =
    reference === undefined ? autoAccount(desk, data) : namedAccount(desk, data, reference)
  if (data.currency !== undefined && data.currency !== book.account.currency)
    throw refuse('currency_mismatch')
  return book
}

function namedAccount(desk: Desk, data: ClaimData, reference: string): Book {
  const known = desk.findAccount(reference)
  if (known) return known
  // D-33: without currency and debtor there is nothing to open an account with.
  if (data.currency === undefined || debtorReferenceOf(data) === undefined)
    throw refuse('account_not_found')
  return openFor(desk, data, { reference, currency: data.currency, debtor: null })
}

/** D-32: one person's claims of one currency gather in one account, named like the person where that name is free. */
function autoAccount(desk: Desk, data: ClaimData): Book {
  const debtor = debtorReferenceOf(data)
  const { currency } = data
  if (debtor === undefined || currency === undefined) throw refuse('account_not_found')
  const known = desk.autoAccountOf(debtor, currency)
  if (known) return known
  const reference = desk.findAccount(debtor) ? newId() : debtor
  return openFor(desk, data, { reference, currency, debtor })
}

function openFor(
  desk: Desk,
  data: ClaimData,
  opening: { reference: string; currency: string; debtor: string | null },
): Book {
  return desk.openAccount({
    reference: opening.reference,
    currency: opening.currency,
    autoDebtorReference: opening.debtor,
    profile: {
      paymentReference: null,
      portfolioReference: data.portfolioReference ?? null,
      meta: {},
      scores: [],
    },
  })
}

export interface ClaimDebtor {
  readonly debtorReference: string
  readonly primaryDebtor: Json
}

/** The debtor of a whole claim: its own, kept as the claim's copy and passed on (D-77), else the account's first. */
export function debtorOf(
  desk: Desk,
  book: Book,
  call: { context: CallContext; data: ClaimData },
): ClaimDebtor {
  const { context, data } = call
  const debtorReference = debtorReferenceOf(data)
  if (debtorReference === undefined || !data.primaryDebtor) {
    const [first] = book.details.debtors
    if (!first) throw refuse('debtor_not_found')
    return {
      debtorReference: first.reference,
      primaryDebtor: desk.debtorData(book, first.reference) ?? first.data,
    }
  }
  const primaryDebtor = debtorFieldsOf(data.primaryDebtor)
  requireNames(primaryDebtor, context)
  linkDebtor(desk, book, primaryDebtor)
  return { debtorReference, primaryDebtor }
}

/** The debtor of a changed claim: fields merge into its copy; a reference names another person or updates the record. */
export function changedDebtor(
  desk: Desk,
  book: Book,
  change: { context: CallContext; data: ClaimData; before: ClaimDebtor },
): ClaimDebtor {
  const { context, data, before } = change
  if (!data.primaryDebtor) return before
  const given = debtorFieldsOf(data.primaryDebtor)
  const debtorReference = debtorReferenceOf(data) ?? before.debtorReference
  const isSame = debtorReference === before.debtorReference
  const base = isSame ? before.primaryDebtor : (desk.findDebtor(debtorReference)?.data ?? {})
  const primaryDebtor = mergedDebtor(base, { ...given, debtorReference })
  requireNames(primaryDebtor, context)
  requireCountry(primaryDebtor)
  // What the claim says already is no newer data: a repeated import leaves the person's record alone.
  const isLinked = book.details.debtors.some((known) => known.reference === debtorReference)
  const isKnown = canonicalJson(primaryDebtor) === canonicalJson(before.primaryDebtor)
  if (isSame && isLinked && isKnown) return before
  if (debtorReferenceOf(data) !== undefined) linkDebtor(desk, book, { ...given, debtorReference })
  return { debtorReference, primaryDebtor }
}

function requireCountry(debtor: Json): void {
  const contact = debtor['contactInformation'] as Json | undefined
  if (!contact?.['country']) throw refuse('invalid_input', 'the debtor has no country')
}
