import {
  announceEntries,
  bookEntries,
  debtorFieldsOf,
  type EntryInput,
  entryInputOf,
  entryNeeds,
  linkDebtor,
  requireNames,
} from '../accounts/index.ts'
import type { DebtorData } from '../accounts/schema.ts'
import {
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type Json,
  type NamedEntry,
  refuse,
} from '../book/index.ts'
import type { Verdict } from './verdict.ts'
import { checkDebtor, checkReference } from './validate.ts'

export interface EntryRow {
  readonly accountReference: string
  readonly currency: string
  readonly entry: Json
  readonly debtor: DebtorData | undefined
}

/**
 * Books one ledger entry, opening its account and adding its debtor where they are not there yet. An entry that is booked
 * already is left as it is, or refused where the row differs.
 */
export function importEntry(context: CallContext, row: EntryRow): Command<Verdict> {
  checkReference(row.accountReference)
  const entry = entryInputOf(row.entry)
  const debtor = row.debtor === undefined ? undefined : debtorFieldsOf(checkDebtor(row.debtor))
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [row.accountReference],
      ...entryNeeds([entry]),
      profile: true,
      ...(debtor === undefined
        ? {}
        : { debtors: [String(debtor['debtorReference'])], waitingClaims: true }),
    },
    decide(desk) {
      const known = desk.findAccount(row.accountReference)
      if (known && known.account.currency !== row.currency)
        throw refuse('currency_mismatch', `the account keeps ${known.account.currency}`)
      const booked = known?.entryNamed(entry.reference)
      if (booked) return compare(booked, entry)
      const book = known ?? openAccount(desk, row)
      if (debtor !== undefined) addDebtor(desk, book, { context, debtor })
      bookEntries(desk, book, [entry])
      announceEntries(desk, book, [entry])
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
      return 'imported'
    },
  }
}

function openAccount(desk: Desk, { accountReference, currency }: EntryRow): Book {
  return desk.openAccount({
    reference: accountReference,
    currency,
    profile: { paymentReference: null, portfolioReference: null, meta: {}, scores: [] },
  })
}

function addDebtor(
  desk: Desk,
  book: Book,
  { context, debtor }: { context: CallContext; debtor: Json },
): void {
  const reference = debtor['debtorReference']
  if (book.details.debtors.some((known) => known.reference === reference)) return
  requireNames(debtor, context)
  linkDebtor(desk, book, debtor)
}

/** The same reference, kind, amount and due date are the same entry, brought again. */
function compare(booked: NamedEntry, entry: EntryInput): Verdict {
  const { amount, dueDate = null } = entry.details
  const sign = booked.kind === 'adjustment' ? booked.effect : 1
  const isSameAmount = amount === booked.amountMinor * sign
  if (booked.origin !== 'ledger' || booked.kind !== entry.kind)
    throw refuse('entry_exists', `as another kind, ${booked.kind}`)
  if (!isSameAmount) throw refuse('entry_exists', 'with another amount')
  if (booked.dueOn !== dueDate) throw refuse('entry_exists', 'with another due date')
  return 'unchanged'
}
