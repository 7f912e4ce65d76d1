import { type Static, Type } from 'typebox'
import { type AccountInput, createAccount } from '../../../accounts/index.ts'
import { Account } from '../../../accounts/schema.ts'
import { defineBatch, mapItems, mapOf } from '../batch.ts'
import { coded } from '../words.ts'

type AccountBody = Static<typeof Account>

export const createAccounts = defineBatch({
  id: 'create_accounts',
  tag: 'Account',
  summary: 'Open accounts, each with the debtors, products, scores and ledger entries given along',
  body: mapOf(Account),
  // The published answer to a refused account has no currency (3.3.4).
  data: Type.Partial(Account),
  items: (body: Record<string, AccountBody>, keys) => mapItems(body, keys),
  command: (context, { key, input }) =>
    createAccount(context, { ...(input as Omit<AccountInput, 'reference'>), reference: key }),
  succeeded: ({ key, input }) => ({
    messages: [`Successfully created Account ${key}`],
    data: input,
  }),
  refused: ({ key }, refusal) => ({
    // The published text names the class of this one failure by a single letter (3.3.4).
    messages: [
      `Error creating the Account ${key}: ${coded(refusal, refusal.code === 'entry_exists' ? 't' : undefined)}`,
    ],
    data: { scores: [], debtors: [], products: [], ledgerEntries: [] },
  }),
})
