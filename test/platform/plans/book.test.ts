import { beforeAll, describe, expect, test } from 'vitest'
import {
  laneSettings,
  loadEntries,
  loadEntriesOf,
  loadItems,
} from '../../../src/book/load-statements.ts'
import { type Statement, valuesOf } from '../../../src/book/statement.ts'
import type { Json } from '../../../src/book/index.ts'
import { person, type TestTenant, world } from '../../world.ts'
import { type Scan, scansOf } from './explain.ts'

const it = world()
const references = Array.from(
  { length: 2_000 },
  (_, index) => `E-${String(index).padStart(5, '0')}`,
)

let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  await tenant.post('create_accounts', { BIG: { currency: 'EUR', debtors: [person('D')] } })
  for (let from = 0; from < references.length; from += 1_000) {
    const entries = references.slice(from, from + 1_000).map((reference) => ({
      accountReference: 'BIG',
      ledgerEntryReference: reference,
      paymentDetails: { amount: 1 },
      context: {},
    }))
    const answer = await tenant.post('add_account_ledger_entries', entries)
    expect(answer.body.BIG.success).toBe(true)
  }
})

/** What a statement of the bookkeeper, with its settings, reads of the entries: for these values and for any. */
async function ofEntries(statement: Statement, ...rows: object[][]): Promise<Scan[]> {
  const { connection } = it.database
  const place = { connection, tenantId: tenant.tenantId, settings: laneSettings }
  const sent = [{ text: statement.text, values: valuesOf(statement, ...(rows as Json[][])) }]
  const scans = [
    ...(await scansOf(place, sent)),
    ...(await scansOf({ ...place, isGeneric: true }, sent)),
  ]
  return scans.filter(({ relation }) => relation === 'entry')
}

describe('what a post reads does not grow with what is booked', () => {
  test.each(['on tables that were never analysed', 'on tables that were'])('%s', async (state) => {
    const { ownerPool } = it.database
    if (state === 'on tables that were') await ownerPool.query('analyze')
    const t = tenant.tenantId
    const { rows } = await ownerPool.query<{ i: string }>(
      `select account_id as i from quittance.account where tenant_id = $1 and reference = 'BIG'`,
      [t],
    )
    const i = rows[0]!.i
    const wanted = [references[0], references[999], 'FREE']
    for (const scans of [
      await ofEntries(
        loadEntries,
        wanted.map((r) => ({ t, a: 'BIG', r })),
      ),
      await ofEntries(
        loadEntriesOf,
        wanted.map((r) => ({ t, i, r })),
      ),
    ]) {
      const reading = scans.filter(({ touched }) => touched > 0)
      expect(reading.length).toBeGreaterThan(0)
      for (const { index, touched } of reading) {
        expect(index).toBe('entry_reference_key')
        expect(touched).toBeLessThanOrEqual(wanted.length)
      }
    }
  })

  test('an account without open items is matched without reading its history', async () => {
    const open = [{ t: tenant.tenantId, r: 'BIG' }]
    const scans = await ofEntries(loadItems, [], open, [], [], [])
    expect(scans.reduce((sum, { touched }) => sum + touched, 0)).toBe(0)
  })
})
