import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import {
  cash,
  type Client,
  clientOf,
  type Loose,
  openAccount,
  payWhole,
  postInvoice,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

/** One act on account A, by whichever door; `pick` chooses among what there is. */
type Act =
  | { kind: 'invoice'; amount: number; day: number }
  | { kind: 'create'; amount: number; isDraft: boolean; pick: number | null }
  | { kind: 'post' | 'reject' | 'cancel' | 'payInvoice' | 'payBill' | 'chargeback'; pick: number }
  | { kind: 'bill'; pick: number }
  | { kind: 'receevePayment' | 'receeveMatch' | 'discount'; amount: number; pick: number }

const amount = fc.integer({ min: 1, max: 5_000 })
const pick = fc.nat(20)
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('invoice' as const),
    amount,
    day: fc.integer({ min: 10, max: 28 }),
  }),
  fc.record({
    kind: fc.constant('create' as const),
    amount,
    isDraft: fc.boolean(),
    pick: fc.option(pick),
  }),
  fc.record({
    kind: fc.constantFrom(
      'post',
      'reject',
      'cancel',
      'cancel',
      'payInvoice',
      'payBill',
      'chargeback' as const,
    ),
    pick,
  }) as fc.Arbitrary<Act>,
  fc.record({ kind: fc.constant('bill' as const), pick }),
  fc.record({
    kind: fc.constantFrom('receevePayment', 'receeveMatch', 'discount') as fc.Arbitrary<'discount'>,
    amount,
    pick,
  }),
)

interface Model {
  readonly client: Client
  readonly payments: string[]
  readonly invoices: string[]
  bills: number
  count: number
}

const at = <T>(list: readonly T[], index: number): T | undefined =>
  list[index % Math.max(1, list.length)]

/** Whether it is done or refused is the server's business here; that the books hold after it is ours. */
async function perform(model: Model, one: Act): Promise<void> {
  const { client } = model
  const { tenant } = client
  model.count += 1
  const name = `N${model.count}`
  const entry = (more: Record<string, unknown>) =>
    tenant.post('add_account_ledger_entries', [
      { accountReference: 'A', ledgerEntryReference: name, ...more },
    ])
  switch (one.kind) {
    case 'invoice':
      await postInvoice(tenant, 'A', [name, one.amount, `2026-03-${one.day}`])
      model.invoices.push(name)
      return
    case 'create': {
      const invoice = one.pick === null ? undefined : at(model.invoices, one.pick)
      const named = invoice
        ? { invoices_to_pay_set: [{ invoice_identifier: { number: invoice } }] }
        : {}
      const state = { life_cycle_state: one.isDraft ? 'DRAFT' : 'POSTED' }
      const made = await client.ok(
        'payments/create',
        cash('A', one.amount / 100, { ...named, ...state }),
      )
      model.payments.push(made.id)
      return
    }
    case 'post':
    case 'reject':
    case 'cancel':
      await client.post(`payments/${one.kind}`, {
        payment_identifier: { id: at(model.payments, one.pick) ?? 'none' },
        ...(one.kind === 'cancel' ? { type_identifier: { name: 'Payment Cancellation' } } : {}),
      })
      return
    case 'payInvoice':
    case 'payBill': {
      const what =
        one.kind === 'payBill'
          ? { bill_identifier: { number: String((one.pick % Math.max(1, model.bills)) + 1) } }
          : { invoice_identifier: { number: at(model.invoices, one.pick) ?? 'none' } }
      const method = one.kind === 'payBill' ? 'pay_bill' : 'pay_invoice'
      const answer = await client.post(`payments/${method}`, payWhole('A', what))
      if (answer.body.data !== null) model.payments.push(answer.body.data.id)
      return
    }
    case 'bill': {
      const invoice = at(model.invoices, one.pick)
      if (invoice === undefined) return
      const period = { fromDate: '2026-02-01', toDate: '2026-02-28' }
      const answer = await tenant.call({
        method: 'POST',
        url: '/q/v1/crm/bills',
        payload: { accountReference: 'A', ...period, invoices: [invoice] },
      })
      if (answer.status === 201) model.bills += 1
      return
    }
    case 'chargeback': {
      const account = await tenant.get('get_account', 'accountReference=A')
      const paid: Loose[] = account.body.ledgerEntries.filter(
        (booked: Loose) => booked.paymentDetails,
      )
      const target = at(paid, one.pick)
      if (!target) return
      await entry({
        chargebackDetails: { amount: Math.ceil(target.paymentDetails.amount / 2) },
        context: { ledgerEntryReference: target.ledgerEntryReference },
      })
      return
    }
    case 'receevePayment':
    case 'discount': {
      const invoice = at(model.invoices, one.pick)
      if (one.kind === 'discount' && invoice === undefined) return
      const details = one.kind === 'discount' ? 'discountDetails' : 'paymentDetails'
      const context = invoice === undefined ? {} : { ledgerEntryReference: invoice }
      await entry({ [details]: { amount: one.amount }, context })
      return
    }
    case 'receeveMatch':
      await tenant.post('match_account_payment', [
        {
          accountReference: 'A',
          currency: 'EUR',
          totalAmount: one.amount,
          matchStrategy: 'ORDERED_LEDGER_ENTRIES',
        },
      ])
  }
}

