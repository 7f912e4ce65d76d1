import { createHash } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import type pg from 'pg'
import { expect } from 'vitest'
import { nativeOperations } from '../../src/faces/native/face.ts'
import { publishedOperations } from '../../src/faces/receeve/face.ts'
import { person, type TestTenant } from '../world.ts'

export type Path = readonly (string | number)[]

const account = 'ACC'
const invoice = (reference: string, amount: number) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate: '2026-01-31', createdAt: 1_767_225_600_000 },
  context: {},
})
const wholeClaim = {
  amount: 4_000,
  currency: 'EUR',
  originalDueDate: '2026-01-31',
  currentDueDate: '2026-02-28',
  totalFees: 300,
  primaryDebtor: person('D'),
  meta: { note: 'x' },
}

/**
 * For each batch operation a body that does something on the books of `seedBooks`, once. Every amount in them is a
 * natural number and every reference is the caller's own.
 */
const bodies: Record<string, unknown> = {
  create_accounts: {
    NEW: {
      currency: 'EUR',
      debtors: [person('D-NEW')],
      products: [{ productReference: 'P-NEW' }],
      scores: [{ type: 'INTERNAL', value: 'good' }],
      ledgerEntries: [invoice('INV-NEW', 100)],
    },
  },
  update_account_meta: { [account]: { colour: 'red' } },
  add_account_ledger_entries: [
    {
      accountReference: account,
      ledgerEntryReference: 'PAY',
      paymentDetails: { amount: 100 },
      context: { ledgerEntryReference: 'INV' },
    },
  ],
  add_account_products: [{ accountReference: account, productReference: 'P-2' }],
  update_account_products: [{ accountReference: account, productReference: 'P', name: 'Loan' }],
  add_account_debtors: [{ accountReference: account, ...person('D-2') }],
  update_account_debtors: [{ accountReference: account, debtorReference: 'D', firstName: 'Grace' }],
  set_account_scores: [{ accountReference: account, type: 'INTERNAL', value: 'fair' }],
  match_account_payment: [
    {
      accountReference: account,
      currency: 'EUR',
      totalAmount: 250,
      matchStrategy: 'ORDERED_LEDGER_ENTRIES',
    },
  ],
  update_account_ledger_entries_amounts: [
    {
      accountReference: account,
      ledgerEntries: [{ ledgerEntryReference: 'INV', amount: 500, reason: 'SYNC', meta: {} }],
    },
  ],
  create_claims: { 'CLAIM-NEW': wholeClaim },
  recreate_claims: { 'CLAIM-DELETED': wholeClaim },
  update_claims: { CLAIM: { amount: 3_000, totalFees: 100 } },
  import_claims: { CLAIM: { ...wholeClaim, amount: 2_000 } },
  resolve_claims: [{ ref: 'CLAIM', reason: 'FRAUDULENT' }],
  credit_claims: { CLAIM: { amount: 700, currency: 'EUR', originator: 'CLIENT' } },
  debit_claims: { CLAIM: { amount: 50, currency: 'EUR', originator: 'DCA' } },
  create_promises_to_pay: { CLAIM: { amount: 900, currency: 'EUR', dueDate: '2026-04-30' } },
  pause_journeys: [{ ref: 'CLAIM' }],
  resume_journeys: [{ ref: 'INV' }],
  stop_journeys: [{ ref: 'CLAIM', reason: 'CLAIM_SOLD', description: 'sold' }],
  execute_custom_triggers: { CLAIM: { triggerName: 'call', triggerContext: { value: 'now' } } },
  create_account_mandates: [
    {
      mandateId: 'M-NEW',
      accountReference: account,
      providerName: 'paylandsenCards',
      debtorReference: 'D',
      productReferences: ['P'],
      mandateRepresentation: { cardIssuer: 'VISA', lastDigits: '4242', holderName: 'Ada' },
      clientIpAddress: '192.0.2.1',
    },
  ],
  delete_account_mandates: [{ accountReference: account, mandateId: 'M' }],
}

/** The samples of multipart operations: their text fields; `formOf` adds the file. */
const forms: Record<string, Record<string, string>> = {
  upload_files: { accountId: account, productReference: 'P', documentType: 'Invoice' },
}
const boundary = 'x-boundary-x'
const fileText = 'reference;amount\nINV;1000\n'

