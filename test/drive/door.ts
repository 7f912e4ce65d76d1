import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { friendlyDunning, strategyBundles } from '../../src/demo/index.ts'
import { tokenFor } from '../crash/load.ts'
import type { Created, ServerProcess } from '../crash/server-process.ts'
import type { Channel, Claim } from './cast.ts'

type Json = Record<string, any>

/** What a creditor's system does through the doors of a running server. */
export interface Door {
  install(): Promise<void>
  open(claims: readonly Claim[]): Promise<void>
  pay(claim: Claim, amountMinor: number): Promise<void>
  dispute(reference: string): Promise<void>
  rejectDispute(reference: string): Promise<void>
  optOut(debtorReference: string, channel: Channel): Promise<void>
  promise(claim: Claim, dueDate: string): Promise<void>
  acceptPlan(reference: string, choice: { instalments: number; firstDueOn: string }): Promise<void>
  journeys(word: 'pause' | 'resume' | 'stop', reference: string): Promise<void>
  resolve(reference: string): Promise<void>
  /** Answers what time it is. */
  now(): Promise<Date>
  advance(to: Date): Promise<void>
}

const atOnce = 100

/** Opens the doors of a server for a tenant. */
export async function openDoor(server: ServerProcess, tenant: Created): Promise<Door> {
  const token = await tokenFor(server, tenant)
  const call = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json().catch(() => ({}))) as Json
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }
  const native = (path: string, body: unknown) => call('POST', `/q/v1${path}`, body)
  const batch = async (operation: string, body: unknown) => {
    const results = await call('POST', `/v1/${tenant.tenantId}/${operation}`, body)
    for (const [key, result] of Object.entries(results))
      expect(result.success, `${operation} of ${key}: ${JSON.stringify(result)}`).toBe(true)
  }
  return {
    install: () => install(native),
    open: (claims) => open(batch, claims),
    pay: (claim, amountMinor) => pay(batch, claim, amountMinor),
    async dispute(claimReference) {
      await native('/disputes', { claimReference, reason: 'NOT_RECEIVED' })
    },
    async rejectDispute(reference) {
      const { items } = await call('GET', `/q/v1/disputes?isOpen=true&claimReference=${reference}`)
      await native(`/disputes/${items[0].id}/close`, { outcome: 'REJECTED' })
    },
    async optOut(debtorReference, channel) {
      await native(`/contacts/${debtorReference}/preferences`, { channel, preference: 'denied' })
    },
    promise: ({ reference, amountMinor: amount }, dueDate) =>
      batch('create_promises_to_pay', { [reference]: { amount, currency: 'EUR', dueDate } }),
    async acceptPlan(reference, choice) {
      const { items } = await call('GET', '/q/v1/plan-definitions')
      await native(`/claims/${reference}/plans`, { definitionId: items[0].id, ...choice })
    },
    journeys: (word, ref) => batch(`${word}_journeys`, [{ ref }]),
    resolve: (ref) => batch('resolve_claims', [{ ref, reason: 'CLAIM_DISCHARGED' }]),
    async now() {
      const { now } = await call('GET', '/q/v1/test-clock')
      return new Date(now)
    },
    async advance(to) {
      await native('/test-clock/advance', { to: to.toISOString() })
    },
  }
}

type Native = (path: string, body: unknown) => Promise<Json>
type Batch = (operation: string, body: unknown) => Promise<void>

async function install(native: Native): Promise<void> {
  const ids: Record<string, string> = {}
  for (const bundle of strategyBundles) ids[bundle.name] = (await native('/bundles', bundle)).id
  await native('/agencies', { name: 'Fair Collect' })
  const journey = await native('/journeys', friendlyDunning(ids, 'Fair Collect'))
  await native(`/journeys/${journey.id}/assignments`, { default: true })
  await native('/plan-definitions', {
    name: 'Three instalments',
    terms: {
      currency: 'EUR',
      instalments: [3],
      interval: { unit: 'WEEK', count: 2 },
      firstDueWithinDays: 14,
    },
  })
}

async function open(batch: Batch, claims: readonly Claim[]): Promise<void> {
  const managed = new Map<string, Claim[]>()
  for (const claim of claims.filter(({ isManaged }) => isManaged))
    managed.set(claim.account, [...(managed.get(claim.account) ?? []), claim])
  const accounts = [...managed].map(([account, items]) => [account, accountOf(items)] as const)
  for (const some of chunks(accounts)) await batch('create_accounts', Object.fromEntries(some))
  const others = claims
    .filter(({ isManaged }) => !isManaged)
    .map((claim) => [claim.reference, claimOf(claim)] as const)
  for (const some of chunks(others)) await batch('create_claims', Object.fromEntries(some))
}

function chunks<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / atOnce)
  return Array.from({ length: count }, (_, index) => {
    return all.slice(index * atOnce, (index + 1) * atOnce)
  })
}

function personOf({ debtor: { reference, country, has } }: Claim): Json {
  const number = reference.replaceAll(/\D/g, '').padStart(4, '0')
  return {
    debtorReference: reference,
    firstName: 'Ada',
    lastName: 'Byron',
    contactInformation: {
      country,
      addressLine1: 'High Street',
      houseNumber: '1',
      postalCode: '10115',
      city: 'Town',
      ...(has.email ? { email: `${reference.toLowerCase()}@example.com` } : {}),
      ...(has.mobile ? { mobileNumber: `+4915200${number}` } : {}),
    },
  }
}

function accountOf(claims: readonly Claim[]): Json {
  return {
    currency: 'EUR',
    debtors: claims.slice(0, 1).map(personOf),
    ledgerEntries: claims.map(({ reference, amountMinor: amount, dueOn: dueDate }) => {
      return { ledgerEntryReference: reference, invoiceDetails: { amount, dueDate }, context: {} }
    }),
  }
}

function claimOf(claim: Claim): Json {
  const { amountMinor: amount, dueOn } = claim
  return {
    amount,
    currency: 'EUR',
    originalDueDate: dueOn,
    currentDueDate: dueOn,
    totalFees: 0,
    primaryDebtor: personOf(claim),
  }
}

/** Of a managed claim by its invoice, or by whatever its account owes where that is all; of the others by a credit. */
function pay(batch: Batch, claim: Claim, amount: number): Promise<void> {
  const { reference, account, isManaged } = claim
  if (!isManaged) {
    const credit = { amount, currency: 'EUR', originator: 'CLIENT', creditType: 'PAYMENT' }
    return batch('credit_claims', { [reference]: credit })
  }
  if (account.startsWith('A-G'))
    return batch('add_account_ledger_entries', [
      {
        accountReference: account,
        ledgerEntryReference: `P-${reference}-${randomUUID()}`,
        paymentDetails: { amount },
        context: { ledgerEntryReference: reference },
      },
    ])
  return batch('match_account_payment', [
    {
      accountReference: account,
      currency: 'EUR',
      totalAmount: amount,
      matchStrategy: 'ORDERED_LEDGER_ENTRIES',
      providerName: 'bank',
    },
  ])
}
