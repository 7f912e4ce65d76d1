import { expect } from 'vitest'
import { nativeCalls } from '../native-calls.ts'
import { type TestTenant, type World } from '../world.ts'
import { makeOfAll } from './native-samples.ts'

type Fields = Record<string, unknown>

/** Books of `seedBooks` with one thing of each kind that a tenant makes. */
export interface Given {
  readonly it: World
  readonly tenant: TestTenant
  readonly made: ReadonlyMap<string, string>
  /** Calls our own door and insists that it is done. */
  readonly call: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<any>
}

/** What is sent: the names that its path asks for, where they are not those of what was made, and a body. */
interface Sample {
  readonly names?: readonly (string | number)[]
  readonly body?: Fields | string
  readonly query?: string
}

type SampleOf = (given: Given) => Sample | Promise<Sample>

const agency = 'own'
const other = 'Other'
const plain = () => ({})
const changed = () => ({ body: { name: 'Changed' } })
const added = () => ({ body: { name: other } })
const ofInvoice = (body?: Fields) => () => ({ names: ['INV'], ...(body ? { body } : {}) })

export async function given(it: World, tenant: TestTenant): Promise<Given> {
  const calls = nativeCalls(tenant)
  const made = await makeOfAll(tenant, agency)
  return {
    it,
    tenant,
    made,
    async call(method, path, body) {
      const answer = await (method === 'GET' ? calls.get(path) : calls.post(path, body))
      const isDone = answer.status < 300
      expect({ path, isDone, body: isDone || answer.body }).toMatchObject({ isDone: true })
      return answer.body
    },
  }
}

const placed = async ({ call }: Given) => call('POST', '/claims/CLAIM/placement', { agency })

async function settledPayment({ it, call }: Given): Promise<string> {
  const claims = [{ reference: 'CLAIM', amountMinor: 100 }]
  const { paymentId, redirectUrl } = await call('POST', '/payments', { claims, returnUrl: '/x' })
  const paid = await it.inject({
    method: 'POST',
    url: new URL(redirectUrl).pathname,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'outcome=pay&card=5555555555554444',
  })
  expect(paid.status).toBe(303)
  return paymentId
}

/** What a merchant collected of a debt in Turkey. */
async function collectedPayment({ it, tenant, call }: Given): Promise<number> {
  const { merchantId, apiKey, secretKey } = tenant.payofin
  const ask = async (url: string, body: Fields) => {
    const headers = { apikey: apiKey, secretkey: secretKey, 'content-type': 'application/json' }
    return (await it.inject({ method: 'POST', url, headers, payload: JSON.stringify(body) })).body
  }
  const invoice = { amount: 10_000, dueDate: '2026-03-20' }
  const debtor = { firstName: 'A', lastName: 'B', contactInformation: { country: 'TR' } }
  await tenant.post('create_accounts', {
    SUB: {
      currency: 'TRY',
      debtors: [{ debtorReference: 'D-SUB', ...debtor }],
      ledgerEntries: [{ ledgerEntryReference: 'FAT', invoiceDetails: invoice, context: {} }],
    },
  })
  await call('POST', `/payofin/merchants/${merchantId}/top-ups`, { amount: '1000.00' })
  const asked = { sootCode: 1, subscriberNo: 'SUB', additionalNo: '', firmRefNo: '1' }
  const { invoiceList } = await ask('/invoices/invoicequery', asked)
  const { invoiceQueryId } = invoiceList[0]
  const paid = await ask('/invoices/invoicepayment', { invoiceQueryId })
  return paid.payofinPaymentDetails.invoicePaymentId
}

/** `INV-2`, on the account of `INV`. */
async function postInvoice(tenant: TestTenant): Promise<void> {
  const invoiceDetails = { amount: 100, dueDate: '2026-01-31' }
  const entry = { ledgerEntryReference: 'INV-2', invoiceDetails, context: {} }
  const booked = await tenant.post('add_account_ledger_entries', [
    { accountReference: 'ACC', ...entry },
  ])
  expect(booked.body['ACC']).toMatchObject({ success: true })
}

const document = { paths: { main: [{ id: 'a', type: 'wait', days: 3 }] } }
const words = { fallbackLanguage: 'en', languages: { en: { subject: 'S', text: 'T' } } }
const terms = {
  currency: 'EUR',
  instalments: [3],
  interval: { unit: 'MONTH', count: 1 },
  firstDueWithinDays: 14,
}

