import { expect } from 'vitest'
import { parseDecimal } from '../../src/kernel/money.ts'
import { account, claims, debtor, type ClaimName, type House } from './house.ts'

type Loose = Record<string, any>

/** What each claim still asks for, in minor units; a claim that asks for nothing counts as 0. */
export type Balances = Readonly<Record<string, number>>

/** What a door says of some or all of the claims of the account. */
interface Reading {
  readonly door: string
  read(house: House): Promise<Balances>
}

const minorOf = (amount: number | string, { currency }: House) =>
  parseDecimal(String(amount), currency)
const totalOf = ({ amount, totalFees }: Loose): number => amount + totalFees

async function eachClaim(work: (name: ClaimName) => Promise<number>): Promise<Balances> {
  const amounts: Record<string, number> = {}
  for (const name of claims) amounts[name] = await work(name)
  return amounts
}

const readings: readonly Reading[] = [
  {
    door: 'Receeve get_account_claims',
    async read({ tenant }) {
      const { body } = await tenant.get('get_account_claims', `accountReference=${account}`)
      return named(body, ({ claimReference }) => claimReference)
    },
  },
  {
    door: 'Receeve get_debtor_accounts_and_claims',
    async read({ tenant }) {
      const query = `debtorReference=${debtor}`
      const { body } = await tenant.get('get_debtor_accounts_and_claims', query)
      expect(body).toHaveLength(1)
      return named(body[0].claims, ({ claimReference }) => claimReference)
    },
  },
  {
    door: 'native explain',
    read: ({ native }) =>
      eachClaim(async (name) => {
        const { body } = await native.get(`/claims/${name}/explain`)
        // The last entry explains the whole, so the story ends at what is owed.
        expect(body.entries.at(-1).totalMinor, name).toBe(body.totalMinor)
        return body.totalMinor
      }),
  },
  {
    door: 'CRM.COM invoices/list',
    async read(house) {
      const query = { accounts_receivable_identifier: `number=${account}` }
      const invoices: Loose[] = await house.crm.read('invoices/list', query)
      return Object.fromEntries(
        invoices.map((one) => [one['number'], minorOf(one['unsettled_amount'], house)]),
      )
    },
  },
  {
    door: 'CRM.COM invoices/show',
    read: (house) =>
      eachClaim(async (name) => {
        const shown = await house.crm.read('invoices/show', {
          invoice_identifier: `number=${name}`,
        })
        return minorOf(shown.unsettled_amount, house)
      }),
  },
  {
    door: 'wallee v1 debt-collection-case/read',
    read: (house) =>
      eachCase(house, (id) => house.wallee.v1('GET', `/debt-collection-case/read?id=${id}`)),
  },
  {
    door: 'wallee v2 debt-collection/cases',
    read: (house) =>
      eachCase(house, (id) => house.wallee.v2('GET', `/debt-collection/cases/${id}`)),
  },
  {
    door: 'wallee v1 transaction-invoice/search',
    async read(house) {
      const { status, body } = await house.wallee.v1('POST', '/transaction-invoice/search', {})
      expect(status, JSON.stringify(body)).toBe(200)
      return invoicesNamed(house, body)
    },
  },
  {
    door: 'wallee v2 payment/transactions/invoices',
    async read(house) {
      const { status, body } = await house.wallee.v2('GET', '/payment/transactions/invoices')
      expect(status, JSON.stringify(body)).toBe(200)
      return invoicesNamed(house, body.data)
    },
  },
  { door: 'the debtor’s page', read: (house) => eachClaim((name) => pageOf(house, name)) },
]

const named = (shown: Loose[], nameOf: (claim: Loose) => string): Balances =>
  Object.fromEntries(shown.map((claim) => [nameOf(claim), totalOf(claim)]))

function invoicesNamed(house: House, invoices: Loose[]): Balances {
  expect(invoices).toHaveLength(claims.length)
  const told = invoices.map((one) => [
    one['merchantReference'],
    minorOf(one['outstandingAmount'], house),
  ])
  return Object.fromEntries(told)
}