function formOf(fields: Record<string, string>): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
  )
  const file = `Content-Disposition: form-data; name="file"; filename="list.csv"\r\nContent-Type: text/csv\r\n\r\n${fileText}`
  return [...parts, file, '']
    .map((part, index) => `--${boundary}${index > parts.length ? '--' : ''}\r\n${part}\r\n`)
    .join('')
}

const queries: Record<string, Record<string, string>> = {
  get_account: { accountReference: account },
  get_account_claims: { accountReference: account },
  get_account_mandates: { accountReference: account },
  get_debtor_accounts_and_claims: { debtorReference: 'D' },
  get_events: { eventType: 'event.claim.created', date: '2026-03-10' },
  get_communication_message_urls: { claimReference: 'CLAIM' },
  get_landing_page_url: { claimReference: 'CLAIM' },
}

export interface Operation {
  readonly id: string
  readonly door: '/v1' | '/q/v1'
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly isWrite: boolean
  /** The published contract, as far as it says something of a body, a query and an answer. */
  readonly schemas: { body?: object; query?: object; answer?: object }
  readonly body?: unknown
  /** The fields of a multipart body. */
  readonly form?: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  url(tenantId: string, query?: string): string
}

// What is named by an id of ours has no request that is good for any tenant; test/conformance/receeve/messages.test.ts
// tests it.
const namedByUs = new Set(['get_message'])

function receeveOperations(): Operation[] {
  const ofBooks = publishedOperations().filter(({ id }) => !namedByUs.has(id))
  return ofBooks.map((published) => {
    const { id, method } = published
    const query = queries[id] ?? {}
    const sample = method === 'POST' ? (bodies[id] ?? forms[id]) : queries[id]
    if (sample === undefined) throw new Error(`${id} has no sample request in ${import.meta.url}`)
    return {
      id,
      door: '/v1',
      method,
      isWrite: method === 'POST',
      schemas: {
        query: published.query,
        answer: published.answer,
        ...(published.body ? { body: published.body } : {}),
      },
      ...(method === 'POST' && bodies[id] ? { body: bodies[id] } : {}),
      ...(forms[id] ? { form: forms[id] } : {}),
      query,
      url: (tenantId, text = new URLSearchParams(query).toString()) =>
        `/v1/${tenantId}/${id}${text === '' ? '' : `?${text}`}`,
    }
  })
}

function ownOperations(): Operation[] {
  // What needs more than the books (an id of ours, an agency, a plan) has no request that is good for any tenant; the
  // modules test those, such as src/webhooks/api.test.ts.
  const ofBooks = nativeOperations.filter(
    ({ id, path, tag }) =>
      (path.startsWith('/claims/') && tag === 'Claims') ||
      id === 'claims.plans' ||
      id === 'claims.planOptions',
  )
  return ofBooks.map(({ id, method, path }) => ({
    id,
    door: '/q/v1',
    method,
    isWrite: method !== 'GET',
    schemas: {},
    query: {},
    url: (_tenantId, text = '') =>
      `/q/v1${path.replace('{reference}', 'CLAIM')}${text === '' ? '' : `?${text}`}`,
  }))
}

/** What a keyed request with a form is known by: its fields as our own words name them, and the hash of its file. */
export function formIdentity(form: Readonly<Record<string, string>>): unknown {
  const { accountId: accountReference, ...rest } = form
  const sha256 = createHash('sha256').update(fileText).digest('hex')
  return { accountReference, ...rest, file: { name: 'list.csv', contentType: 'text/csv', sha256 } }
}

/** Every operation of both doors with a request that works on the books of `seedBooks`. */
export const operations: readonly Operation[] = [...receeveOperations(), ...ownOperations()]
export const writes = operations.filter(({ isWrite }) => isWrite)
export const bodied = operations.filter(({ body }) => body !== undefined)

