import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { formatDecimal, parseDecimal } from '../src/kernel/money.ts'
import { packageRoot } from '../src/platform/package-root.ts'
import { assertBooksBalance } from './invariants.ts'
import { type Answer, person, type TestTenant, world } from './world.ts'

const file = path.join(packageRoot(), '..', 'shared', 'data', 'accounts-receivable.csv')
const isThere = existsSync(file)
// Said by the name of the suite where there is nothing to run it on.
const skipped = isThere ? '' : ` (skipped: ${file} is not on this machine)`

const bookedTotal = '147703.18'
const dayMs = 24 * 60 * 60 * 1_000
const sequence = 'ORDERED_LEDGER_ENTRIES'

interface Invoice {
  readonly customer: string
  readonly number: string
  readonly amount: number
  readonly invoicedAt: number
  readonly dueOn: string
  readonly settledAt: number
  readonly isDisputed: boolean
}

/** The dates are M/D/YYYY, without a time. */
function dayOf(text: string): number {
  const [month, day, year] = text.split('/').map(Number)
  return Date.UTC(year!, month! - 1, day)
}

function readInvoices(): Invoice[] {
  const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true })
  return rows.map((row) => ({
    customer: row.customerID!,
    number: row.invoiceNumber!,
    amount: parseDecimal(row.InvoiceAmount!, 'USD'),
    invoicedAt: dayOf(row.InvoiceDate!),
    dueOn: new Date(dayOf(row.DueDate!)).toISOString().slice(0, 10),
    settledAt: dayOf(row.SettledDate!),
    isDisputed: row.Disputed === 'Yes',
  }))
}

interface Payment {
  readonly customer: string
  readonly amount: number
  readonly at: number
  readonly trackingId: string
}

/** Each invoice is paid on its day; a disputed one in two parts, the first rounded down. */
function paymentsOf(invoices: readonly Invoice[]): Payment[] {
  const payments = invoices.flatMap(({ customer, amount, settledAt, number, isDisputed }) => {
    const first = isDisputed ? Math.floor(amount / 2) : amount
    const parts = [first, amount - first].filter((part) => part > 0)
    return parts.map((part, index) => {
      return { customer, amount: part, at: settledAt, trackingId: `${number}/${index + 1}` }
    })
  })
  return payments.sort((a, b) => a.at - b.at)
}

const checkEvery = 100

/** The payments of one day make one request, cut where a check is due: a check sees exactly so many payments. */
function requestsOf(payments: readonly Payment[]): Payment[][] {
  const requests: Payment[][] = []
  for (const [index, payment] of payments.entries()) {
    const isCut = index % checkEvery === 0 || payments[index - 1]?.at !== payment.at
    if (isCut) requests.push([])
    requests.at(-1)?.push(payment)
  }
  return requests
}

const sum = (values: Iterable<number>) => {
  let total = 0
  for (const value of values) total += value
  return total
}

function expectDone(answer: Answer): void {
  expect(answer.status).toBe(200)
  for (const result of Object.values(answer.body)) expect(result).toMatchObject({ success: true })
}

