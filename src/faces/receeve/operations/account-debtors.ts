import { type Static, Type } from 'typebox'
import { addDebtor, updateDebtor } from '../../../accounts/index.ts'
import { Debtor, DebtorChange, Reference } from '../../../accounts/schema.ts'
import { type BatchItem, defineBatch } from '../batch.ts'

const AccountDebtor = Type.Object({ accountReference: Reference, ...Debtor.properties })
const AccountDebtorChange = Type.Object({ accountReference: Reference, ...DebtorChange.properties })
type Body = Static<typeof AccountDebtorChange>

const shared = {
  tag: 'Account',
  data: Type.Array(AccountDebtorChange),
  items: (body: Body[]) =>
    body.map((input): BatchItem<Body> => ({ key: input.accountReference, input })),
  succeeded: ({ key, input }: BatchItem<Body>) => ({
    messages: [`Successfully updated debtors for account ${key}`],
    data: [input],
  }),
  failedEvent: ({ key, input }: BatchItem<Body>, error: string) => ({
    type: 'event.accountDebtorUpdate.failed',
    data: { accountReference: key, externalDebtorRef: input.debtorReference, error },
  }),
} as const

export const addAccountDebtors = defineBatch({
  ...shared,
  id: 'add_account_debtors',
  summary: 'Add debtors to accounts; invoices that waited for one become claims',
  body: Type.Array(AccountDebtor),
  command: (context, { key, input }) =>
    addDebtor(context, { accountReference: key, debtor: input }),
})

export const updateAccountDebtors = defineBatch({
  ...shared,
  id: 'update_account_debtors',
  summary: 'Change debtors of accounts and the copies on their active claims',
  body: Type.Array(AccountDebtorChange),
  command: (context, { key, input }) =>
    updateDebtor(context, { accountReference: key, debtor: input }),
})