/** The request of an operation; `of` changes its tenant, body, query or headers. */
export function requestOf(
  operation: Operation,
  of: { tenantId: string; body?: unknown; query?: string; headers?: Record<string, string> },
): InjectOptions {
  const body = 'body' in of ? of.body : operation.body
  if (operation.form && body === undefined) {
    return {
      method: operation.method,
      url: operation.url(of.tenantId, of.query),
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, ...of.headers },
      payload: formOf(operation.form),
    }
  }
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  return {
    method: operation.method,
    url: operation.url(of.tenantId, of.query),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...of.headers,
    },
    ...(body === undefined ? {} : { payload: isRaw ? body : JSON.stringify(body) }),
  }
}

/** An account with a managed claim and a mandate, an unmanaged claim on an account of its own, and a deleted claim. */
export async function seedBooks(tenant: TestTenant, marker = 'own'): Promise<void> {
  const debtor = { ...person('D'), firstName: marker }
  const opened = await tenant.post('create_accounts', {
    [account]: {
      currency: 'EUR',
      meta: { marker },
      debtors: [debtor],
      products: [{ productReference: 'P', name: marker }],
      ledgerEntries: [
        invoice('INV', 1_000),
        {
          ledgerEntryReference: 'FEE',
          feeDetails: { amount: 50, type: marker },
          context: { ledgerEntryReference: 'INV' },
        },
      ],
    },
  })
  expect(opened.body[account]).toMatchObject({ success: true })
  const mandate = {
    mandateId: 'M',
    accountReference: account,
    providerName: 'trustly',
    debtorReference: 'D',
    productReferences: ['P'],
    mandateRepresentation: { bankName: marker, accountNumber: 'DE00' },
  }
  const mandated = await tenant.post('create_account_mandates', [mandate])
  expect(mandated.body[account]).toMatchObject({ success: true })
  const whole = { ...wholeClaim, primaryDebtor: debtor, meta: { marker } }
  const claims = await tenant.post('create_claims', { CLAIM: whole, 'CLAIM-DELETED': whole })
  expect(claims.body).toMatchObject({
    CLAIM: { success: true },
    'CLAIM-DELETED': { success: true },
  })
  const paused = await tenant.post('pause_journeys', [{ ref: 'INV' }])
  expect(paused.body['INV']).toMatchObject({ success: true })
  const deleted = await tenant.call({ method: 'DELETE', url: '/q/v1/claims/CLAIM-DELETED' })
  expect(deleted.status).toBe(204)
}

export async function tableNames(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'quittance'::regnamespace and relkind in ('r', 'p') order by 1`,
  )
  return rows.map((row) => row.name)
}

/** What every table holds, as a count and a checksum; of one tenant, or of all and of the job queue too. */
export async function contents(
  ownerPool: pg.Pool,
  tenantId?: string,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  // How far subscribers have read moves by itself, soon after whatever happened.
  const own = (await tableNames(ownerPool)).filter((name) => name !== 'event_cursor')
  const names = own.map((name) => `quittance.${name}`)
  if (tenantId === undefined) names.push('graphile_worker._private_jobs')
  for (const name of names) {
    const { rows } = await ownerPool.query<{ rows: number; hash: string | null }>(
      `select count(*) as rows, md5(string_agg(t::text, chr(10) order by t::text)) as hash from ${name} t
       where $1::text is null or to_jsonb(t) ->> 'tenant_id' = $1`,
      [tenantId ?? null],
    )
    const [held] = rows
    found[name] = `${held?.rows} rows ${held?.hash ?? ''}`
  }
  return found
}

/** Every value of a document that is neither an object nor an array, with the way to it. */
export function leavesOf(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }]
  return Object.entries(value).flatMap(([key, member]) =>
    leavesOf(member, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

const placeholder = '@placeholder@'

/** The JSON text of a document in which raw text stands at one place. */
export function withRaw(document: unknown, path: Path, raw: string | Buffer): Buffer {
  const copy: unknown = structuredClone({ document })
  let parent = copy as Record<string | number, unknown>
  const steps = ['document', ...path]
  for (const step of steps.slice(0, -1)) parent = parent[step] as typeof parent
  parent[steps.at(-1) as string] = placeholder
  const text = JSON.stringify((copy as { document: unknown }).document)
  const [before = '', after = ''] = text.split(`"${placeholder}"`)
  return Buffer.concat([Buffer.from(before), Buffer.from(raw as Buffer), Buffer.from(after)])
}
