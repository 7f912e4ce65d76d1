import { beforeAll, expect, test } from 'vitest'
import { world } from '../../world.ts'
import { client, type Client } from './sign.ts'

const it = world()
const customers = 20_000
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
  const { ownerPool } = it.database
  await ownerPool.query(
    `insert into quittance.debtor (tenant_id, reference, data, updated_at)
     select $1, 'many-' || n, jsonb_build_object('lastName', 'Name' || lpad(n::text, 5, '0'),
       'contactInformation', jsonb_build_object('email', n || '@example.com')), now()
     from generate_series(1, $2::integer) n`,
    [us.tenant.tenantId, customers],
  )
  await ownerPool.query('analyze quittance.debtor')
})

async function scansOf(index: string): Promise<number> {
  const { rows } = await it.database.ownerPool.query(
    'select idx_scan::int as scans from pg_stat_user_indexes where indexrelname = $1',
    [index],
  )
  return rows[0].scans
}

/** Statistics arrive a moment after the statement. */
async function usedAfter(index: string, before: number): Promise<boolean> {
  const deadline = Date.now() + 15_000
  while (Date.now() < deadline) {
    if ((await scansOf(index)) > before) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

const leaf = (fieldName: string, operator: string, value: unknown) => ({
  type: 'LEAF',
  fieldName,
  operator,
  value,
})

// Behind row-level security an index is used only for columns of their own and comparisons that leak nothing.
test.each([
  ['debtor_number_key', [leaf('id', 'EQUALS', 4_711)], 'id:4711'],
  [
    'debtor_by_email_address',
    [leaf('emailAddress', 'EQUALS', '4711@example.com')],
    'emailAddress:"4711@example.com"',
  ],
  [
    'debtor_by_family_name',
    [
      leaf('familyName', 'GREATER_THAN_OR_EQUAL', 'Name0471'),
      leaf('familyName', 'LESS_THAN', 'Name0472'),
    ],
    'familyName:>=Name0471 familyName:<Name0472',
  ],
] as const)(
  'customers are found through %s in both versions, not by looking at all of them',
  async (index, children, query) => {
    const before = await scansOf(index)
    const first = await us.v1('POST', '/customer/search', { filter: { type: 'AND', children } })
    expect(first.body.length, JSON.stringify(first.body)).toBeGreaterThan(0)
    expect(await usedAfter(index, before)).toBe(true)
    const between = await scansOf(index)
    const second = await us.v2('GET', `/customers/search?query=${encodeURIComponent(query)}`)
    expect(second.body.data.map(({ id }: { id: number }) => id)).toEqual(
      first.body.map(({ id }: { id: number }) => id),
    )
    expect(await usedAfter(index, between)).toBe(true)
  },
)
