import {
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type Json,
  refuse,
} from '../book/index.ts'
import { bookEntries, entryInputOf, entryNeeds, type EntryInput } from './book-entry.ts'
import { debtorFieldsOf, linkDebtor, requireNames } from './debtors.ts'
import { announceEntries } from './add-ledger-entries.ts'
import { mergedScores, productFieldsOf } from './profile.ts'
import { announceAccountTrigger } from './trigger.ts'

export interface AccountInput {
  readonly reference: string
  readonly currency: string
  readonly paymentReference?: string
  readonly portfolioReference?: string
  readonly meta?: Json
  readonly scores?: Json[]
  readonly debtors?: Json[]
  readonly products?: Json[]
  readonly ledgerEntries?: Json[]
}

/** Opens an account with all that the caller gives along, or nothing of it (D-30). */
export function createAccount(context: CallContext, input: AccountInput): Command<void> {
  const entries = (input.ledgerEntries ?? []).map(entryInputOf)
  const debtors = (input.debtors ?? []).map(debtorFieldsOf)
  const { claims } = entryNeeds(entries)
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [input.reference],
      debtors: debtors.map((debtor) => String(debtor['debtorReference'])),
      claims,
    },
    decide: (desk) => decide(desk, { context, input, entries, debtors }),
  }
}

interface Opening {
  readonly context: CallContext
  readonly input: AccountInput
  readonly entries: readonly EntryInput[]
  readonly debtors: readonly Json[]
}

function decide(desk: Desk, { context, input, entries, debtors }: Opening): void {
  if (desk.findAccount(input.reference)) throw refuse('account_exists')
  const book = desk.openAccount({
    reference: input.reference,
    currency: input.currency,
    profile: {
      paymentReference: input.paymentReference ?? null,
      portfolioReference: input.portfolioReference ?? null,
      meta: input.meta ?? {},
      scores: (input.scores ?? []).reduce(mergedScores, []),
    },
  })
  for (const debtor of debtors) {
    requireNames(debtor, context)
    const reference = debtor['debtorReference']
    if (book.details.debtors.some((known) => known.reference === reference))
      throw refuse('debtor_exists')
    linkDebtor(desk, book, debtor)
  }
  for (const [index, product] of (input.products ?? []).entries()) {
    const data = productFieldsOf(product)
    const reference = String(data['productReference'])
    if (book.details.products.some((known) => known.reference === reference))
      throw refuse('product_exists')
    const added = { reference, position: index + 1, data }
    book.journal.append(book.details.products, added)
    book.note('newProducts', added)
  }
  bookEntries(desk, book, entries)
  announceEntries(desk, book, entries)
  conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
  announceAccountTrigger(desk, book, context)
}
