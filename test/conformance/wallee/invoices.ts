import { expect } from 'vitest'
import type { Answer } from '../../world.ts'
import { person } from '../../world.ts'
import type { Client } from './sign.ts'

type Json = Record<string, any>

let count = 0
export const unique = () => `${Date.now().toString(36)}-${(count += 1)}`

export interface Given {
  /** The id at these doors. */
  readonly id: number
  readonly reference: string
  readonly account: string
}

const reachable = {
  country: 'DE',
  email: 'ada@example.com',
  addressLine1: 'Weg 1',
  postalCode: '10115',
  city: 'Berlin',
}

/** An invoice that the ledger manages, of an amount in minor units of CHF, and its account. */
export async function newInvoice(us: Client, more: Json = {}): Promise<Given> {
  const { amount = 10_000, dueDate = '2026-01-31', currency = 'CHF', entries = [] } = more
  const account = `A-${unique()}`
  const reference = `INV-${unique()}`
  const body = {
    [account]: {
      currency,
      debtors: [person(`D-${unique()}`, { contactInformation: reachable })],
      ledgerEntries: [
        { ledgerEntryReference: reference, invoiceDetails: { amount, dueDate }, context: {} },
        ...entries,
      ],
    },
  }
  const made = await us.tenant.post('create_accounts', body)
  expect(made.body[account], JSON.stringify(made.body)).toMatchObject({ success: true })
  return { id: await idOf(us, reference), reference, account }
}

/** An invoice of 500.00 that the ledger does not manage, in the first of three accounts of one debtor. */
export async function newMovable(us: Client): Promise<Given & { accounts: string[] }> {
  const accounts = [`A-${unique()}`, `A-${unique()}`, `A-${unique()}`]
  const debtor = person(`D-${unique()}`, { contactInformation: reachable })
  for (const account of accounts) {
    const body = { [account]: { currency: 'CHF', debtors: [debtor], ledgerEntries: [] } }
    await sure(us, 'create_accounts', body)
  }
  const reference = `INV-${unique()}`
  const [account = ''] = accounts
  const due = { originalDueDate: '2026-01-31', currentDueDate: '2026-01-31' }
  const data = { amount: 50_000, currency: 'CHF', accountReference: account, ...due }
  await sure(us, 'create_claims', { [reference]: data })
  return { id: await idOf(us, reference), reference, account, accounts }
}

export const payClaim = (us: Client, { reference }: Given, amount: number) =>
  sure(us, 'credit_claims', { [reference]: { amount, currency: 'CHF', originator: 'CLIENT' } })

/** D-75 */
export const moveTo = (us: Client, { reference }: Given, accountReference: string) =>
  sure(us, 'update_claims', { [reference]: { accountReference } })

async function sure(us: Client, operation: string, body: Json): Promise<void> {
  const answer = await us.tenant.post(operation, body)
  const [key = ''] = Object.keys(body)
  expect(answer.body[key], JSON.stringify(answer.body)).toMatchObject({ success: true })
}

export async function idOf(us: Client, reference: string): Promise<number> {
  const query = encodeURIComponent(`merchantReference:"${reference}"`)
  const found = await us.v2('GET', `/payment/transactions/invoices/search?query=${query}`)
  expect(found.status, JSON.stringify(found.body)).toBe(200)
  expect(found.body.data).toHaveLength(1)
  return found.body.data[0].id
}

