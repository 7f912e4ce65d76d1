import { expect } from 'vitest'
import { formatDecimal } from '../../src/kernel/money.ts'
import { type Client as CrmClient, clientOf } from '../conformance/crmcom/given.ts'
import { configure, createCase, reaches } from '../conformance/wallee/cases.ts'
import { client, type Client as WalleeClient } from '../conformance/wallee/sign.ts'
import { nativeCalls } from '../native-calls.ts'
import { type Answer, person, type TestTenant, type World } from '../world.ts'

export const account = 'ABONE-1'
export const debtor = 'D-1'

/** The claims of the account: three invoices, one of them with a fee, and two that no ledger entry made. */
export const claims = ['FAT-1', 'FAT-2', 'FAT-3', 'KREDI', 'KREDI-2'] as const
export type ClaimName = (typeof claims)[number]

/** One account as callers of every door have it: what is needed to pay and to read it through each. */
export interface House {
  readonly it: World
  readonly tenant: TestTenant
  readonly currency: string
  readonly crm: CrmClient
  readonly wallee: WalleeClient
  /** Cases of the wallee doors on some of the claims. */
  readonly cases: ReadonlyMap<ClaimName, number>
  readonly pages: ReadonlyMap<ClaimName, string>
  /** Undefined where the institution takes another currency. */
  readonly merchant: Merchant | undefined
  readonly native: ReturnType<typeof nativeCalls>
}

export interface Merchant {
  call(name: string, body: unknown): Promise<Answer>
}

const invoice = (reference: string, amount: number, dueDate: string) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate },
  context: {},
})

/** Opens the account in a currency, with cases on FAT-3 and KREDI-2 that a collector works. */
export async function openHouse(it: World, currency: string): Promise<House> {
  const tenant = await it.tenant(`House in ${currency}`)
  await openAccount(tenant, currency)
  const native = nativeCalls(tenant)
  const wallee = client(it, tenant)
  return {
    it,
    tenant,
    currency,
    native,
    wallee,
    crm: await clientOf(it, tenant),
    cases: await openCases(wallee),
    pages: await pagesOf(tenant),
    merchant: currency === 'TRY' ? await merchantOf(it, tenant) : undefined,
  }
}

async function openAccount(tenant: TestTenant, currency: string): Promise<void> {
  const ledgerEntries = [
    invoice('FAT-1', 10_000, '2026-01-20'),
    {
      ledgerEntryReference: 'FEE-1',
      feeDetails: { amount: 555 },
      context: { ledgerEntryReference: 'FAT-1' },
    },
    invoice('FAT-2', 7_505, '2026-02-05'),
    invoice('FAT-3', 20_000, '2026-02-20'),
  ]
  const opened = await tenant.post('create_accounts', {
    [account]: { currency, debtors: [person(debtor)], ledgerEntries },
  })
  expect(opened.body[account]).toMatchObject({ success: true })
  const unmanaged = (amount: number, dueDate: string) => ({
    amount,
    currency,
    originalDueDate: dueDate,
    currentDueDate: dueDate,
    accountReference: account,
    primaryDebtor: person(debtor),
    fees: [{ name: 'interest', amount: 95 }],
  })
  const made = await tenant.post('create_claims', {
    KREDI: unmanaged(15_010, '2026-01-10'),
    'KREDI-2': unmanaged(30_000, '2026-01-11'),
  })
  for (const name of ['KREDI', 'KREDI-2'])
    expect(made.body[name], JSON.stringify(made.body)).toMatchObject({ success: true })
}

/** The cases stand on claims that there are, and are with their collector when this answers. */
async function openCases(us: WalleeClient): Promise<Map<ClaimName, number>> {
  const collectorConfiguration = await configure(us)
  const made = new Map<ClaimName, number>()
  for (const reference of ['FAT-3', 'KREDI-2'] as const) {
    const { id } = await createCase(us, {
      reference,
      externalId: `case-${reference}`,
      collectorConfiguration,
    })
    await reaches(us, id, 'PROCESSING')
    made.set(reference, id)
  }
  return made
}

async function pagesOf(tenant: TestTenant): Promise<Map<ClaimName, string>> {
  const pages = new Map<ClaimName, string>()
  for (const reference of claims) {
    const answer = await tenant.get('get_landing_page_url', `claimReference=${reference}`)
    expect(answer.status).toBe(200)
    pages.set(reference, new URL(answer.body.URL as string).pathname)
  }
  return pages
}

async function merchantOf(it: World, tenant: TestTenant): Promise<Merchant> {
  const { apiKey, secretKey, merchantId } = tenant.payofin
  const merchant: Merchant = {
    call: (name, body) =>
      it.inject({
        method: 'POST',
        url: `/invoices/${name}`,
        headers: { apikey: apiKey, secretkey: secretKey, 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      }),
  }
  const url = `/payofin/merchants/${merchantId}/top-ups`
  const raised = await nativeCalls(tenant).post(url, { amount: '100000.00' })
  expect(raised.status, JSON.stringify(raised.body)).toBe(201)
  return merchant
}

export const decimalOf = (minor: number, { currency }: House) => formatDecimal(minor, currency)
