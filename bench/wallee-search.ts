import { createHmac } from 'node:crypto'
import { type Row, spreadOf } from './measure.ts'
import type { Place } from './place.ts'
import type { Bench } from './rows.ts'

const targetMs = 50
const percentile = 0.95
const questionsPerRun = 300
const namesEach = 20

interface Filled {
  readonly customers: number
  /** The lowest and the highest number of a customer. */
  readonly first: number
  readonly last: number
}

type Ask = (place: Place, filled: Filled) => Promise<void>

/** (w) Searches of the wallee doors over a million customers of one tenant, one request after the other. */
export async function walleeSearchRows(bench: Bench): Promise<Row[]> {
  const customers = bench.isQuick ? 100_000 : 1_000_000
  bench.say(`(w) ${customers} customers are made`)
  const filled = await fillCustomers(bench.place, customers)
  const count = customers.toLocaleString('en').replaceAll(',', ' ')
  const rows: Row[] = []
  for (const [name, ask] of Object.entries(questions)) {
    bench.say(`(w) customers are searched by ${name}`)
    const runs: number[] = []
    // The first answers pay for plans and caches that all later ones find.
    await timesOf(() => ask(bench.place, filled), questionsPerRun / 10)
    for (let repetition = 0; repetition < bench.repetitions; repetition += 1)
      runs.push(percentileOf(await timesOf(() => ask(bench.place, filled), questionsPerRun)))
    rows.push({
      id: 'w',
      name: `p95 of a search by ${name}, ${count} customers`,
      numerator: spreadOf(runs),
      unit: 'ms',
      target: { bound: targetMs, direction: 'below' },
    })
  }
  return rows
}

const questions: Record<string, Ask> = {
  'id, version 1': async (place, { first, last }) => {
    const id = between(first, last)
    const found = await searchV1(place, [leaf('id', 'EQUALS', id)])
    requireFound(found, (customer) => customer.id === id)
  },
  'id, version 2': async (place, { first, last }) => {
    const id = between(first, last)
    requireFound(await searchV2(place, `id:${id}`), (customer) => customer.id === id)
  },
  'e-mail, version 1': async (place, { customers }) => {
    const email = emailOf(between(1, customers))
    const found = await searchV1(place, [leaf('emailAddress', 'EQUALS', email)])
    requireFound(found, (customer) => customer.emailAddress === email)
  },
  'e-mail, version 2': async (place, { customers }) => {
    const email = emailOf(between(1, customers))
    const found = await searchV2(place, `emailAddress:"${email}"`)
    requireFound(found, (customer) => customer.emailAddress === email)
  },
  'the beginning of a name, version 1': async (place, { customers }) => {
    const [from, to] = namesAround(between(1, customers))
    const found = await searchV1(place, [
      leaf('familyName', 'GREATER_THAN_OR_EQUAL', from),
      leaf('familyName', 'LESS_THAN', to),
    ])
    requireFound(found, (customer) => customer.familyName.startsWith(from))
  },
  'the beginning of a name, version 2': async (place, { customers }) => {
    const [from, to] = namesAround(between(1, customers))
    const found = await searchV2(place, `familyName:>="${from}" familyName:<"${to}"`)
    requireFound(found, (customer) => customer.familyName.startsWith(from))
  },
}

interface Customer {
  readonly id: number
  readonly emailAddress: string
  readonly familyName: string
}

const emailOf = (n: number) => `customer-${n}@example.com`
// A hash, so that the order of names is not that of ids.
const nameSql = `initcap(translate(substr(md5((n / ${namesEach})::text), 1, 10), '0123456789', 'ghijklmnop'))`

/** Four letters of names that there are, and the four that follow them. */
function namesAround(n: number): [string, string] {
  const letters = 'abcdefghijklmnop'
  const at = (index: number) => letters.charAt((n * (index + 7) * 31) % letters.length)
  const start = at(0).toUpperCase() + at(1)
  return [start, start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1)]
}

async function fillCustomers({ owner, tenantId }: Place, customers: number): Promise<Filled> {
  await owner.query(
    `insert into quittance.debtor (tenant_id, reference, data, updated_at, created_at)
     select $1, 'w-' || n, jsonb_build_object('firstName', 'Ada', 'lastName', ${nameSql}, 'debtorReference', 'w-' || n,
       'contactInformation', jsonb_build_object('country', 'CH', 'email', 'customer-' || n || '@example.com')), now(), now()
     from generate_series(1, $2::integer) n`,
    [tenantId, customers],
  )
  await owner.query('vacuum (analyze) quittance.debtor')
  const { rows } = await owner.query<{ first: string; last: string }>(
    `select min(number) as first, max(number) as last from quittance.debtor
     where tenant_id = $1 and reference like 'w-%'`,
    [tenantId],
  )
  return { customers, first: Number(rows[0]?.first), last: Number(rows[0]?.last) }
}

async function timesOf(work: () => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now()
    await work()
    times.push(performance.now() - startedAt)
  }
  return times
}

function percentileOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * percentile) - 1] ?? Number.NaN
}

const state = { seed: 1 }

/** Whole numbers that are the same at every run of the bench. */
function between(least: number, most: number): number {
  state.seed = (state.seed * 48_271) % 2_147_483_647
  return least + (state.seed % (most - least + 1))
}

const leaf = (fieldName: string, operator: string, value: unknown) => ({
  type: 'LEAF',
  fieldName,
  operator,
  value,
})

async function searchV1(place: Place, leaves: readonly object[]): Promise<Customer[]> {
  const { spaceId, userId, authenticationKey } = place.wallee
  const target = `/api/customer/search?spaceId=${spaceId}`
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const secured = ['1', userId, timestamp, 'POST', target].join('|')
  const mac = createHmac('sha512', Buffer.from(authenticationKey, 'base64')).update(secured)
  const answer = await fetch(place.url + target, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-mac-version': '1',
      'x-mac-userid': String(userId),
      'x-mac-timestamp': timestamp,
      'x-mac-value': mac.digest('base64'),
    },
    body: JSON.stringify({ filter: { type: 'AND', children: leaves }, numberOfEntities: 20 }),
  })
  return (await answered(answer)) as Customer[]
}

async function searchV2(place: Place, query: string): Promise<Customer[]> {
  const { spaceId, userId, authenticationKey } = place.wallee
  const target = `/api/v2.0/customers/search?limit=20&query=${encodeURIComponent(query)}`
  const iat = Math.floor(Date.now() / 1_000)
  const claims = { sub: String(userId), iat, requestPath: target, requestMethod: 'GET' }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ver: 1 })}.${part(claims)}`
  const mac = createHmac('sha256', Buffer.from(authenticationKey, 'base64')).update(signed)
  const answer = await fetch(place.url + target, {
    headers: {
      authorization: `Bearer ${signed}.${mac.digest('base64url')}`,
      space: String(spaceId),
    },
  })
  return ((await answered(answer)) as { data: Customer[] }).data
}

async function answered(answer: Response): Promise<unknown> {
  if (answer.ok) return answer.json()
  throw new Error(`a search was answered with ${answer.status}: ${await answer.text()}`)
}

/** A search that finds nothing, or something else, says nothing about speed. */
function requireFound(found: readonly Customer[], isRight: (customer: Customer) => boolean): void {
  if (found.length === 0 || !found.every(isRight)) throw new Error('a search found the wrong rows')
}
