import { Type } from 'typebox'
import { addLedgerEntries } from '../../../accounts/index.ts'
import {
  type EntryContext,
  type EntryDetails,
  LedgerEntry,
  Reference,
} from '../../../accounts/schema.ts'
import type { Json } from '../../../book/index.ts'
import { type BatchItem, defineBatch, type FailedEvent } from '../batch.ts'

const AccountEntry = Type.Unsafe<Json>({
  allOf: [Type.Object({ accountReference: Reference }), LedgerEntry],
})

export const addAccountLedgerEntries = defineBatch({
  id: 'add_account_ledger_entries',
  tag: 'Account',
  summary: 'Book ledger entries; those of one account together or not at all',
  body: Type.Array(AccountEntry),
  data: Type.Array(AccountEntry),
  // D-51: the entries of one account are one item, in body order.
  items(body: Json[]) {
    const byAccount = new Map<string, Json[]>()
    for (const entry of body) {
      const reference = String(entry['accountReference'])
      const entries = byAccount.get(reference)
      if (entries) entries.push(entry)
      else byAccount.set(reference, [entry])
    }
    return [...byAccount].map(([key, input]): BatchItem<Json[]> => ({ key, input }))
  },
  command: (context, { key, input }) =>
    addLedgerEntries(context, { accountReference: key, entries: input }),
  succeeded: ({ input }) => ({
    messages: [`Successfully added Ledger Entries: ${referencesOf(input).join(', ')}`],
    data: input,
  }),
  failedEvent: ({ key, input }, error) => [
    {
      type: 'event.accountLedgerEntriesAdding.failed',
      data: { accountReference: key, ledgerEntryReferences: referencesOf(input), error },
    },
    ...dueDateTargetsOf(input).map((ledgerEntryReference): FailedEvent => ({
      type: 'event.accountInvoiceLedgerEntriesDueDateUpdate.failed',
      data: { accountReference: key, ledgerEntryReference, error },
    })),
  ],
})

/**
 * D-47, D-103: the entries whose due date this call meant to change, each once: an adjustment with a date moves that of
 * its target. The adjustments themselves are named by the event of the adding.
 */
function dueDateTargetsOf(entries: readonly Json[]): string[] {
  const targets = new Set<string>()
  for (const entry of entries) {
    const details = entry['adjustmentDetails'] as EntryDetails | undefined
    const { ledgerEntryReference: target } = entry['context'] as EntryContext
    if (details?.dueDate !== undefined && target !== undefined) targets.add(target)
  }
  return [...targets]
}

const referencesOf = (entries: readonly Json[]) =>
  entries.map((entry) => String(entry['ledgerEntryReference']))
