import { expect } from 'vitest'
import { nativeOperations } from '../../src/faces/native/face.ts'
import type { TestTenant } from '../world.ts'

type Fields = Record<string, unknown>

const document = { paths: { main: [{ id: 'a', type: 'webhook', name: 'a' }] } }
const words = { fallbackLanguage: 'en', languages: { en: { subject: 'S', text: 'T' } } }

/**
 * For each path below which things of one's own have addresses, a body that makes one on the books of `seedBooks`. `{…}`
 * stands for what was made before it.
 */
const samples: Readonly<Record<string, (marker: string) => Fields>> = {
  '/webhooks': () => ({ url: 'https://example.com/hook', eventTypes: ['event.claim.created'] }),
  '/agencies': (name) => ({ name }),
  '/plan-definitions': (name) => ({
    name,
    terms: {
      currency: 'EUR',
      instalments: [3],
      interval: { unit: 'MONTH', count: 1 },
      firstDueWithinDays: 14,
    },
  }),
  '/tasks': (title) => ({ title }),
  '/send-rules': (note) => ({
    kind: 'contact_cap',
    value: { max: 3, days: 7 },
    note,
    validFrom: '2026-03-10',
  }),
  '/bundles': (name) => ({ name, channel: 'email', ...words }),
  '/journeys': (name) => ({ name, document }),
  '/reactions': (name) => ({
    name,
    when: { event: 'event.claim.created' },
    actions: [{ type: 'createTask', kind: 'CALL', title: name }],
  }),
  '/disputes': (text) => ({ claimReference: 'CLAIM', reason: 'NOT_MINE', text }),
  '/messages': () => ({ claimReference: 'CLAIM', channel: 'email', bundleId: '{/bundles}' }),
  '/payments': (description) => ({
    claims: [{ reference: 'CLAIM', amountMinor: 100 }],
    returnUrl: 'https://example.com/',
    description,
  }),
  '/claims/CLAIM/plans': () => ({
    definitionId: '{/plan-definitions}',
    instalments: 3,
    firstDueOn: '2026-03-20',
  }),
  '/crm/types': (name) => ({ name, classification: 'PAYMENT' }),
  '/crm/categories': (name) => ({ name }),
  '/crm/payment-methods': (name) => ({ name }),
  '/crm/rejection-reasons': (name) => ({ name }),
  '/crm/units': (name) => ({ name }),
  '/crm/users': (name) => ({ name }),
  '/crm/cards': () => ({
    debtorReference: 'D',
    paymentGatewayReferenceNumber: 'G',
    lastDigits: '4242',
  }),
  '/crm/bills': () => ({
    accountReference: 'ACC',
    fromDate: '2026-01-01',
    toDate: '2026-01-31',
    invoices: ['INV'],
  }),
  '/payofin/merchants': (name) => ({ name }),
  '/payofin/institutions': (name) => ({ sootCode: 77, name }),
}

// Made at one address, to be found at another.
const homes: Readonly<Record<string, string>> = { '/claims/CLAIM/plans': '/plans' }

/** Has a tenant make one thing of each kind, and answers by its path what the thing is called. */
export async function makeOfAll(tenant: TestTenant, marker: string): Promise<Map<string, string>> {
  const made = new Map<string, string>()
  for (const [path, sampleOf] of Object.entries(samples)) {
    const text = JSON.stringify(filled(sampleOf(marker), made))
    const answer = await tenant.call({
      method: 'POST',
      url: `/q/v1${path}`,
      headers: { 'content-type': 'application/json' },
      payload: text,
    })
    const isMade = answer.status < 300
    expect({ path, isMade, body: isMade || answer.body }).toMatchObject({ isMade: true })
    const { id, paymentId, merchantId, sootCode, user } = answer.body
    const name: unknown = id ?? paymentId ?? merchantId ?? sootCode ?? user?.id
    made.set(homes[path] ?? path, String(name))
  }
  return made
}

function filled(sample: Fields, made: ReadonlyMap<string, string>): Fields {
  const text = JSON.stringify(sample)
  const named = text.replaceAll(/\{(\/[\w-]+)\}/g, (_whole, of: string) => made.get(of) ?? of)
  return JSON.parse(named) as Fields
}

/** The samples by their paths, where these things were made before. */
export const sampleBodies = (made: ReadonlyMap<string, string>, marker: string) =>
  Object.entries(samples).map(([path, sampleOf]) => [path, filled(sampleOf(marker), made)] as const)

/** The operations on one thing of these kinds, with the path of its kind. */
export function operationsOn(kinds: readonly string[]) {
  return nativeOperations.flatMap((operation) => {
    const kind = kinds.find((path) => operation.path.startsWith(`${path}/{`))
    return kind === undefined ? [] : [{ operation, kind }]
  })
}

/** The kinds of things that tenants make by themselves. */
export const kinds = Object.keys(samples).map((path) => homes[path] ?? path)
