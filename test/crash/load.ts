import type { Created, ServerProcess } from './server-process.ts'

export type Random = () => number

/** A generator of numbers from 0 to 1 that a seed determines (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A request that was sent, and whether its answer arrived. What it books names it. */
export interface Sent {
  readonly kind: 'entries' | 'payment' | 'async' | 'accounts'
  readonly references: readonly string[]
  readonly amount: number
  isAcknowledged: boolean
}

export interface Load {
  readonly server: ServerProcess
  readonly tenant: Created
  readonly token: string
  readonly accounts: readonly string[]
  readonly round: number
  readonly random: Random
}

const clients = 8
const timeoutMs = 10_000

/** Sends requests from several clients until the server does not answer any more. `onSent` may end it. */
export async function sendUntilDead(load: Load, onSent: (count: number) => void): Promise<Sent[]> {
  const sent: Sent[] = []
  const client = async (number: number) => {
    for (let index = 0; ; index += 1) {
      const name = `R${load.round}-${number}-${index}`
      const { request, operation, body } = makeRequest(load, name)
      sent.push(request)
      const answer = post(load, operation, body)
      onSent(sent.length)
      const answered = await answer.catch(() => undefined)
      if (answered === undefined) return
      // A server whose PostgreSQL is gone says so; the others of its answers must be good.
      if (answered.status === 503 || answered.status === 500) continue
      if (answered.status !== 200) throw new Error(`${operation} was answered ${answered.status}`)
      const results = Object.values(answered.body)
      const failed = results.find((result) => !result.success)
      if (failed) throw new Error(`${operation} of ${name}: ${JSON.stringify(failed)}`)
      request.isAcknowledged = true
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  return sent
}

export async function tokenFor(server: ServerProcess, { oauth }: Created): Promise<string> {
  const basic = Buffer.from(`${oauth.clientId}:${oauth.clientSecret}`).toString('base64')
  const response = await fetch(`${server.url}/v1/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}

interface Results {
  readonly status: number
  readonly body: Record<string, { success: boolean; messages: string[] }>
}

export async function post(
  load: Pick<Load, 'server' | 'tenant' | 'token'>,
  operation: string,
  body: unknown,
): Promise<Results> {
  const response = await fetch(`${load.server.url}/v1/${load.tenant.tenantId}/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${load.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, body: (await response.json()) as Results['body'] }
}

function makeRequest(load: Load, name: string) {
  const { random, accounts } = load
  const pick = () => accounts[Math.floor(random() * accounts.length)]!
  const amount = 1 + Math.floor(random() * 900)
  const chance = random()
  if (chance < 0.4) return entriesRequest({ account: pick(), name, amount, isAsync: false })
  if (chance < 0.7) return paymentRequest(pick(), name, amount)
  if (chance < 0.85) return entriesRequest({ account: pick(), name, amount, isAsync: true })
  return accountsRequest(name, amount)
}

interface Made {
  readonly request: Sent
  readonly operation: string
  readonly body: unknown
}

/** Three entries of one account: an invoice, its fee and a payment on it; all or none. */
function entriesRequest(of: {
  account: string
  name: string
  amount: number
  isAsync: boolean
}): Made {
  const { account: accountReference, name, amount } = of
  const body = threeEntries(name, amount).map((entry) => ({ accountReference, ...entry }))
  return {
    request: {
      kind: of.isAsync ? 'async' : 'entries',
      references: body.map((entry) => entry.ledgerEntryReference),
      amount,
      isAcknowledged: false,
    },
    operation: `add_account_ledger_entries${of.isAsync ? '?async=true' : ''}`,
    body,
  }
}

function threeEntries(name: string, amount: number) {
  const context = { ledgerEntryReference: `${name}-0` }
  return [
    {
      ledgerEntryReference: `${name}-0`,
      invoiceDetails: { amount, dueDate: '2026-03-31' },
      context: {},
    },
    { ledgerEntryReference: `${name}-1`, feeDetails: { amount: 5 }, context },
    { ledgerEntryReference: `${name}-2`, paymentDetails: { amount: 1 }, context },
  ]
}

function paymentRequest(accountReference: string, name: string, amount: number): Made {
  const payment = {
    accountReference,
    currency: 'EUR',
    totalAmount: amount,
    matchStrategy: 'ORDERED_LEDGER_ENTRIES',
    providerName: 'psp',
    trackingId: name,
  }
  const request: Sent = { kind: 'payment', references: [name], amount, isAcknowledged: false }
  return { request, operation: 'match_account_payment', body: [payment] }
}

/** A body of three new accounts, each with its entries. */
function accountsRequest(name: string, amount: number): Made {
  const names = ['a', 'b', 'c'].map((letter) => `${name}${letter}`)
  const body = Object.fromEntries(
    names.map((account) => [
      account,
      { currency: 'EUR', ledgerEntries: threeEntries(account, amount) },
    ]),
  )
  const references = names.flatMap((account) => [0, 1, 2].map((index) => `${account}-${index}`))
  const request: Sent = { kind: 'accounts', references, amount, isAcknowledged: false }
  return { request, operation: 'create_accounts', body }
}
