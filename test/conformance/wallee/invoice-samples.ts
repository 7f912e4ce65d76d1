import {
  accountNumber,
  aLevel,
  newBundle,
  newFlow,
  newInvoice,
  newRefund,
  own,
  unique,
} from './invoices.ts'
import type { Sample } from './samples.ts'
import type { Client } from './sign.ts'

const idIn = (value: unknown): number =>
  typeof value === 'number' ? value : (value as { id: number }).id

async function firstOf(us: Client, path: string, query: string): Promise<number> {
  const { body } = await us.v2('GET', `${path}/search?query=${encodeURIComponent(query)}`)
  return body.data[0].id
}

/** How the generic tests come by invoices and all that goes with them. */
export const invoiceSamples: Readonly<Record<string, Sample>> = {
  TransactionInvoice: { make: async (us) => (await newInvoice(us)).id },
  TransactionInvoiceComment: {
    body: async (us) => ({ transactionInvoice: (await newInvoice(us)).id, content: 'Disputed' }),
    change: { content: 'Settled' },
    parent: (object) => idIn(object.transactionInvoice),
  },
  Refund: {
    body: async (us) => newRefund(us),
  },
  RefundComment: {
    body: async (us) => {
      const made = await us.v2('POST', '/payment/refunds', await newRefund(us))
      return { refund: made.body.id, content: 'Asked the bank' }
    },
    change: { content: 'The bank answered' },
    parent: (object) => idIn(object.refund),
  },
  DunningCase: { make: async (us) => (await aLevel(us)).caseId },
  DunningCaseLevel: { make: async (us) => (await aLevel(us)).id },
  DunningFlow: {
    make: async (us) => firstOf(us, '/payment/dunning-flows', `name:"${(await newFlow(us)).name}"`),
  },
  DunningFlowLevel: {
    async make(us) {
      const { name } = await newFlow(us)
      const flow = await firstOf(us, '/payment/dunning-flows', `name:"${name}"`)
      return firstOf(us, '/payment/dunning-flows/levels', `flow.id:${flow}`)
    },
  },
  ManualTask: {
    async make(us) {
      const title = `Look at it ${unique()}`
      const actions = ['Approve', 'Reject']
      await own(us, 'POST', '/tasks', { title, actions, dueAt: '2096-04-01T00:00:00.000Z' })
      const { body } = await us.v2('GET', '/manual-tasks?order=DESC&limit=1')
      return body.data[0].id
    },
  },
  SubscriptionLedgerEntry: {
    body: async (us) => ({
      subscriptionVersion: (await accountNumber(us)).number,
      externalId: `E-${unique()}`,
      amountIncludingTax: 12.5,
      quantity: 2,
      title: 'Storage',
      componentReferenceName: 'storage',
      subscriptionMetricId: 7,
      taxes: [{ title: 'VAT', rate: 8.1 }],
    }),
  },
  ChargeFlow: {
    make: async (us) => firstOf(us, '/payment/charge-flows', `name:"${(await newFlow(us)).name}"`),
  },
  ChargeFlowLevel: { make: async (us) => (await aLevel(us)).id },
  ChargeFlowLevelPaymentLink: {
    async make(us) {
      const { id, invoice } = await aLevel(us)
      await us.v1('GET', `/charge-flow/fetch-charge-flow-payment-page-url?id=${invoice.id}`)
      return id
    },
  },
  PaymentLink: {
    body: () =>
      Promise.resolve({
        externalId: `L-${unique()}`,
        name: 'Donation',
        currency: 'CHF',
        language: 'de-CH',
        protectionMode: 'NO_PROTECTION',
        availableFrom: '2026-01-01T00:00:00.000Z',
        availableUntil: '2026-12-31T00:00:00.000Z',
        billingAddressHandlingMode: 'REQUIRED_ON_PAYMENT_PAGE',
        shippingAddressHandlingMode: 'NOT_REQUIRED',
        maximalNumberOfTransactions: 10,
        state: 'ACTIVE',
        lineItems: [
          { uniqueId: '1', name: 'Gift', type: 'PRODUCT', quantity: 1, amountIncludingTax: 20 },
        ],
      }),
    change: { name: 'Membership', maximalNumberOfTransactions: 20 },
  },
  DocumentTemplate: {
    async make(us) {
      await newBundle(us)
      const { body } = await us.v2('GET', '/document-templates?order=DESC&limit=1')
      return body.data[0].id
    },
  },
}
