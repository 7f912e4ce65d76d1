import {
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type Json,
  refuse,
} from '../book/index.ts'
import { debtorFieldsOf, linkDebtor, mergedDebtor, requireNames } from './debtors.ts'
import type { DebtorData } from './schema.ts'
import { announceAccountTrigger } from './trigger.ts'

export interface DebtorInput {
  readonly accountReference: string
  readonly debtor: DebtorData
}

/** Adds a debtor to an account that does not have it yet (D-36); invoices that waited become claims (D-44). */
export function addDebtor(context: CallContext, input: DebtorInput): Command<void> {
  const data = debtorFieldsOf(input.debtor)
  const reference = String(data['debtorReference'])
  return {
    ...commandOn(context, input),
    decide(desk) {
      const book = desk.account(input.accountReference)
      requireNames(data, context)
      if (book.details.debtors.some((known) => known.reference === reference))
        throw refuse('debtor_exists')
      linkDebtor(desk, book, data)
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
      announceAccountTrigger(desk, book, context)
    },
  }
}

/** Changes a debtor of the account, and the copy on its active claims that name it (D-36, D-37). */
export function updateDebtor(context: CallContext, input: DebtorInput): Command<void> {
  const change = debtorFieldsOf(input.debtor)
  const reference = String(change['debtorReference'])
  return {
    ...commandOn(context, input),
    decide(desk) {
      const book = desk.account(input.accountReference)
      const isLinked = book.details.debtors.some((known) => known.reference === reference)
      const before = desk.debtorData(book, reference)
      if (!isLinked || !before) throw refuse('debtor_not_found')
      const data = mergedDebtor(before, change)
      requireNames(data, context)
      desk.saveDebtor(reference, data)
      copyToActiveClaims(book, reference, change)
      announceDebtor(desk, book, data)
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
      announceAccountTrigger(desk, book, context)
    },
  }
}

function copyToActiveClaims(book: Book, reference: string, change: Json): void {
  for (const claim of book.claims.values()) {
    if (claim.status !== 'ACTIVE' || claim.debtorReference !== reference) continue
    book.changeClaim(claim, { primaryDebtor: mergedDebtor(claim.primaryDebtor ?? {}, change) })
  }
}

function announceDebtor(desk: Desk, book: Book, data: Json): void {
  const { debtorReference, ...debtor } = data
  desk.emit({
    type: 'event.accountDebtor.updated',
    data: {
      accountReference: book.account.reference,
      externalDebtorRef: debtorReference,
      debtor: { ...debtor, externalDebtorRef: debtorReference },
    },
  })
}

function commandOn(context: CallContext, input: DebtorInput) {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [input.accountReference],
      debtors: [String(input.debtor.debtorReference)],
      profile: true,
      liveClaims: true,
    },
  }
}
