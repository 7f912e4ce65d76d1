import { type Static, Type } from 'typebox'
import { Metadata, Reference } from '../../../accounts/schema.ts'
import { NaturalMinor } from '../../../kernel/schema.ts'
import { setTargetAmounts } from '../../../payments/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'

const Targets = Type.Object({
  accountReference: Reference,
  ledgerEntries: Type.Array(
    Type.Object({
      ledgerEntryReference: Reference,
      amount: NaturalMinor,
      reason: Type.String({ minLength: 1, maxLength: 1_000 }),
      meta: Metadata,
    }),
    { maxItems: 10_000 },
  ),
})
type Body = Static<typeof Targets>

export const updateAccountLedgerEntriesAmounts = defineBatch({
  id: 'update_account_ledger_entries_amounts',
  tag: 'Account',
  summary: 'Bring invoices and fees to target amounts by the entries that lead there',
  body: Type.Array(Targets),
  data: Type.Array(Targets),
  items: (body: Body[]) =>
    body.map((input): BatchItem<Body> => ({ key: input.accountReference, input })),
  command: (context, { input }) => setTargetAmounts(context, input),
  succeeded: ({ key, input }) => ({
    messages: [`Successfully updated ledger entry amounts for account ${key}`],
    data: [input],
  }),
})