async function eachCase(
  house: House,
  show: (id: number) => Promise<{ status: number; body: Loose }>,
): Promise<Balances> {
  const amounts: Record<string, number> = {}
  for (const [name, id] of house.cases) {
    const { status, body } = await show(id)
    expect(status, JSON.stringify(body)).toBe(200)
    // A case that is over tells what was left at its end, whatever becomes of the claim later.
    if (body['state'] !== 'CLOSED') amounts[name] = minorOf(body['amount'], house)
  }
  return amounts
}

async function pageOf(house: House, name: ClaimName): Promise<number> {
  const { status, body } = await house.it.inject({
    method: 'GET',
    url: house.pages.get(name)!,
    headers: { 'accept-language': 'en' },
  })
  expect(status).toBe(200)
  const text = String(body)
  const owed = /class="owed">([^<]+)</.exec(text)?.[1]
  if (owed !== undefined) return minorOf(owed.replaceAll(/[^\d.]/g, ''), house)
  expect(text).toContain('class="card')
  return 0
}

/** What a Payofin merchant is shown: open claims that no collector works. */
export async function payofinDebts(house: House): Promise<Loose[]> {
  const query = { sootCode: 1, subscriberNo: account, additionalNo: '', firmRefNo: '1' }
  const { body } = await house.merchant!.call('invoicequery', query)
  if (body['resultCode'] === -1 || body['resultCode'] === -13) return []
  expect(body).toMatchObject({ result: true, resultCode: 1 })
  return body['invoiceList']
}

/** Reads the account through every door, insists that they agree to the cent, and answers what they say. */
export async function readAll(house: House): Promise<{ claims: Balances; balance: number }> {
  const [first, ...others] = readings
  const told = await first!.read(house)
  expect(Object.keys(told).toSorted()).toEqual(claims.toSorted())
  for (const { door, ...reading } of others) {
    const said = await reading.read(house)
    const expected = Object.fromEntries(Object.keys(said).map((name) => [name, told[name]]))
    expect({ door, ...said }).toEqual({ door, ...expected })
  }
  if (house.merchant) await comparePayofin(house, told)
  return { claims: told, balance: await balanceOf(house, told) }
}

/** A claim with a case is hidden while its collector works it; once the case is over and money went back it is shown. */
async function comparePayofin(house: House, told: Balances): Promise<void> {
  const debts = await payofinDebts(house)
  const shown = Object.fromEntries(
    debts.map((debt) => [debt['invoiceNo'], minorOf(debt['invoiceAmount'], house)]),
  )
  const open = claims.filter((name) => told[name]! > 0)
  const expected = open.filter((name) => !house.cases.has(name) || name in shown)
  expect(shown).toEqual(Object.fromEntries(expected.map((name) => [name, told[name]])))
}

/** The account as a whole: what its claims ask for less its credit, as CRM.COM has it; get_account tells the ledger. */
async function balanceOf(house: House, told: Balances): Promise<number> {
  const shown = await house.crm.read('accounts_receivable/show', {
    accounts_receivable_identifier: `number=${account}`,
  })
  const balance = minorOf(shown.balance, house)
  const asked = claims.reduce((sum, name) => sum + told[name]!, 0)
  const { body } = await house.tenant.get('get_account', `accountReference=${account}`)
  const ledger = ledgerSum(body.ledgerEntries)
  const managed = told['FAT-1']! + told['FAT-2']! + told['FAT-3']!
  expect(balance).toBeLessThanOrEqual(asked)
  // Credit comes from the ledger or from a claim that no ledger entry made, whose entries get_account does not list.
  expect(ledger).toBeLessThanOrEqual(managed)
  expect(ledger).toBeGreaterThanOrEqual(managed - (asked - balance))
  return balance
}

function ledgerSum(entries: Loose[]): number {
  const signs: Record<string, number> = {
    invoiceDetails: 1,
    feeDetails: 1,
    chargebackDetails: 1,
    paymentDetails: -1,
  }
  let sum = 0
  for (const entry of entries) {
    const kind = Object.keys(signs).find((name) => name in entry)
    expect(kind, JSON.stringify(entry)).toBeDefined()
    sum += signs[kind!]! * entry[kind!].amount
  }
  return sum
}
