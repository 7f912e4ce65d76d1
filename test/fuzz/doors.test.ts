import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { assertBooksBalance } from '../invariants.ts'
import { type TestTenant, world } from '../world.ts'
import {
  bodied,
  contents,
  type Operation,
  operations,
  requestOf,
  seedBooks,
} from '../platform/doors.ts'
import { schemaArbitrary } from './schema-arbitrary.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 300)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

const it = world()
let tenant: TestTenant
let other: TestTenant
let othersContents: Record<string, string>
const secret = 'only-the-other-tenant-may-see-this'
beforeAll(async () => {
  tenant = await it.tenant()
  other = await it.tenant()
  await seedBooks(tenant)
  await seedBooks(other, secret)
  othersContents = await contents(it.database.ownerPool, other.tenantId)
})

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
const answers = new Map(
  operations.flatMap(({ id, schemas }) =>
    schemas.answer ? [[id, ajv.compile(schemas.answer)] as const] : [],
  ),
)

// Few names, so that what one request makes the next one finds.
const references = ['ACC', 'ACC-2', 'INV', 'FEE', 'CLAIM', 'CLAIM-DELETED', 'D', 'P', 'X', 'Y', 'Z']
const strange = ['INV-2026-01-31', 'constructor', '0', "'; --", 'a/b%', '🏦']
const own = [...references, ...references, ...strange]
const amounts = [0, 1, 50, 100, 250, 1_000, Number.MAX_SAFE_INTEGER]
const pools: Record<string, readonly unknown[]> = {
  key: own,
  ref: own,
  accountNumber: own,
  currency: ['EUR', 'EUR', 'EUR', 'USD'],
  amount: amounts,
  totalAmount: amounts,
  totalFees: amounts,
  fees: [0, 10],
  trackingId: ['T1', 'T2'],
  providerName: ['PSP'],
  firstName: ['Ada', 'Grace'],
  lastName: ['Byron', 'Hopper'],
  type: ['natural', 'PENALTY_FEE', 'x'],
  name: ['interest', 'lateFee'],
  eventType: ['event.claim.created', 'event.claim.resolved', 'event.accountMeta.set', 'x'],
  date: ['2026-03-10', '2026-03-11'],
  dueDate: ['2026-01-31', '2026-02-28', '2026-04-30'],
  mandateId: ['M', 'M-2'],
}
const pool = (key: string) => pools[key] ?? (/reference$/i.test(key) ? own : undefined)

interface Shot {
  id: string
  body: unknown
  query: string
  key: string | undefined
}

/** What comes in no schema, put somewhere into a body. */
const foreign = fc.constantFrom<unknown[]>(
  null,
  -1,
  1.5,
  '',
  'NUL \0',
  'half \ud800',
  [],
  {},
  1e300,
  'x'.repeat(2_000),
  { a: { b: [1] } },
)

const path = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 5 })

/** A body of the right shape; in one of three cases something else stands at some place of it. */
function bodyOf(schema: object): fc.Arbitrary<unknown> {
  const right = schemaArbitrary(schema, pool)
  const mutated = fc
    .tuple(right, path, foreign)
    .map(([body, steps, value]) => replaced(body, steps, value))
  return fc.oneof({ weight: 2, arbitrary: right }, { weight: 1, arbitrary: mutated })
}

function replaced(value: unknown, steps: readonly number[], by: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return by
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  ;(copy as Record<string, unknown>)[key] = replaced(
    (value as Record<string, unknown>)[key],
    rest,
    by,
  )
  return copy
}

function shotAt(operation: Operation): fc.Arbitrary<Shot> {
  const { body, query } = operation.schemas
  return fc.record({
    id: fc.constant(operation.id),
    body: body ? bodyOf(body) : fc.constant(undefined),
    query: query
      ? (schemaArbitrary(query, pool) as fc.Arbitrary<Record<string, unknown>>).map((values) =>
          new URLSearchParams(
            Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
          ).toString(),
        )
      : fc.constant(''),
    key: fc.oneof(
      { weight: 12, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('k1', 'k2', 'k3') },
    ),
  })
}

// Those that write take most of the turns.
const shots = fc.oneof(
  ...operations.map((operation) => ({
    weight: operation.body === undefined ? 1 : 3,
    arbitrary: shotAt(operation),
  })),
)

const seen = { accepted: 0, done: 0, refused: 0 }

async function fire({ id, body, query, key }: Shot): Promise<void> {
  const operation = operations.find((one) => one.id === id)!
  const answer = await tenant.call(
    requestOf(operation, {
      tenantId: tenant.tenantId,
      body,
      query,
      headers: key === undefined ? {} : { 'idempotency-key': key },
    }),
  )
  const { status } = answer
  expect({ status, body: answer.body }).not.toMatchObject({
    status: expect.toSatisfy((s) => s >= 500),
  })
  const text = JSON.stringify(answer.body)
  expect(text).not.toContain(secret)
  // A bug in one item of a batch is answered in its place.
  expect(text).not.toContain('Internal server error')
  if (status !== 200) {
    seen.refused += 1
    return
  }
  seen.accepted += 1
  if (text.includes('"success":true')) seen.done += 1
  const isRight = answers.get(id)
  const conforms = isRight === undefined || isRight(answer.body)
  expect({ conforms, errors: isRight?.errors ?? [] }).toEqual({ conforms: true, errors: [] })
}

async function count(of: string): Promise<number> {
  const statement = `select count(*) as n from quittance.${of}`
  const { rows } = await it.database.ownerPool.query<{ n: number }>(statement)
  return rows[0]!.n
}

test(
  `no request whatever makes a server error, leaves the contract or reaches another tenant`,
  { timeout: 30_000 + runs * 200 },
  async () => {
    // The books grow from shot to shot, so a shorter counterexample says nothing.
    await fc.assert(fc.asyncProperty(shots, fire), { numRuns: runs, seed, endOnFailure: true })
    // Bodies that are refused as a whole, or do nothing, would test little.
    expect(seen.accepted).toBeGreaterThan(runs / 5)
    expect(seen.done).toBeGreaterThan(runs / 40)
    expect(seen.refused).toBeGreaterThan(0)
    await expect.poll(() => count('pending_command'), { timeout: 30_000 }).toBe(0)
    expect(await count(`event where data ->> 'error' like '%Internal%'`)).toBe(0)
    await assertBooksBalance(it.database.ownerPool)
    expect(await contents(it.database.ownerPool, other.tenantId)).toEqual(othersContents)
  },
)

test('the arbitraries make bodies that the published schemas accept', () => {
  for (const { id, schemas } of bodied) {
    const isRight = ajv.compile(schemas.body as object)
    const made = fc.sample(schemaArbitrary(schemas.body as object, pool), { numRuns: 100, seed })
    const accepted = made.filter((body) => isRight(body)).length
    expect({ id, accepted: accepted > 50 }).toEqual({ id, accepted: true })
  }
})
