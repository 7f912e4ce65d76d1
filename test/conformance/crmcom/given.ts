import { expect } from 'vitest'
import { person, type TestTenant, type World } from '../../world.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- a value out of an answer; tests assert what it is
export type Loose = any
type Fields = Record<string, unknown>

export const base = '/crmapi/rest/v2'

/** A client of this door with a live token. */
export interface Client {
  readonly tenant: TestTenant
  readonly token: string
  /** Posts text as it is, or an object with the token added. */
  post(method: string, body: string | Fields): Promise<{ status: number; body: Loose }>
  get(method: string, query?: Record<string, string>): Promise<{ status: number; body: Loose }>
  /** Insists on OK and answers the data. */
  ok(method: string, body: string | Fields): Promise<Loose>
  read(method: string, query?: Record<string, string>): Promise<Loose>
  /** Our own door. */
  own(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: Fields): Promise<Loose>
}

export async function login(it: World, tenant: TestTenant, more: Fields = {}) {
  return it.inject({
    method: 'POST',
    url: `${base}/authentication/token`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({ ...tenant.crmcom, ...more }),
  })
}

export async function clientOf(it: World, tenant: TestTenant): Promise<Client> {
  const granted = await login(it, tenant)
  expect(granted.body.status).toEqual({ code: 'OK', message: null, description: null })
  const { token } = granted.body.data as { token: string }
  const post: Client['post'] = (method, body) =>
    it.inject({
      method: 'POST',
      url: `${base}/${method}`,
      headers: { 'content-type': 'application/json' },
      payload: typeof body === 'string' ? body : JSON.stringify({ token, ...body }),
    })
  const get: Client['get'] = (method, query = {}) => {
    const text = new URLSearchParams({ token, ...query }).toString()
    return it.inject({ method: 'GET', url: `${base}/${method}?${text}` })
  }
  return {
    tenant,
    token,
    post,
    get,
    ok: async (method, body) => dataOf(await post(method, body)),
    read: async (method, query) => dataOf(await get(method, query)),
    async own(method, path, body) {
      const answer = await tenant.call({
        method,
        url: `/q/v1/crm${path}`,
        ...(body ? { payload: body } : {}),
      })
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
      return answer.body
    },
  }
}

export function dataOf(answer: { status: number; body: Loose }): Loose {
  expect(answer.status).toBe(200)
  expect(answer.body.status, JSON.stringify(answer.body)).toMatchObject({ code: 'OK' })
  return answer.body.data
}

export const exception = (name: string) => `COM.CRM.EXCEPTION.${name}EXCEPTION`

/** Insists that a call was refused for this reason, with no data and status 200. */
export function expectRefused(answer: { status: number; body: Loose }, name: string): void {
  expect(answer.body).toMatchObject({ status: { code: exception(name) }, data: null })
  expect(answer.status).toBe(200)
}

export interface Opened {
  readonly reference: string
  readonly invoices?: readonly (readonly [reference: string, amount: number, dueDate?: string])[]
  readonly debtor?: Fields
}

/** Opens an account in EUR through the Receeve door, amounts in cents. */
export async function openAccount(tenant: TestTenant, opened: Opened): Promise<void> {
  const { reference, invoices = [], debtor = {} } = opened
  const body = {
    [reference]: {
      currency: 'EUR',
      debtors: [{ ...person(`D-${reference}`), ...debtor }],
      ledgerEntries: invoices.map(entryOf),
    },
  }
  const answer = await tenant.post('create_accounts', body)
  expect(answer.body[reference], JSON.stringify(answer.body)).toMatchObject({ success: true })
}

const entryOf = ([reference, amount, dueDate = '2026-04-30']: readonly [
  string,
  number,
  string?,
]) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate },
  context: {},
})

/** Posts an invoice through the Receeve door. */
export async function postInvoice(
  tenant: TestTenant,
  accountReference: string,
  invoice: readonly [reference: string, amount: number, dueDate?: string],
): Promise<void> {
  const answer = await tenant.post('add_account_ledger_entries', [
    { accountReference, ...entryOf(invoice) },
  ])
  expect(answer.body[accountReference]).toMatchObject({ success: true })
}

/** The smallest body that a real client was seen to send. */
export const cash = (account: string, amount: number | string, more: Fields = {}) => ({
  accounts_receivable_identifier: { number: account },
  type_identifier: { name: 'Payment 1' },
  life_cycle_state: 'POSTED',
  payment_method_identifier: { name: 'Cash' },
  payment_amount: amount,
  ...more,
})

export const payWhole = (account: string, more: Fields) => ({
  accounts_receivable_identifier: { number: account },
  type_identifier: { name: 'Invoices Balance Payment' },
  payment_method_identifier: { name: 'Cash' },
  ...more,
})

/** `I1 60 of 100`, one line for each invoice of the account. */
export async function invoiceLines(client: Client, account: string): Promise<string[]> {
  const query = { accounts_receivable_identifier: `number=${account}` }
  const invoices: Loose[] = await client.read('invoices/list', query)
  return invoices.map((one) => `${one.number} ${one.unsettled_amount} of ${one.total_amount}`)
}

export async function balanceOf(client: Client, account: string): Promise<number> {
  const query = { accounts_receivable_identifier: `number=${account}`, fields_set: 'balance' }
  return (await client.read('accounts_receivable/show', query)).balance
}
