import {
  accountsOf,
  configOf,
  findAccount,
  findBill,
  findInvoice,
  inSession,
  listBills,
  listInvoices,
  numberInvoices,
  overdueOf,
  pickConfig,
  refuseCrm,
} from '../../crm/index.ts'
import { dateIn } from '../../kernel/dates.ts'
import { type Call, type CrmOperation, latestOf, pageOf } from './operation.ts'
import { completeAccount, completeBill, completeInvoice } from './views.ts'
import { accountOf, billOf, categoryOf, codedOf, invoiceOf } from './words.ts'

type Json = Record<string, unknown>

const paging = ['number_of_results', 'offset']
const account = 'accounts_receivable_identifier!'

/** What a client of payments reads beside them: accounts, invoices and bills. */
export const neighbourOperations: readonly CrmOperation[] = [
  {
    method: 'GET',
    path: '/accounts_receivable/show',
    tag: 'Accounts receivable',
    summary: 'An account with its balance and its owner',
    parameters: [account],
    async handle({ deps, session, given }) {
      const wanted = accountOf(given)
      return inSession(deps, session, async (tx) => {
        const found = await findAccount(tx, wanted)
        const { timeZone } = given
        const before = dateIn(tx.now, timeZone)
        const overdue = await overdueOf(tx, { accountId: found.accountId, before })
        return completeAccount(found, overdue, timeZone)
      })
    },
  },
  {
    method: 'GET',
    path: '/invoices/show',
    tag: 'Invoices',
    summary: 'One invoice and what is left to pay of it',
    parameters: ['invoice_identifier!'],
    async handle({ deps, session, given }) {
      const wanted = invoiceOf(given)
      return inSession(deps, session, async (tx) => {
        const invoice = await findInvoice(tx, wanted)
        const accounts = await accountsOf(tx, [invoice.accountId])
        const at = { now: tx.now, timeZone: given.timeZone }
        return completeInvoice(invoice, at, accounts.get(invoice.accountId))
      })
    },
  },
  {
    method: 'GET',
    path: '/invoices/list',
    tag: 'Invoices',
    summary: 'The invoices of an account, the first posted first',
    parameters: [account, ...paging, 'type_identifier', 'category_identifier'],
    async handle({ deps, session, given }) {
      const wanted = accountOf(given)
      const page = pageOf(given)
      const [type, category] = [codedOf(given, 'TYPE'), categoryOf(given)]
      return inSession(deps, session, async (tx) => {
        const config = await configOf(tx)
        const found = await findAccount(tx, wanted)
        // Types are of payments and cancellations, and no invoice is in a category.
        if (type && pickConfig(config, type)) throw refuseCrm('wrong_classification')
        if (category && pickConfig(config, category)) return []
        await numberInvoices(tx, found.accountId)
        const at = { now: tx.now, timeZone: given.timeZone }
        const invoices = await listInvoices(tx, { accountId: found.accountId, ...page })
        return invoices.map((invoice) => completeInvoice(invoice, at, found))
      })
    },
  },
  {
    method: 'GET',
    path: '/bills/show',
    tag: 'Bills',
    summary: 'One bill with its invoices and what is left to pay',
    parameters: ['bill_identifier!'],
    async handle({ deps, session, given }) {
      const wanted = billOf(given)
      return inSession(deps, session, async (tx) => {
        const bill = await findBill(tx, wanted)
        const owner = (await accountsOf(tx, [bill.accountId])).get(bill.accountId)
        if (!owner) throw refuseCrm('bill_not_found')
        return completeBill(bill, { now: tx.now, timeZone: given.timeZone }, owner)
      })
    },
  },
  {
    method: 'GET',
    path: '/bills/list',
    tag: 'Bills',
    summary: 'The bills of an account, the oldest first',
    parameters: [account, ...paging],
    handle: (call) => billsOfAccount(call, pageOf(call.given)),
  },
  {
    method: 'GET',
    path: '/bills/get_latest',
    tag: 'Bills',
    summary: 'The latest bills of an account, the newest first',
    parameters: [account, 'number!'],
    handle: (call) => billsOfAccount(call, { limit: latestOf(call.given), isLatestFirst: true }),
  },
]

async function billsOfAccount(
  { deps, session, given }: Call,
  page: { offset?: number; limit: number; isLatestFirst?: boolean },
): Promise<Json[]> {
  const wanted = accountOf(given)
  return inSession(deps, session, async (tx) => {
    const owner = await findAccount(tx, wanted)
    const bills = await listBills(tx, { accountId: owner.accountId, ...page })
    const at = { now: tx.now, timeZone: given.timeZone }
    return bills.map((bill) => completeBill(bill, at, owner))
  })
}
