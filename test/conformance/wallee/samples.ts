import { expect } from 'vitest'
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
}
