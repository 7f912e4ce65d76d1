import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  claim,
  eventsDuring,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const modes = [
  ['without sequential', ''],
  ['with sequential', '?sequential=true'],
] as const

const inAcc = { accountReference: 'ACC' }
/** A map body in exactly this order; an object would put keys that look like numbers first. */
const mapOf = (...items: [string, unknown][]) =>
  `{${items.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`

async function createdBy(tenant: TestTenant, body: string, query: string) {
  const events = await eventsDuring(it, tenant, () => tenant.post('create_claims', body, query))
  return events
    .filter(({ type }) => type === 'event.claim.created')
    .map(({ data }) => data.claimRef as string)
}

describe.each(modes)('D-19: the order of a batch %s', (_name, query) => {
  test('is that of the body, keys that look like numbers too', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const keys = ['10', 'b', '9', '-1', 'a', '1', '01', '2']
    const items = keys.map((key): [string, unknown] => [key, claim(1, inAcc)])
    expect(await createdBy(tenant, mapOf(...items), query)).toEqual(keys)
  })

  test('an item that fails never stops later ones', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 1)])
    const body = mapOf(
      ['20', claim(1, inAcc)],
      ['I', claim(1, inAcc)],
      ['3', claim(1, { ...inAcc, currency: 'USD' })],
      ['A', claim(1, inAcc)],
    )
    const answer = await tenant.post('create_claims', body, query)
    const successes = Object.entries(answer.body).map(([key, item]: [string, Loose]) => [
      key,
      item.success,
    ])
    expect(Object.fromEntries(successes)).toEqual({ 20: true, I: false, 3: false, A: true })
    expect(await linesOf(tenant)).toEqual(['20 ACTIVE 1+0', 'A ACTIVE 1+0', 'I ACTIVE 1+0'])
  })

  test('lets a later item see what an earlier one of its account did', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100)])
    const target = (amount: number, reason: string) => ({
      accountReference: 'ACC',
      ledgerEntries: [{ ledgerEntryReference: 'I', amount, reason, meta: {} }],
    })
    const steps = [target(40, 'PAYMENT'), target(50, 'PAYMENT'), target(45, 'CHARGEBACK')]
    const answer = await tenant.post('update_account_ledger_entries_amounts', steps, query)
    // D-8: one answer of the account, its data without the step that was refused.
    const done = 'Successfully updated ledger entry amounts for account ACC'
    const wrong = parameterError(4013, 'Amount direction does not fit the reason')
    expect(answer.body.ACC).toMatchObject({
      success: false,
      messages: [done, wrong, done],
      data: [steps[0], steps[2]],
    })
    expect(answer.body.ACC.messageIds).toHaveLength(2)
    expect(await linesOf(tenant)).toEqual(['I ACTIVE 45+0'])
  })
})

describe('D-8: several items of one account', () => {
  test('fold into one answer, data and messages in body order', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    await tenant.post('create_accounts', { B: { currency: 'EUR' } })
    const products = ['P-2', 'P-1', 'P-3'].map((productReference, index) => ({
      accountReference: index === 1 ? 'B' : 'ACC',
      productReference,
    }))
    const { body } = await tenant.post('add_account_products', products)
    expect(Object.keys(body)).toEqual(['ACC', 'B'])
    expect(body.ACC.messages).toEqual([
      'Successfully added Product P-2',
      'Successfully added Product P-3',
    ])
    expect(body.ACC.data.map((one: Loose) => one.productReference)).toEqual(['P-2', 'P-3'])
    expect(new Set(body.ACC.messageIds).size).toBe(2)
  })

  test('a claim that one request resolves twice is refused the second time', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 5)])
    const twice = [
      { ref: 'I', reason: 'CLAIM_SOLD' },
      { ref: 'I', reason: 'CLAIM_PAID' },
    ]
    const { body } = await tenant.post('resolve_claims', twice)
    expect(body.I).toMatchObject({
      success: false,
      messages: ['Successfully processed action', parameterError(4012, 'Claim is not active')],
    })
    expect(await linesOf(tenant)).toEqual(['I RESOLVED 5+0'])
  })
})
