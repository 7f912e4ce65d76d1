import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { nativeOperations } from '../../src/faces/native/face.ts'
import type { NativeOperation } from '../../src/faces/native/operation.ts'
import { schemaArbitrary } from '../fuzz/schema-arbitrary.ts'
import type { TestTenant } from '../world.ts'

const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)

// What `seedBooks` opens, and what chance does not find.
const pools: Record<string, readonly unknown[]> = {
  claimReference: ['CLAIM'],
  accountReference: ['ACC'],
  debtorReference: ['D'],
  reference: ['CLAIM'],
  claims: ['CLAIM'],
  invoices: ['INV'],
  currency: ['EUR'],
  amount: ['1.00', 1],
  channel: ['email'],
  dueAt: ['2026-04-01T12:00:00Z'],
  name: ['sandbox'],
  url: ['https://93.184.215.14/hook'],
  fromDate: ['2026-01-01'],
  toDate: ['2026-01-31'],
  fallbackLanguage: ['en'],
}

/** Bodies that the published contract of an operation allows, always the same ones. */
export function bodiesOf(operation: NativeOperation, count: number): unknown[] {
  const { body } = operation
  if (!body) return [undefined]
  const isRight = ajv.compile(body)
  const made = fc.sample(
    schemaArbitrary(body, (key) => pools[key]),
    { numRuns: count * 3, seed: 1 },
  )
  return made.filter((one) => isRight(one)).slice(0, count)
}

const samplesMax = 12

/** Operations that make something which then has an address below their own path. */
export const makers = nativeOperations.filter(({ method, path }) => {
  const isBelow = (other: NativeOperation) => other.path.startsWith(`${path}/{`)
  return method === 'POST' && !path.includes('{') && nativeOperations.some(isBelow)
})

/** Has every maker make something; answers the last part of its address by the maker's path. */
export async function makeAll(
  tenant: TestTenant,
  own: Record<string, unknown> = {},
): Promise<Map<string, string>> {
  const made = new Map<string, string>()
  for (const maker of makers) {
    const { path } = maker
    const bodies = own[path] === undefined ? bodiesOf(maker, samplesMax) : [own[path]]
    for (const body of bodies) {
      const answer = await tenant.call({
        method: 'POST',
        url: `/q/v1${path}`,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      })
      if (answer.status >= 300) continue
      const { id, merchantId, sootCode } = answer.body
      const name: unknown = id ?? merchantId ?? sootCode
      if (typeof name === 'string' || typeof name === 'number') made.set(path, String(name))
      break
    }
  }
  return made
}
