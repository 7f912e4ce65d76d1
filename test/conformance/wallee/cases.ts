import { expect } from 'vitest'
import type { World } from '../../world.ts'
import type { Client } from './sign.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- answers are asserted, not typed twice
export type Json = Record<string, any>

let count = 0
export const unique = (prefix: string) => `${prefix}-${(count += 1)}`

export const address = {
  givenName: 'Ada',
  familyName: 'Byron',
  street: 'Weg 1',
  postcode: '8000',
  city: 'Zürich',
  country: 'CH',
  emailAddress: 'ada@example.com',
}

export const item = (amount: number | string, more: Json = {}) => ({
  uniqueId: 'line-1',
  name: 'Chair',
  type: 'PRODUCT',
  quantity: 1,
  amountIncludingTax: amount,
  ...more,
})

/** The body of a case that lacks nothing. */
export const wholeCase = (more: Json = {}): Json => ({
  reference: unique('R'),
  externalId: unique('X'),
  currency: 'EUR',
  dueDate: '2026-02-01T00:00:00.000Z',
  lineItems: [item(100.25)],
  billingAddress: address,
  ...more,
})

export async function createCase(us: Client, body: Json): Promise<Json> {
  const made = await us.v2('POST', '/debt-collection/cases', body)
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body
}

export async function readCase(us: Client, id: number): Promise<Json> {
  const read = await us.v1('GET', `/debt-collection-case/read?id=${id}`)
  expect(read.status, JSON.stringify(read.body)).toBe(200)
  return read.body
}

/** A configuration that sends cases to the manual collector, or to another one. */
export async function configure(us: Client, more: Json = {}): Promise<number> {
  const { body } = await us.v2('GET', '/debt-collection/collectors/search?query=name.en-US:~Manual')
  const made = await us.v2('POST', '/debt-collection/configurations', {
    collector: body.data[0].id,
    name: unique('Configuration'),
    priority: 1,
    skipReviewEnabled: true,
    ...more,
  })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body.id
}

/** Waits until a case is in a state: the server takes it there by itself. */
export async function reaches(us: Client, id: number, state: string): Promise<Json> {
  const seen: { body: Json } = { body: {} }
  await expect
    .poll(
      async () => {
        seen.body = await readCase(us, id)
        return seen.body['state']
      },
      { timeout: 20_000 },
    )
    .toBe(state)
  return seen.body
}

export const collect = (us: Client, id: number, amount: string, externalId: string) =>
  us.v1(
    'POST',
    `/debt-collection-case/addCollectedAmount?id=${id}&collectedAmount=${amount}&externalId=${externalId}`,
  )

/** What a claim asks for in the book, and what its account holds. */
export async function bookOf(it: World, us: Client, reference: string): Promise<Json> {
  const { rows } = await it.database.ownerPool.query(
    `select c.status, c.resolution_reason as reason, a.reference as account, a.credit_minor as credit,
      (select sum(i.outstanding_minor) from quittance.item i where i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)) as owed
     from quittance.claim c join quittance.account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
     where c.tenant_id = $1 and c.reference = $2`,
    [us.tenant.tenantId, reference],
  )
  const [row] = rows
  return row ? { ...row, credit: Number(row.credit), owed: Number(row.owed) } : {}
}
