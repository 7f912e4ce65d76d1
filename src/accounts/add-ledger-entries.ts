import {
  announceBooked,
  type Book,
  type CallContext,
  type Command,
  conclude,
  type Desk,
  type Json,
} from '../book/index.ts'
import { bookEntries, entryInputOf, entryNeeds, type EntryInput, shownEntry } from './book-entry.ts'
import { announceAccountTrigger, triggerNeeds } from './trigger.ts'

export interface NewEntries {
  readonly accountReference: string
  readonly entries: readonly Json[]
}

/** Books entries of one account, all of them or none (D-51). */
export function addLedgerEntries(context: CallContext, input: NewEntries): Command<void> {
  const entries = input.entries.map(entryInputOf)
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { accounts: [input.accountReference], ...entryNeeds(entries), ...triggerNeeds(context) },
    decide(desk) {
      const book = desk.account(input.accountReference)
      bookEntries(desk, book, entries)
      announceEntries(desk, book, entries)
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
      announceAccountTrigger(desk, book, context)
    },
  }
}

export function announceEntries(desk: Desk, book: Book, entries: readonly EntryInput[]): void {
  const ledgerEntries = entries.map(({ reference, kind, details, context }) => {
    const createdAtMs = details.createdAt ?? desk.nowMs
    return shownEntry({
      reference,
      kind,
      details: details as unknown as Json,
      context: context as Json,
      createdAtMs,
    })
  })
  announceBooked(desk, book, ledgerEntries)
}