/** The account as the Receeve door tells of it. */
export async function accountOf(us: Client, account: string): Promise<Json> {
  const answer = await us.tenant.get('get_account', `accountReference=${account}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

/** `payment 100`, one for each entry of an account. */
export async function linesOf(us: Client, account: string): Promise<string[]> {
  const { ledgerEntries } = await accountOf(us, account)
  return (ledgerEntries as Json[]).map((entry) => {
    const kind = Object.keys(entry).find((key) => key.endsWith('Details'))!
    return `${kind.replace('Details', '')} ${entry[kind].amount}`
  })
}

export async function pay(us: Client, { account, reference }: Given, amount: number) {
  const entry = {
    accountReference: account,
    ledgerEntryReference: `P-${unique()}`,
    paymentDetails: { amount },
    context: { ledgerEntryReference: reference },
  }
  const answer = await us.tenant.post('add_account_ledger_entries', [entry])
  expect(answer.body[account], JSON.stringify(answer.body)).toMatchObject({ success: true })
}

export const invoiceOf = async (us: Client, id: number): Promise<Json> => {
  const answer = await us.v2('GET', `/payment/transactions/invoices/${id}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

/** Calls our own door. */
export async function own(us: Client, method: 'GET' | 'POST', path: string, body?: unknown) {
  const answer: Answer<any> = await us.tenant.call({
    method,
    url: `/q/v1${path}`,
    ...(body === undefined
      ? {}
      : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
  return answer.body
}

/** A template of a channel, and its id at our own door. */
export async function newBundle(us: Client, channel: 'email' | 'sms' | 'letter' = 'email') {
  const content = {
    email: { subject: 'Please pay', html: '<p>Pay</p>', text: 'Pay {{ landingPageUrl }}' },
    sms: { text: 'Pay' },
    letter: { subject: 'Please pay', blocks: [{ type: 'paragraph', text: 'Pay' }] },
  }[channel]
  const body = {
    name: `${channel} ${unique()}`,
    channel,
    fallbackLanguage: 'en',
    languages: { en: content },
  }
  return (await own(us, 'POST', '/bundles', body)).id as string
}

const flows = new Map<string, Promise<{ name: string; id: string }>>()

/** The flow that all claims of a tenant take, made when it is first asked for. */
export function theFlow(us: Client): Promise<{ name: string; id: string }> {
  const { tenantId } = us.tenant
  const flow = flows.get(tenantId) ?? newFlow(us, true)
  flows.set(tenantId, flow)
  return flow
}

/** A journey that writes an e-mail, waits and writes a letter; as the default every claim begins it. */
export async function newFlow(
  us: Client,
  isDefault = false,
): Promise<{ name: string; id: string }> {
  const [email, letter] = [await newBundle(us), await newBundle(us, 'letter')]
  const name = `Flow ${unique()}`
  const paths = {
    main: [
      { id: 'reminder', type: 'email', bundleId: email },
      { id: 'patience', type: 'wait', days: 7 },
      { id: 'last', type: 'letter', bundleId: letter },
      { id: 'rest', type: 'wait', days: 14 },
    ],
  }
  const made = await own(us, 'POST', '/journeys', { name, document: { paths } })
  if (isDefault) await own(us, 'POST', `/journeys/${made.id}/assignments`, { default: true })
  return { name, id: made.id }
}

/** Asks until something is there; what happens by itself takes its time. */
export async function until<R>(ask: () => Promise<R | undefined>): Promise<R> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** An invoice that a flow was begun for just now, and its case. */
export async function newCase(us: Client): Promise<{ id: number; invoice: Given }> {
  await theFlow(us)
  const invoice = await newInvoice(us)
  const begun = await us.v1('POST', `/dunning-case/create-from-invoice?invoiceId=${invoice.id}`)
  if (begun.status === 200) return { id: begun.body.id, invoice }
  // The default flow was faster.
  const leaf = {
    type: 'LEAF',
    fieldName: 'linkedTransaction',
    operator: 'EQUALS',
    value: invoice.id,
  }
  const found = await us.v1('POST', '/dunning-case/search', { filter: leaf })
  expect(found.body, JSON.stringify(begun.body)).toHaveLength(1)
  return { id: found.body[0].id, invoice }
}

interface Level {
  /** Of the case, and of its first level. */
  readonly caseId: number
  readonly id: number
  readonly invoice: Given
}

const levels = new Map<string, Promise<Level[]>>()
let turn = 0

/** One of three dunning cases of a tenant that came to their first level; it is made when it is first asked for. */
export async function aLevel(us: Client): Promise<Level> {
  const { tenantId } = us.tenant
  const made = levels.get(tenantId) ?? makeLevels(us)
  levels.set(tenantId, made)
  const all = await made
  turn += 1
  return all[turn % all.length]!
}

async function makeLevels(us: Client): Promise<Level[]> {
  await theFlow(us)
  const invoices = [await newInvoice(us), await newInvoice(us), await newInvoice(us)]
  return Promise.all(invoices.map((invoice) => levelOf(us, invoice)))
}

async function levelOf(us: Client, invoice: Given): Promise<Level> {
  const leaf = { type: 'LEAF', fieldName: 'invoice', operator: 'EQUALS', value: invoice.id }
  return until(async () => {
    const { body } = await us.v1('POST', '/dunning-case-level/search', { filter: leaf })
    // One that is still on its way changes while somebody looks at it.
    if (body.length === 0) return undefined
    if (body[0].state === 'INITIALIZING' && !(await isWaiting(us, invoice))) return undefined
    return { id: body[0].id, caseId: body[0].dunningCase.id, invoice }
  })
}

/** Whether the message of an invoice waits for the morning; the SDKs sign with the machine's own time, whatever it is. */
async function isWaiting(us: Client, { reference }: Given): Promise<boolean> {
  const { items } = await own(us, 'GET', `/messages?claimReference=${reference}`)
  return items[0]?.status === 'QUEUED' && items[0].decision?.verdict === 'wait'
}

export async function newRefund(us: Client, more: Json = {}): Promise<Json> {
  const invoice = await newInvoice(us)
  await pay(us, invoice, 10_000)
  return {
    transaction: invoice.id,
    amount: 25.5,
    type: 'MERCHANT_INITIATED_ONLINE',
    externalId: `R-${unique()}`,
    merchantReference: 'returned goods',
    ...more,
  }
}

/** The number of an account at these doors, seen at an entry that it has. */
export async function accountNumber(us: Client): Promise<{ number: number; account: string }> {
  const fee = `F-${unique()}`
  const { account } = await newInvoice(us, {
    entries: [{ ledgerEntryReference: fee, feeDetails: { amount: 100 }, context: {} }],
  })
  const query = encodeURIComponent(`externalId:"${fee}"`)
  const found = await us.v2('GET', `/subscriptions/ledger-entries/search?query=${query}`)
  expect(found.body.data, JSON.stringify(found.body)).toHaveLength(1)
  return { number: found.body.data[0].subscriptionVersion, account }
}
