import { expect } from 'vitest'
import type { TestTenant, World } from '../../world.ts'
import { person } from '../../world.ts'

type Fields = Record<string, unknown>

/** A value out of an answer: tests assert what it is, so that they need not say it twice. */
// oxlint-disable-next-line typescript/no-explicit-any -- see above
export type Loose = any

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Ledger entries in the words of the door; `more` goes into the details. */
export const invoice = (
  ledgerEntryReference: string,
  amount: number,
  { dueDate = '2026-01-31', context = {}, ...more }: Fields = {},
) => ({ ledgerEntryReference, invoiceDetails: { amount, dueDate, ...more }, context })

type EntryWords = [
  reference: string,
  amount: number,
  target?: string | undefined,
  more?: { context?: Fields; [field: string]: unknown },
]

const moneyEntry =
  (kind: string) =>
  (...[ledgerEntryReference, amount, target, { context = {}, ...more } = {}]: EntryWords) => ({
    ledgerEntryReference,
    [`${kind}Details`]: { amount, ...more },
    context: { ...(target === undefined ? {} : { ledgerEntryReference: target }), ...context },
  })
export const fee = moneyEntry('fee')
export const payment = moneyEntry('payment')
export const adjustment = moneyEntry('adjustment')
export const chargeback = moneyEntry('chargeback')
export const discount = moneyEntry('discount')
export const reporting = moneyEntry('reporting')

/** A whole claim as create, recreate and import take it. */
export const claim = (amount: number, more: Fields = {}) => ({
  amount,
  currency: 'EUR',
  originalDueDate: '2026-01-15',
  currentDueDate: '2026-01-20',
  primaryDebtor: person('D'),
  ...more,
})

/** Posts and insists that the item of this key succeeded; answers it. */
export async function done(
  tenant: TestTenant,
  call: { operation: string; body: unknown; key: string; query?: string },
): Promise<Record<string, Loose>> {
  const answer = await tenant.post(call.operation, call.body, call.query)
  expect(answer.body[call.key]).toMatchObject({
    success: true,
    messageIds: [expect.stringMatching(uuid)],
  })
  return answer.body[call.key]
}

/** What a refused item answers: no ids, and its messages. */
export const refusedWith = (...messages: string[]) => ({ success: false, messageIds: [], messages })

export const parameterError = (code: number, text: string) =>
  `[${code}] ParameterInputError: ${text}`

/** Opens account ACC in EUR with debtor D and these entries. */
export function openAccount(tenant: TestTenant, entries: object[] = [], more: Fields = {}) {
  const body = { ACC: { currency: 'EUR', debtors: [person('D')], ledgerEntries: entries, ...more } }
  return done(tenant, { operation: 'create_accounts', body, key: 'ACC' })
}

/** Books entries on ACC in one request and answers its item. */
export async function book(tenant: TestTenant, ...entries: object[]) {
  const body = entries.map((entry) => ({ accountReference: 'ACC', ...entry }))
  const answer = await tenant.post('add_account_ledger_entries', body)
  expect(answer.status).toBe(200)
  return answer.body.ACC as Record<string, Loose>
}

export async function accountOf(tenant: TestTenant, reference = 'ACC') {
  const answer = await tenant.get('get_account', `accountReference=${reference}`)
  expect(answer.status).toBe(200)
  return answer.body as Record<string, Loose>
}

export async function claimsOf(tenant: TestTenant, reference = 'ACC') {
  const answer = await tenant.get('get_account_claims', `accountReference=${reference}`)
  expect(answer.status).toBe(200)
  return answer.body as Record<string, Loose>[]
}

export async function claimOf(tenant: TestTenant, reference: string, account = 'ACC') {
  const claims = await claimsOf(tenant, account)
  const found = claims.find((one) => one.claimReference === reference)
  expect(found, `claim ${reference} of ${account}`).toBeDefined()
  return found!
}

/** `INV-1 ACTIVE 10000+500`, one line for each claim of the account. */
export async function linesOf(tenant: TestTenant, account = 'ACC') {
  const claims = await claimsOf(tenant, account)
  return claims.map((one) => {
    return `${one.claimReference} ${one.status} ${one.amount}+${one.totalFees}`
  })
}

/** D-55: what the account asks for as a whole, less the money that nothing took up. */
export async function balanceOf(it: World, tenant: TestTenant, account = 'ACC') {
  const { rows } = await it.database.ownerPool.query(
    `select outstanding_minor - credit_minor as balance, credit_minor as credit
     from quittance.account where tenant_id = $1 and reference = $2`,
    [tenant.tenantId, account],
  )
  return { balance: Number(rows[0].balance), credit: Number(rows[0].credit) }
}

/** Why a claim is resolved; no published answer shows it but the event. */
export async function reasonOf(it: World, tenant: TestTenant, reference: string) {
  const { rows } = await it.database.ownerPool.query(
    `select status, resolution_reason as reason from quittance.claim
     where tenant_id = $1 and reference = $2`,
    [tenant.tenantId, reference],
  )
  return rows[0] as { status: string; reason: string | null }
}

export interface SeenEvent {
  type: string
  data: Record<string, Loose>
  metadata: Record<string, Loose>
}

/** Every event of a tenant in the order in which it was appended. */
export async function eventsOf(it: World, tenant: TestTenant): Promise<SeenEvent[]> {
  const { rows } = await it.database.ownerPool.query(
    'select type, data, metadata from quittance.event where tenant_id = $1 order by xid, seq',
    [tenant.tenantId],
  )
  return rows
}

/** The events that a piece of work appends, as types and data. */
export async function eventsDuring(it: World, tenant: TestTenant, work: () => Promise<unknown>) {
  const before = (await eventsOf(it, tenant)).length
  await work()
  return (await eventsOf(it, tenant)).slice(before)
}

/** The published events of a type on a day, polled until there are as many: a transaction that runs holds them back. */
export async function polledEvents(
  tenant: TestTenant,
  wanted: { eventType: string; date: string; count: number; more?: string },
): Promise<Record<string, Loose>> {
  const query = `eventType=${wanted.eventType}&date=${wanted.date}${wanted.more ?? ''}`
  const state: { body: Record<string, Loose> } = { body: {} }
  await expect
    .poll(
      async () => {
        state.body = (await tenant.get('get_events', query)).body
        return state.body.events?.length
      },
      { timeout: 10_000 },
    )
    .toBe(wanted.count)
  return state.body
}

/** Deletes a claim through our own door, the only one that can. */
export async function deleteClaim(tenant: TestTenant, reference: string): Promise<void> {
  const answer = await tenant.call({
    method: 'DELETE',
    url: `/q/v1/claims/${encodeURIComponent(reference)}`,
  })
  expect(answer.status).toBe(204)
}
