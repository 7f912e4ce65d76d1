import type { Kysely } from 'kysely'
import { addLedgerEntries, createAccount } from '../accounts/index.ts'
import { type Bookkeeper, callContext, type Json } from '../book/index.ts'
import {
  createBill,
  createCard,
  createUser,
  findAccount,
  moveSequence,
  numberInvoices,
} from '../crm/index.ts'
import { addDays, dateIn } from '../kernel/dates.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'

export interface SamplesDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  readonly now: Date
}

const zone = 'Europe/Berlin'

/**
 * Gives a tenant what the published samples of CRM.COM name, so that they work as they are printed: the accounts 186, 192
 * and 200 with their invoices and bills, two users, a card, and the number sequences where the samples find them.
 */
export async function seedCrmSamples(deps: SamplesDeps, tenantId: string): Promise<void> {
  const { db, now } = deps
  const write = (work: (tx: Tx) => Promise<unknown>) => inTransaction(db, { tenantId, now }, work)
  const dueOn = addDays(dateIn(now, zone), 35)
  const invoice = (ledgerEntryReference: string, amount: number): Json => ({
    ledgerEntryReference,
    invoiceDetails: { amount, dueDate: dueOn },
    context: {},
  })
  const number = (reference: string, last: number) =>
    write(async (tx) => {
      const { accountId } = await findAccount(tx, { field: 'number', value: reference })
      await moveSequence(tx, 'INVOICE', { lastReferenceNumber: last })
      await numberInvoices(tx, accountId)
    })
  await open(deps, tenantId, { reference: '192', invoices: [invoice('I00000294', 13_800)] })
  await number('192', 321)
  await add(deps, tenantId, { reference: '192', entries: [invoice('I00000300', 22_500)] })
  await number('192', 327)
  await open(deps, tenantId, { reference: '186', invoices: [invoice('I00000301', 10_000)] })
  await open(deps, tenantId, { reference: '200', invoices: [invoice('I00000302', 5_000)] })
  await write(async (tx) => {
    for (const name of ['JackH', 'mpadministrator'])
      await createUser(tx, { name, personName: name, email: `${name.toLowerCase()}@example.com` })
    const period = { fromDate: dateIn(now, zone), toDate: dueOn }
    await createBill(tx, bill('128', '186', 'I00000301', period))
    await createBill(tx, bill('163', '200', 'I00000302', period))
    await createCard(tx, {
      debtorReference: 'CUSTOMER-200',
      paymentGatewayReferenceNumber: 'card_15S0w0E0IcJRGs11e6ffmDXK',
      lastDigits: '4242',
    })
    await moveSequence(tx, 'PAYMENT', { lastReferenceNumber: 114, lastNumber: 99 })
    await moveSequence(tx, 'PAYMENT_CANCELLATION', { lastReferenceNumber: 25, lastNumber: 34 })
  })
}

// oxlint-disable-next-line max-params -- a row of a table
const bill = (
  number: string,
  accountReference: string,
  reference: string,
  period: { fromDate: string; toDate: string },
) => ({ number, accountReference, ...period, invoices: [reference] })

const contextOf = (tenantId: string) =>
  callContext({ tenantId, timeZone: zone, settings: {} }, { originator: 'Demo' })

async function open(
  { bookkeeper }: SamplesDeps,
  tenantId: string,
  { reference, invoices }: { reference: string; invoices: Json[] },
): Promise<void> {
  const outcome = await bookkeeper.submit(
    createAccount(contextOf(tenantId), {
      reference,
      currency: 'EUR',
      debtors: [
        {
          debtorReference: `CUSTOMER-${reference}`,
          firstName: 'Peter',
          lastName: 'Johnson',
          gender: 'M',
          birthday: '1985-04-06',
          contactInformation: { country: 'CY', email: 'peter.johnson@example.com' },
        },
      ],
      ledgerEntries: invoices,
    }),
  )
  if ('refusal' in outcome) throw outcome.refusal
}

async function add(
  { bookkeeper }: SamplesDeps,
  tenantId: string,
  { reference, entries }: { reference: string; entries: Json[] },
): Promise<void> {
  const command = addLedgerEntries(contextOf(tenantId), { accountReference: reference, entries })
  const outcome = await bookkeeper.submit(command)
  if ('refusal' in outcome) throw outcome.refusal
}