describe.skipIf(!isThere)(
  `2,466 invoices of 100 customers, booked and paid through the public API${skipped}`,
  () => {
    const it = world()

    /** One account per customer, opened when the first invoice was written, one invoice entry per row. */
    async function load(tenant: TestTenant, invoices: readonly Invoice[]): Promise<void> {
      const customers = new Map<string, Invoice[]>()
      for (const invoice of invoices)
        customers.set(invoice.customer, [...(customers.get(invoice.customer) ?? []), invoice])
      expect(customers.size).toBe(100)
      const bodies = [...customers].map(([customer, own]) => [
        customer,
        {
          currency: 'USD',
          debtors: [person(`D-${customer}`)],
          ledgerEntries: own.map(({ number, amount, dueOn, invoicedAt }) => ({
            ledgerEntryReference: number,
            invoiceDetails: { amount, dueDate: dueOn, createdAt: invoicedAt },
            context: {},
          })),
        },
      ])
      expectDone(await tenant.post('create_accounts', Object.fromEntries(bodies)))
    }

    async function outstandingOf(tenant: TestTenant): Promise<Map<string, number>> {
      const { rows } = await it.database.ownerPool.query<{ customer: string; outstanding: number }>(
        `select reference as customer, outstanding_minor as outstanding from quittance.account where tenant_id = $1`,
        [tenant.tenantId],
      )
      return new Map(rows.map(({ customer, outstanding }) => [customer, outstanding]))
    }

    test('every cent is booked, every invoice ends paid, and what is owed is exact after every hundredth payment', async () => {
      const tenant = await it.tenant()
      const invoices = readInvoices()
      expect(formatDecimal(sum(invoices.map(({ amount }) => amount)), 'USD')).toBe(bookedTotal)
      it.now = new Date(Math.min(...invoices.map(({ invoicedAt }) => invoicedAt)))
      await load(tenant, invoices)

      const left = new Map<string, number>()
      for (const { customer, amount } of invoices)
        left.set(customer, (left.get(customer) ?? 0) + amount)
      expect(await outstandingOf(tenant)).toEqual(left)

      const payments = paymentsOf(invoices)
      expect(payments.length).toBeGreaterThan(invoices.length)
      let steps = 0
      const checkedAt: number[] = []
      for (const request of requestsOf(payments)) {
        it.now = new Date(request[0]!.at + dayMs / 2)
        expectDone(await tenant.post('match_account_payment', request.map(paymentBody)))
        for (const { customer, amount } of request) left.set(customer, left.get(customer)! - amount)
        steps += request.length
        if (steps % checkEvery !== 0) continue
        expect(await outstandingOf(tenant)).toEqual(left)
        checkedAt.push(steps)
      }
      expect(steps).toBe(payments.length)
      const checks = Math.floor(payments.length / checkEvery)
      expect(checkedAt).toEqual(
        Array.from({ length: checks }, (_, index) => (index + 1) * checkEvery),
      )
      expect(new Set((await outstandingOf(tenant)).values())).toEqual(new Set([0]))

      await expectClaimsPaid(tenant, invoices)
      await expectLedger(tenant, payments)
      await assertBooksBalance(it.database.ownerPool)
    }, 120_000)

    async function expectClaimsPaid(
      tenant: TestTenant,
      invoices: readonly Invoice[],
    ): Promise<void> {
      const { rows } = await it.database.ownerPool.query(
        `select status, resolution_reason as reason, count(*)::int as claims from quittance.claim
       where tenant_id = $1 group by 1, 2`,
        [tenant.tenantId],
      )
      expect(rows).toEqual([{ status: 'RESOLVED', reason: 'CLAIM_PAID', claims: invoices.length }])
      const [{ customer }] = invoices as [Invoice]
      const shown = await tenant.get('get_account_claims', `accountReference=${customer}`)
      const own = invoices.filter((invoice) => invoice.customer === customer)
      expect(shown.body).toHaveLength(own.length)
      for (const claim of shown.body)
        expect(claim).toMatchObject({ status: 'RESOLVED', amount: 0, totalFees: 0 })
    }

    /** Debits are credits, over all ledger accounts: what came in as cash is what was revenue, and no item keeps a cent. */
    async function expectLedger(tenant: TestTenant, payments: readonly Payment[]): Promise<void> {
      const { rows } = await it.database.ownerPool.query<{
        account: string
        debits: number
        credits: number
      }>(
        `select case when name like 'item:%' then 'items' else name end as account,
         sum(leg.debit)::bigint as debits, sum(leg.credit)::bigint as credits
       from quittance.entry e, lateral (values (e.debit, e.amount_minor, 0), (e.credit, 0, e.amount_minor))
         as leg (name, debit, credit)
       where tenant_id = $1 group by 1 order by 1`,
        [tenant.tenantId],
      )
      const total = parseDecimal(bookedTotal, 'USD')
      expect(sum(payments.map(({ amount }) => amount))).toBe(total)
      expect(rows).toEqual([
        { account: 'cash:USD', debits: total, credits: 0 },
        { account: 'items', debits: total, credits: total },
        { account: 'revenue', debits: 0, credits: total },
      ])
      const { rows: uneven } = await it.database.ownerPool.query(
        `select account_id, name, sum(amount) from quittance.entry e,
         lateral (values (e.debit, e.amount_minor), (e.credit, -e.amount_minor)) as leg (name, amount)
       where tenant_id = $1 and name like 'item:%' group by 1, 2 having sum(amount) <> 0`,
        [tenant.tenantId],
      )
      expect(uneven).toEqual([])
    }
  },
)

function paymentBody({ customer, amount, trackingId }: Payment) {
  return {
    accountReference: customer,
    currency: 'USD',
    totalAmount: amount,
    matchStrategy: sequence,
    providerName: 'bank',
    trackingId,
  }
}
