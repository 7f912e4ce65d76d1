import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { nativeOperations } from '../../src/faces/native/face.ts'
import { crmOperations } from '../../src/faces/crmcom/operations.ts'
import { assertBooksBalance } from '../invariants.ts'
import { login } from '../conformance/crmcom/given.ts'
import { seedBooks } from '../platform/doors.ts'
import { type TestTenant, world } from '../world.ts'
import { schemaArbitrary } from './schema-arbitrary.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 40)
const seed = Number(process.env.FUZZ_SEED ?? 7)
const it = world()
let tenant: TestTenant
const bad: Record<string, string[]> = {}
const seenStatus: Record<string, Record<string, number>> = {}
beforeAll(async () => {
  tenant = await it.tenant('Acme', {}, true)
  await seedBooks(tenant)
})

const own = ['ACC', 'INV', 'CLAIM', 'CLAIM', 'D', 'P', 'X', "'; --", 'constructor', '🏦', '\u0001']
const ids = new Set<string>(['not-an-id', '0', '-1', '9'.repeat(30), '9223372036854775807', '9223372036854775808', '9007199254740992', 'x'.repeat(900), '%00', '%ED%A0%80', 'constructor', '__proto__', '1', '2', '00000000-0000-0000-0000-000000000000'])
const pools: Record<string, readonly unknown[]> = {
  currency: ['EUR', 'EUR', 'USD', 'XXX', 'JPY', 'KWD', 'zzz'],
  amount: [0, 1, 50, 100, Number.MAX_SAFE_INTEGER, '1.00', '0.001', '99999999999999.99', '1e5', '100'],
  claim: ['CLAIM', 'INV', 'X'],
  email: ['ada@example.com', 'a@b', 'x\r\nBcc: a@b.c'],
  url: ['http://127.0.0.1:1/', 'https://example.com/', 'javascript:alert(1)', 'file:///etc/passwd'],
}
function collect(value: unknown): void {
  if (typeof value === 'string' && /^[0-9a-fA-F-]{32,36}$/.test(value) && ids.size < 400) ids.add(value)
  if (typeof value === 'object' && value !== null) for (const v of Object.values(value)) collect(v)
}
const pool = (key: string) => {
  if (pools[key]) return pools[key]
  if (/reference|^ref$|claims?$/i.test(key)) return own
  if (/id$/i.test(key)) return [...ids].slice(-30)
  return undefined
}
const foreign = [null, -1, 1.5, '', 'NUL \0', 'half \ud800', [], {}, 1e300, 'x'.repeat(70_000), { a: { b: [1] } }, '0000-01-01', '9999-12-31', '9999-12-31T23:59:59.999Z', '+275760-09-13T00:00:00.000Z', 9007199254740991, 2147483648, -2147483649, true, '{{#each x}}', '<script>', '\u2028', '{{constructor.constructor}}', 'a\r\nb: c', [[[]]], ['a\0']]
function replaced(value: unknown, steps: readonly number[], by: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return by
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  ;(copy as Record<string, unknown>)[key] = replaced((value as Record<string, unknown>)[key], rest, by)
  return copy
}
const path = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 })
function bodyOf(schema: object): fc.Arbitrary<unknown> {
  const right = schemaArbitrary(schema, pool)
  return fc.oneof({ weight: 2, arbitrary: right }, { weight: 1, arbitrary: fc.tuple(right, path, fc.constantFrom(...(foreign as unknown[]))).map(([b, s, v]) => replaced(b, s, v)) })
}
let counter = 0
async function fire(door: string, id: string, request: any) {
  const answer = await tenant.call(request)
  const k = `${door} ${id}`
  seenStatus[k] ??= {}
  const crmCode = typeof answer.body === 'object' ? (answer.body as any)?.status?.code : undefined
  const label = `${answer.status}${crmCode && crmCode !== 'OK' ? ' ' + crmCode : ''}`
  seenStatus[k][label] = (seenStatus[k][label] ?? 0) + 1
  const isBug = (answer.status >= 500 && answer.status !== 503) || /SYSTEMEXCEPTION/.test(String(crmCode)) || (door === 'payofin' && /"resultCode":-18/.test(JSON.stringify(answer.body)))
  if (isBug) (bad[k] ??= []).push(JSON.stringify({ request, answer: answer.body }).slice(0, 1500))
  if (answer.status < 300) collect(answer.body)
  return answer
}
const pick = <T>(list: readonly T[]) => list[(counter = (counter * 1103515245 + 12345) % 2147483648) % list.length]!