const cents = (value: number) => Math.round(value * 100)

async function assertAgreement(model: Model): Promise<void> {
  const { client } = model
  const query = { accounts_receivable_identifier: 'number=A' }
  const account = await client.read('accounts_receivable/show', query)
  const invoices: Loose[] = await client.read('invoices/list', query)
  const payments: Loose[] = await client.read('payments/list', query)
  const { rows } = await it.database.ownerPool.query(
    `select coalesce(sum(e.effect * e.amount_minor), 0)::int as entries, max(a.credit_minor)::int as credit,
       max(a.outstanding_minor)::int as outstanding from quittance.account a
     left join quittance.entry e on e.tenant_id = a.tenant_id and e.account_id = a.account_id
     where a.tenant_id = $1 and a.reference = 'A'`,
    [client.tenant.tenantId],
  )
  const [books] = rows
  // The balance is what the entries make it, at whichever door one looks.
  expect(cents(account.balance)).toBe(books.entries)
  expect(books.outstanding - books.credit).toBe(books.entries)
  const receeve = await client.tenant.get('get_account_claims', 'accountReference=A')
  const owed = Object.fromEntries(
    receeve.body.map((claim: Loose) => [claim.claimReference, claim.amount + claim.totalFees]),
  )
  for (const invoice of invoices) {
    expect(invoice.unsettled_amount).toBeGreaterThanOrEqual(0)
    expect(cents(invoice.unsettled_amount)).toBe(owed[invoice.number])
  }
  // Every payment holds what it says, on items and as credit, less what was charged back; a cancelled one nothing.
  const held = await it.database.ownerPool.query(
    `select p.state, p.number, p.amount_minor::int as amount, p.credit_minor::int as credit,
       coalesce(sum(e.amount_minor), 0)::int as booked,
       coalesce(sum((select sum(c.amount_minor) from quittance.entry c where c.tenant_id = e.tenant_id
         and c.account_id = e.account_id and c.kind = 'chargeback'
         and c.context ->> 'ledgerEntryReference' = e.reference)), 0)::int as back
     from quittance.crm_payment p
     left join quittance.entry e on e.tenant_id = p.tenant_id and e.account_id = p.account_id and e.reference = any(p.entries)
     where p.tenant_id = $1 and p.classification = 'PAYMENT' group by p.tenant_id, p.payment_id`,
    [client.tenant.tenantId],
  )
  for (const payment of held.rows) {
    const isBooked = payment.state === 'POSTED' || payment.state === 'CANCELLED'
    const holds = payment.booked - payment.back
    expect(payment.number !== null).toBe(isBooked)
    expect(holds).toBeGreaterThanOrEqual(0)
    expect(holds).toBeLessThanOrEqual(payment.amount)
    if (payment.state !== 'POSTED') expect(holds).toBe(0)
    expect(payment.credit).toBeLessThanOrEqual(payment.amount)
  }
  expect(held.rows).toHaveLength(payments.length)
}

test('whatever happens on an account by either door, its books hold and both doors agree on what is owed', async () => {
  const acts = fc.array(act, { minLength: 5, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(acts, async (sequence) => {
      const tenant = await it.tenant()
      await openAccount(tenant, { reference: 'A' })
      const client = await clientOf(it, tenant)
      const model: Model = { client, payments: [], invoices: [], bills: 0, count: 0 }
      for (const one of sequence) await perform(model, one)
      await assertAgreement(model)
    }),
    { numRuns: 15, endOnFailure: true },
  )
}, 240_000)
