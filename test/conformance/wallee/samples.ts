import { expect } from 'vitest'
import { invoiceSamples } from './invoice-samples.ts'
import type { Client } from './sign.ts'

type Json = Record<string, any>

/** How the generic tests come by an object of an entity, and what they change of it. */
export interface Sample {
  /** The body of a create; a fresh one each time. */
  body?(us: Client): Promise<Json>
  /** Where an object comes to be in another way than by create: its id. */
  make?(us: Client): Promise<number>
  /** What an update sets. */
  readonly change?: Json
  /** The parameter of the parent in the path of version 2, from a shown object. */
  parent?(object: Json): number
}

let count = 0
const unique = () => `${Date.now().toString(36)}-${(count += 1)}`

async function newCustomer(us: Client): Promise<number> {
  const made = await us.v2('POST', '/customers', { customerId: `C-${unique()}` })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body.id
}

export async function homeAccount(us: Client): Promise<number> {
  const { body } = await us.v2('GET', '/accounts')
  return body.data[0].id
}

let urlCount = 0
async function newWebhookUrl(us: Client): Promise<number> {
  urlCount += 1
  const made = await us.v2('POST', '/webhooks/urls', { url: `https://example.com/${urlCount}` })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body.id
}

const idOf = (value: unknown): number =>
  typeof value === 'number' ? value : (value as { id: number }).id

/** By the name of the model. An entity that can be written needs a line here. */
export const samples: Readonly<Record<string, Sample>> = {
  Customer: {
    body: () =>
      Promise.resolve({
        customerId: `C-${unique()}`,
        emailAddress: 'anna@example.com',
        familyName: 'Muster',
        givenName: 'Anna',
        language: 'de-CH',
        preferredCurrency: 'CHF',
        metaData: { source: 'test' },
      }),
    change: { familyName: 'Neu', metaData: { source: 'changed' } },
  },
  CustomerAddress: {
    body: async (us) => ({
      customer: await newCustomer(us),
      addressType: 'BILLING',
      address: { city: 'Zürich', country: 'CH', street: 'Weg 1', dateOfBirth: '1980-05-06' },
    }),
    change: { addressType: 'SHIPPING' },
    parent: (object) => idOf(object.customer),
  },
  CustomerComment: {
    body: async (us) => ({ customer: await newCustomer(us), content: 'Called, nobody there' }),
    change: { content: 'Called again' },
    parent: (object) => idOf(object.customer),
  },
  Space: {
    body: async (us) => ({
      account: await homeAccount(us),
      name: `Space ${unique()}`,
      primaryCurrency: 'CHF',
      requestLimit: 1_000,
      timeZone: 'Europe/Zurich',
      technicalContactAddresses: ['ops@example.com'],
      postalAddress: { city: 'Bern', country: 'CH' },
    }),
    change: { name: 'Renamed', timeZone: 'Europe/Paris' },
  },
  Account: {
    body: () => Promise.resolve({ name: `Account ${unique()}`, scope: 1, subaccountLimit: 3 }),
    change: { name: 'Renamed' },
  },
  ApplicationUser: {
    body: async (us) => ({
      name: `User ${unique()}`,
      primaryAccount: await homeAccount(us),
      requestLimit: 500,
      state: 'ACTIVE',
    }),
    change: { name: 'Renamed' },
  },
  HumanUser: {
    body: () =>
      Promise.resolve({
        emailAddress: `${unique()}@example.com`,
        firstname: 'Ada',
        lastname: 'Byron',
        language: 'en-GB',
        timeZone: 'Europe/London',
        mobilePhoneNumber: '+41790000000',
        twoFactorEnabled: true,
        state: 'ACTIVE',
      }),
    change: { lastname: 'Lovelace' },
  },
  SingleSignOnUser: {
    body: () => Promise.resolve({ firstname: 'Grace', lastname: 'Hopper', provider: 7 }),
    change: { lastname: 'Murray' },
  },
  Role: {
    body: async (us) => ({
      account: await homeAccount(us),
      name: { 'en-US': 'Clerk' },
      description: { 'en-US': 'Works with customers' },
      permissions: [{ id: 1_400_000_000_011 }],
      twoFactorRequired: false,
    }),
    change: { name: { 'en-US': 'Chief clerk' } },
  },
  WebhookUrl: {
    body: () => Promise.resolve({ name: 'Shop', url: 'https://example.com/hook', state: 'ACTIVE' }),
    change: { name: 'Renamed', url: 'https://example.com/other', state: 'INACTIVE' },
  },
  WebhookListener: {
    body: async (us) => ({
      name: 'Customers',
      entity: 1_450_000_000_004,
      entityStates: ['ACTIVE'],
      notifyEveryChange: true,
      state: 'ACTIVE',
      url: await newWebhookUrl(us),
    }),
    change: { name: 'Renamed', notifyEveryChange: false, state: 'INACTIVE' },
  },
  DebtCollectionCase: {
    body: () =>
      Promise.resolve({
        reference: `R-${unique()}`,
        externalId: `X-${unique()}`,
        currency: 'CHF',
        contractDate: '2026-01-02T03:04:05.678Z',
        dueDate: '2026-02-01T00:00:00.000Z',
        environment: 'TEST',
        language: 'de-CH',
        spaceViewId: 7,
        billingAddress: { city: 'Bern', country: 'CH', dateOfBirth: '1980-05-06' },
        lineItems: [],
      }),
    change: { language: 'fr-CH', spaceViewId: 8 },
  },
  DebtCollector: {
    async make(us) {
      const name = `Agency ${unique()}`
      const made = await us.tenant.call({
        method: 'POST',
        url: '/q/v1/agencies',
        payload: { name },
      })
      expect(made.status).toBe(201)
      const query = encodeURIComponent(`name.en-US:"${name}"`)
      const found = await us.v2('GET', `/debt-collection/collectors/search?query=${query}`)
      return found.body.data[0].id
    },
  },
  DebtCollectorConfiguration: {
    body: async (us) => {
      const found = await us.v2('GET', '/debt-collection/collectors')
      return {
        collector: found.body.data[0].id,
        name: `Configuration ${unique()}`,
        priority: 3,
        skipReviewEnabled: true,
        enabledSpaceViews: [7, 8],
        conditions: [{ id: 1_400_000_300_401 }],
        state: 'ACTIVE',
      }
    },
    change: { name: 'Renamed', priority: 4 },
  },
  ...invoiceSamples,
}
