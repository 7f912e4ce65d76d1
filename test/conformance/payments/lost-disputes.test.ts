import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type FakeStripe, startFakeStripe } from '../../fakes/stripe.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import { balanceOf, claim, done, eventsOf, fee, invoice, openAccount } from '../receeve/given.ts'
import { type Payer, payerOf, roundOf, type Started, workOf } from './given.ts'

const secretKey = 'sk_test_world'
const it = world({ webhookAllow: ['127.0.0.1/32'] })
const noon = it.now
const dayMs = 86_400_000
let fake: FakeStripe
beforeAll(async () => {
  fake = await startFakeStripe(secretKey)
})
afterEach(() => {
  it.now = noon
})
afterAll(async () => {
  await fake.close()
  await assertBooksBalance(it.database.ownerPool)
})

const dayAfter = (days: number) => new Date(noon.getTime() + days * dayMs)
const typesOf = async (tenant: TestTenant, wanted: string) =>
  (await eventsOf(it, tenant)).filter(({ type }) => type === `event.${wanted}`)

/** ACC with the managed claim INV of 1000 and its fee of 100, and the unmanaged claim C of 500. */
async function prepared(isSandbox = false): Promise<{ tenant: TestTenant; payer: Payer }> {
  const tenant = await it.tenant('Acme', {}, isSandbox)
  await openAccount(tenant, [invoice('INV', 1_000), fee('FEE', 100, 'INV', { type: 'LATE' })])
  const body = { C: claim(500, { accountReference: 'ACC' }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  return { tenant, payer: payerOf(it, tenant) }
}

describe('a dispute that nobody told us of', () => {
  test('is found at the next look by the test clock, and its claims are asked for again', async () => {
    const { tenant, payer } = await prepared(true)
    const paid = await payer.started(['INV', 1_100], ['C', 500])
    await payer.pay(paid)
    const advance = (days: number) => payer.send('POST', '/test-clock/advance', { days })
    expect((await advance(40)).status).toBe(200)
    await payer.disputeUnseen(paid, dayAfter(40))
    await advance(15)
    expect((await payer.rowOf(paid)).state, 'no look yet').toBe('settled')
    await advance(20)
    const { history } = (await payer.send('GET', `/payments/${paid.paymentId}`)).body
    expect(history.at(-1)).toEqual({
      state: 'disputed',
      at: dayAfter(60).toISOString(),
      reason: 'payment_disputed',
    })
    await advance(200)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_600, credit: 0 })
    expect((await payer.money()).filter((line) => line.includes('chargeback')).toSorted()).toEqual([
      'ACC chargeback 100',
      'ACC chargeback 1000',
      'ACC chargeback 500',
    ])
    expect(await typesOf(tenant, 'multiClaimDebtPayment.disputed')).toHaveLength(1)
    expect(await payer.rowOf(paid)).toMatchObject({ state: 'disputed', nextCheckAt: null })
  })

  /** A payment that Stripe says is paid, found out by asking. */
  async function paidAtStripe(tenant: TestTenant, payer: Payer) {
    const { apiBase } = fake
    const settings = { name: 'stripe', secretKey, webhookSecret: 'whsec_1', apiBase }
    expect((await payer.send('POST', '/payment-providers', settings)).status).toBe(200)
    const paid = await payer.started(['INV', 1_100])
    fake.complete(paid.providerReference)
    expect((await payer.refresh(paid)).body.state).toBe('settled')
    return paid
  }

  async function goTo(days: number, of: { tenant: TestTenant; payer: Payer; paid: Started }) {
    it.now = dayAfter(days)
    // The server's own round may have it in its hands.
    const isLooked = async () => {
      await roundOf(it, of.tenant)
      const { nextCheckAt } = await of.payer.rowOf(of.paid)
      return nextCheckAt === null || nextCheckAt > it.now
    }
    await expect.poll(isLooked, { timeout: 20_000 }).toBe(true)
  }

  test('is found at Stripe by a look that comes after it, and by none before', async () => {
    const { tenant, payer } = await prepared()
    const paid = await paidAtStripe(tenant, payer)
    const of = { tenant, payer, paid }
    const path = `/v1/checkout/sessions/${paid.providerReference}`
    const looks = () => fake.seen.filter((line) => line.startsWith(`GET ${path}`)).length
    const before = looks()
    for (const day of [1, 2, 3, 7, 14, 30, 39]) await goTo(day, of)
    await expect.poll(looks, { timeout: 20_000 }).toBe(before + 5)
    fake.dispute(paid.providerReference)
    await goTo(41, of)
    expect((await payer.rowOf(paid)).state).toBe('settled')
    await goTo(60, of)
    const stateNow = async () => (await payer.rowOf(paid)).state
    await expect.poll(stateNow, { timeout: 20_000 }).toBe('disputed')
    await goTo(125, of)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_600, credit: 0 })
    expect(await payer.money()).toEqual([
      'ACC payment 100',
      'ACC payment 1000',
      'ACC chargeback 100',
      'ACC chargeback 1000',
    ])
    expect(await typesOf(tenant, 'claimDebtPayment.disputed')).toHaveLength(1)
  })

  test('takes nothing back where it was won before anybody looked', async () => {
    const { tenant, payer } = await prepared()
    const paid = await paidAtStripe(tenant, payer)
    fake.dispute(paid.providerReference, 'won')
    await goTo(1, { tenant, payer, paid })
    expect((await payer.rowOf(paid)).state).toBe('settled')
    expect(await balanceOf(it, tenant)).toEqual({ balance: 500, credit: 0 })
  })

  test('is looked for again a day later where the provider was away', async () => {
    const { tenant, payer } = await prepared()
    const paid = await paidAtStripe(tenant, payer)
    fake.failures.push(500)
    await goTo(1, { tenant, payer, paid })
    const stands = () => payer.rowOf(paid)
    const isAway = { state: 'settled', checks: 0, nextCheckAt: dayAfter(2) }
    await expect.poll(stands, { timeout: 20_000 }).toEqual(isAway)
    await goTo(2, { tenant, payer, paid })
    await expect.poll(stands, { timeout: 20_000 }).toMatchObject({
      checks: 1,
      nextCheckAt: dayAfter(4),
    })
  })
})

