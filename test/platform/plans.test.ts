import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { laneSettings, loadEntries, loadItems } from '../../src/book/load-statements.ts'
import { asApplication, tenantsSetting } from '../../src/platform/db.ts'
import { person, type TestTenant, world } from '../world.ts'

const it = world()
const references = Array.from(
  { length: 2_000 },
  (_, index) => `E-${String(index).padStart(5, '0')}`,
)

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

let tenant: TestTenant
let client: Client

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
  client = new Client(asApplication(it.database.connection))
  await client.connect()
  await client.query(laneSettings)
})
afterAll(() => client.end())

/** The nodes of the plan that reads one relation, as it really ran. */
async function nodesOn(relation: string, text: string, values: unknown[]): Promise<Node[]> {
  await client.query('begin')
  await client.query('select set_config($1, $2, true)', [tenantsSetting, `{${tenant.tenantId}}`])
  const { rows } = await client.query(`explain (analyze, format json) ${text}`, values)
  await client.query('rollback')
  const found: Node[] = []
  const walk = (node: Node) => {
    if (node['Relation Name'] === relation) found.push(node)
    for (const child of node.Plans ?? []) walk(child)
  }
  walk(rows[0]['QUERY PLAN'][0].Plan)
  return found
}

/** Rows that a node touched, whether it passed them on or not. */
const touched = (node: Node) =>
  (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']

describe('what a post reads does not grow with what is booked', () => {
  test.each(['on tables that were never analysed', 'on tables that were'])('%s', async (state) => {
    if (state === 'on tables that were') await it.database.ownerPool.query('analyze')
    const wanted = [references[0], references[999], 'FREE'].map((r) => ({
      t: tenant.tenantId,
      a: 'BIG',
      r,
    }))
    const nodes = await nodesOn('entry', loadEntries, [JSON.stringify(wanted)])
    const ofEntries = nodes.filter((node) => touched(node) > 0)
    expect(ofEntries.length).toBeGreaterThan(0)
    for (const node of ofEntries) {
      expect(node['Index Name']).toBe('entry_reference_key')
      expect(touched(node)).toBeLessThanOrEqual(wanted.length)
    }
  })

  test('an account without open items is matched without reading its history', async () => {
    const open = JSON.stringify([{ t: tenant.tenantId, r: 'BIG' }])
    const nodes = await nodesOn('entry', loadItems, ['[]', open, '[]', '[]', '[]'])
    expect(nodes.reduce((sum, node) => sum + touched(node), 0)).toBe(0)
  })
})