test('native', { timeout: 900_000 }, async () => {
  for (let round = 0; round < 3; round += 1)
    for (const op of nativeOperations) {
      if (/tenant|clock/.test(op.id) && round === 0 && op.method !== 'GET') continue
      const n = Math.ceil(runs / 3)
      const bodies = op.body ? fc.sample(bodyOf(op.body), { numRuns: n, seed: seed + round }) : Array.from({ length: n }, () => pick([undefined, {}, null, [], 'x']))
      const queries = op.query ? fc.sample(schemaArbitrary(op.query, pool) as fc.Arbitrary<Record<string, unknown>>, { numRuns: n, seed: seed + round }) : Array.from({ length: n }, () => ({}))
      for (let i = 0; i < n; i += 1) {
        const url = op.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
          const list = /reference|claim/i.test(name) ? own : [...ids].slice(i % 2 ? -25 : 0)
          const v = pick(list)
          return v.startsWith('%') ? v : encodeURIComponent(v)
        })
        const q = new URLSearchParams(Object.entries(queries[i] as object).map(([a, b]): [string, string] => [a, i % 5 === 0 ? String(pick(['', '-1', '1e9', 'x'.repeat(3000), '\ud800', '0000-01-01', 'null', '9223372036854775808'])) : String(b)])).toString()
        const body = bodies[i]
        await fire('native', op.id, {
          method: op.method, url: `/q/v1${url}${q ? '?' + q : ''}`,
          headers: { ...(body === undefined ? {} : { 'content-type': /collect|csv|import/i.test(op.id) && i % 2 ? 'text/csv' : 'application/json' }), ...(i % 7 === 0 ? { 'idempotency-key': pick(['k1', 'k2', 'x'.repeat(300)]) } : {}) },
          ...(body === undefined || op.method === 'GET' ? {} : { payload: JSON.stringify(body) }),
        })
      }
    }
})