async function onJourney({ made, call }: Given): Promise<void> {
  const journeyId = made.get('/journeys') ?? ''
  await call('POST', `/journeys/${journeyId}/versions`, { document })
  await call('POST', '/claims/CLAIM/journey/start', { journeyId })
}

/** For each write of our own door a request that does something, once. */
const samples: Readonly<Record<string, SampleOf>> = {
  'claims.delete': ofInvoice(),
  'webhooks.create': () => ({ body: { url: 'https://example.com/', eventTypes: ['*'] } }),
  'webhooks.change': () => ({ body: { isActive: false } }),
  'webhooks.delete': plain,
  async 'webhooks.redeliver'({ made, tenant, call }) {
    const id = made.get('/webhooks') ?? ''
    await postInvoice(tenant)
    const deliveries = async () => (await call('GET', `/webhooks/${id}/deliveries`)).items
    await expect
      .poll(async () => (await deliveries()).length, { timeout: 30_000 })
      .toBeGreaterThan(0)
    return { names: [id, (await deliveries())[0].messageId] }
  },
  'webhookKeys.rotate': plain,
  'test-clock.advance': () => ({ body: { days: 10 } }),
  'tenant.change': changed,
  'payments.start': () => ({
    body: { claims: [{ reference: 'CLAIM', amountMinor: 100 }], returnUrl: 'https://example.com/' },
  }),
  'payments.refresh': async (given) => ({ names: [await settledPayment(given)] }),
  async 'payments.disputeInSandbox'(given) {
    const paymentId = await settledPayment(given)
    await given.call('POST', `/payments/${paymentId}/refresh`)
    return { names: [paymentId] }
  },
  'paymentProviders.set': () => ({ body: { name: 'sandbox' } }),
  async 'paymentProviders.remove'({ call }) {
    await call('POST', '/payment-providers', { name: 'sandbox' })
    return { names: ['sandbox'] }
  },
  'bundles.create': () => ({ body: { name: other, channel: 'email', ...words } }),
  'bundles.addVersion': () => ({ body: words }),
  async 'bundles.delete'({ call }) {
    const { id } = await call('POST', '/bundles', { name: other, channel: 'email', ...words })
    return { names: [id] }
  },
  'agencies.create': added,
  'agencies.change': () => ({ body: { isActive: false } }),
  'agencies.delete': plain,
  async 'agencies.collect'(given) {
    await placed(given)
    return { body: 'claimReference,amount,currency,externalId\nCLAIM,1.50,EUR,X-1\n' }
  },
  'claims.place': () => ({ body: { agency } }),
  async 'claims.recall'(given) {
    await placed(given)
    return {}
  },
  async 'claims.closePlacement'(given) {
    await placed(given)
    return { body: { reason: 'FRAUDULENT' } }
  },
  async 'claims.reportPlacement'(given) {
    await placed(given)
    return { body: { externalStatus: 'CALLED' } }
  },
  'planDefinitions.create': () => ({ body: { name: other, terms } }),
  'planDefinitions.change': () => ({ body: { isActive: false } }),
  'planDefinitions.delete': plain,
  'claims.acceptPlan': ({ made }) => ({
    names: ['INV'],
    body: {
      definitionId: made.get('/plan-definitions'),
      instalments: 3,
      firstDueOn: '2026-03-20',
    },
  }),
  'plans.cancel': () => ({ body: {} }),
  'reactions.create': () => ({
    body: {
      name: other,
      when: { event: 'event.claim.created' },
      actions: [{ type: 'createTask', kind: 'CALL', title: other }],
    },
  }),
  'reactions.change': () => ({ body: { isActive: false } }),
  'reactions.delete': plain,
  'tasks.create': () => ({ body: { title: other } }),
  'tasks.change': () => ({ body: { title: other } }),
  'tasks.complete': () => ({ body: {} }),
  'crmTypes.create': () => ({ body: { name: other, classification: 'PAYMENT' } }),
  'crmTypes.change': changed,
  'crmTypes.delete': plain,
  'crmCategories.create': added,
  'crmCategories.change': changed,
  'crmCategories.delete': plain,
  'crmMethods.create': added,
  'crmMethods.change': changed,
  'crmMethods.delete': plain,
  'crmReasons.create': added,
  'crmReasons.change': changed,
  'crmReasons.delete': plain,
  'crmUnits.create': added,
  'crmUnits.change': changed,
  'crmUnits.delete': plain,
  'crmUsers.create': added,
  'crmUsers.change': () => ({ body: { personName: other } }),
  'crmUsers.delete': plain,
  'crmWebApiKeys.create': plain,
  async 'crmBills.create'({ tenant }) {
    await postInvoice(tenant)
    const period = { fromDate: '2026-01-01', toDate: '2026-01-31' }
    return { body: { accountReference: 'ACC', ...period, invoices: ['INV-2'] } }
  },
  'crmCards.create': () => ({
    body: { debtorReference: 'D', paymentGatewayReferenceNumber: 'G-2', lastDigits: '4343' },
  }),
  'crmCards.delete': plain,
  'crmSequences.move': () => ({ names: ['PAYMENT'], body: { lastNumber: 100 } }),
  'payofin.institutions.create': () => ({ body: { sootCode: 78, name: other } }),
  'payofin.institutions.change': changed,
  'payofin.merchants.create': added,
  'payofin.merchants.change': changed,
  'payofin.merchants.top-up': () => ({ body: { amount: '10.00' } }),
  'payofin.commissions.set': ({ made }) => ({
    body: {
      merchantId: Number(made.get('/payofin/merchants')),
      sootCode: 77,
      commissionMinor: 1,
      profitMinor: 1,
    },
  }),
  'payofin.payments.cancel': async (given) => ({ names: [await collectedPayment(given)] }),
  'disputes.open': () => ({ body: { claimReference: 'INV', reason: 'NOT_MINE' } }),
  'disputes.close': () => ({ body: { outcome: 'REJECTED' } }),
  'messages.create': ({ made }) => ({
    body: { claimReference: 'CLAIM', channel: 'email', bundleId: made.get('/bundles') },
  }),
  async 'messages.bounce'({ it, made }) {
    const messageId = made.get('/messages')
    // As the worker leaves it that handed it to a mail server.
    await it.database.ownerPool.query(
      `update quittance.message set status = 'SENT', sent_at = created_at where message_id = $1`,
      [messageId],
    )
    return { body: { messageId, kind: 'hard' } }
  },
  'journeys.create': () => ({ body: { name: other, document } }),
  'journeys.delete': plain,
  'journeys.addVersion': () => ({ body: { document } }),
  'journeys.assign': () => ({ body: { default: true } }),
  async 'journeys.unassign'({ made, call }) {
    await call('POST', `/journeys/${made.get('/journeys')}/assignments`, { default: true })
    return {}
  },
  async 'claimJourney.pause'(given) {
    await onJourney(given)
    return { body: {} }
  },
  'claimJourney.resume': ofInvoice(),
  async 'claimJourney.stop'(given) {
    await onJourney(given)
    return { body: {} }
  },
  'claimJourney.start': ({ made }) => ({ body: { journeyId: made.get('/journeys') } }),
  async 'claimJourney.move'(given) {
    await onJourney(given)
    return { body: { version: 1, step: 'a' } }
  },
  'contacts.setPreference': () => ({
    names: ['D'],
    body: { channel: 'email', preference: 'denied' },
  }),
  'suppressedAddresses.add': () => ({ body: { channel: 'email', address: 'x@example.com' } }),
  async 'suppressedAddresses.release'({ call }) {
    await call('POST', '/suppressed-addresses', { channel: 'email', address: 'x@example.com' })
    return { names: ['email', 'x@example.com'] }
  },
  'sendRules.create': () => ({
    body: {
      kind: 'contact_cap',
      value: { max: 3, days: 7 },
      note: other,
      validFrom: '2026-03-10',
    },
  }),
  'sendRules.delete': plain,
}

/** A request of this operation, after what it needs was made. */
export async function writeOf(given: Given, { id, path }: { id: string; path: string }) {
  const sampleOf = samples[id]
  if (!sampleOf) throw new Error(`${id} has no sample request in ${import.meta.url}`)
  const { names, body, query } = await sampleOf(given)
  const kind = path.slice('/q/v1'.length, Math.max(0, path.indexOf('/{')))
  const rest = [...(names ?? [kind === '/claims' ? 'CLAIM' : (given.made.get(kind) ?? '')])]
  const named = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? ''))
  const type = typeof body === 'string' ? 'text/csv' : 'application/json'
  return {
    url: query === undefined ? named : `${named}?${query}`,
    ...(body === undefined
      ? {}
      : {
          headers: { 'content-type': type },
          payload: typeof body === 'string' ? body : JSON.stringify(body),
        }),
  }
}

export const sampled: readonly string[] = Object.keys(samples)