describe('a round of questions', () => {
  test('ends after so many, and what is left waits for the next', async () => {
    const { tenant, payer } = await prepared()
    const paid = await payer.started(['INV', 1_100])
    await payer.pay(paid)
    // Copies that have nobody to ask, due at a time that only we have reached.
    const due = new Date('2031-01-01T00:00:00.000Z')
    await it.database.ownerPool.query(
      `insert into quittance.portal_payment (tenant_id, payment_id, provider, currency, amount_minor, state, history,
         next_check_at, expires_at, created_at, updated_at)
       select tenant_id, gen_random_uuid(), provider, currency, amount_minor, 'settled', history, $2, expires_at,
         created_at, updated_at from quittance.portal_payment, generate_series(1, 300) where payment_id = $1`,
      [paid.paymentId, due],
    )
    const work = workOf(it, () => new Date(due.getTime() + 1))
    const { tenantId } = tenant
    const left = async () => {
      const { rows } = await it.database.ownerPool.query<{ count: number }>(
        `select count(*)::int as count from quittance.portal_payment where tenant_id = $1 and next_check_at = $2`,
        [tenantId, due],
      )
      return rows[0]?.count
    }
    const { signal } = new AbortController()
    await work.runDue(tenantId, signal)
    expect(await left()).toBeGreaterThan(0)
    expect(await work.isUnderWay?.(tenantId)).toBe(true)
    await work.runDue(tenantId, signal)
    expect(await left()).toBe(0)
    expect(await work.isUnderWay?.(tenantId)).toBe(false)
  })
})