test('crm', { timeout: 900_000 }, async () => {
  const granted = await login(it, tenant)
  const token = granted.body.data.token
  const cash = { accounts_receivable_identifier: { number: 'ACC' }, type_identifier: { name: 'Payment 1' }, life_cycle_state: 'POSTED', payment_method_identifier: { name: 'Cash' }, payment_amount: '1.00' }
  const values: unknown[] = ['ACC', '1', 1, -1, 0, '0.1', 1e300, '9'.repeat(30), '1e400', { number: 'ACC' }, { number: '1' }, { id: 'x' }, { id: '0'.repeat(32) }, { name: 'Cash' }, { name: 'Payment 1' }, { reference_number: '9'.repeat(20) }, { number: '9'.repeat(20) }, { number: '9223372036854775808' }, {}, [], [[]], null, true, 'a\0b', 'half \ud800', { number: 'half \ud800' }, { number: '\0' }, 'x'.repeat(5000), '2026-03-10T12:00:00', '0001-01-01T00:00:00', '9999-12-31T23:59:59', [{ action: 'ADD', invoice_identifier: { number: 'INV' } }], [{ action: 'REMOVE', bill_identifier: { number: '1' } }], { __proto__x: 1 }]
  for (const op of crmOperations) {
    const names = [...op.parameters.map((p) => p.replace('!', '')), 'notes', 'udf_float_1', 'udf_string_1', 'udf_date_1', 'back_office_code', 'received_on', 'fields_set', 'unit']
    for (let i = 0; i < runs * 3; i += 1) {
      const given: Record<string, unknown> = op.method === 'POST' && i % 2 ? { ...cash } : {}
      for (const name of names) {
        const r = pick([0, 1, 2])
        if (r === 0) given[name] = pick(values)
        else if (r === 1) given[name] = name.includes('account') ? (op.method === 'GET' ? 'number=ACC' : { number: 'ACC' }) : name.includes('invoice_id') ? (op.method === 'GET' ? 'number=INV' : { number: 'INV' }) : name.includes('payment_identifier') ? (op.method === 'GET' ? 'number=1' : { number: String(pick([1, 2, 3, 4, 5, 6])) }) : pick(values)
      }
      const request = op.method === 'GET'
        ? { method: 'GET', url: `/crmapi/rest/v2${op.path}?${new URLSearchParams({ token, ...Object.fromEntries(Object.entries(given).map(([a, b]) => [a, typeof b === 'object' ? `${Object.keys(b ?? {})[0] ?? 'number'}=${Object.values(b ?? {})[0] ?? ''}` : String(b)])) }).toString()}` }
        : { method: 'POST', url: `/crmapi/rest/v2${op.path}`, headers: { 'content-type': 'application/json' }, payload: JSON.stringify({ token, ...given }) }
      await fire('crm', op.path, request)
    }
  }
})

test('payofin', { timeout: 900_000 }, async () => {
  const keys = tenant.payofin as any
  const call = (name: string, body: unknown) => fire('payofin', name, { method: body === undefined ? 'GET' : 'POST', url: `/invoices/${name}`, headers: { apikey: keys.apiKey, secretkey: keys.secretKey, 'content-type': 'application/json' }, ...(body === undefined ? {} : { payload: JSON.stringify(body) }) })
  await call('sootlist', undefined)
  await tenant.call({ method: 'PATCH', url: '/q/v1/payofin/institutions/1', payload: { currency: 'EUR' } })
  const values: unknown[] = [...foreign.filter((v) => typeof v !== 'string' || (!v.includes('\0') && v.length < 60_000)), 1, 2, 3, 'ACC', '1', '2026-03-10', '2026-03-12', '9999-12-31', '0001-01-01', [{ invoicePaymentId: 1 }], [{ invoicePaymentId: 1e300 }], [{}], 'x', 9007199254740991]
  const names = ['sootCode', 'subscriberNo', 'additionalNo', 'firmRefNo', 'invoiceQueryId', 'partialAmount', 'invoicePaymentId', 'firstDate', 'lastDate', 'invoicePaymentList', 'invoiceQueryList', 'sootTypeCode', 'cityCode']
  for (const name of ['sootlistbytype', 'invoicequery', 'multipleinvoicequery', 'invoicepayment', 'multipleinvoicepayment', 'invoicecheck', 'invoicelist', 'invoicereceipt'])
    for (let i = 0; i < runs * 5; i += 1) {
      const one = () => { const g: any = i % 2 ? { sootCode: 1, subscriberNo: 'ACC', firmRefNo: '1' } : {}; for (const n of names) if (pick([0, 1, 2]) === 0) g[n] = pick(values); return g }
      await call(name, name === 'multipleinvoicepayment' ? [one(), one()] : name === 'multipleinvoicequery' ? { invoiceQueryList: [one(), one(), pick(values)] } : one())
    }
})

test('nothing broke', async () => {
  if (process.env.FUZZ_STATUS) for (const [k, v] of Object.entries(seenStatus)) console.log(k, JSON.stringify(v))
  for (const [k, v] of Object.entries(bad)) console.log('BUG', k, v.length, '\n  ', v.slice(0, 2).join('\n   '))
  await assertBooksBalance(it.database.ownerPool)
  expect(Object.keys(bad)).toEqual([])
})
