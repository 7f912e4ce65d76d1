import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FakeStripe, startFakeStripe } from '../../fakes/stripe.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import { gatewaysOf } from '../payments/given.ts'
import { balanceOf, cash, type Client, clientOf, type Loose, openAccount } from './given.ts'

const secretKey = 'sk_test_world'
const it = world({ webhookAllow: ['127.0.0.1/32'] })
const noon = it.now
let fake: FakeStripe
let client: Client
beforeAll(async () => {
  fake = await startFakeStripe(secretKey)
})
beforeEach(async () => {
  fake.charges.length = 0
  fake.failures.length = 0
  const tenant = await it.tenant()
  await openAccount(tenant, { reference: 'A', invoices: [['I1', 10_000]] })
  client = await clientOf(it, tenant)
  await client.own('POST', '/cards', {
    debtorReference: 'D-A',
    paymentGatewayReferenceNumber: 'pm_card_visa',
    lastDigits: '4242',
  })
  await setStripe()
})
afterEach(() => {
  it.now = noon
})
afterAll(async () => {
  await fake.close()
  await assertBooksBalance(it.database.ownerPool)
})

async function setStripe(): Promise<void> {
  const { apiBase } = fake
  const payload = { name: 'stripe', secretKey, webhookSecret: 'whsec_1', apiBase }
  const url = '/q/v1/payment-providers'
  expect((await client.tenant.call({ method: 'POST', url, payload })).status).toBe(200)
}
async function removeStripe(): Promise<void> {
  const url = '/q/v1/payment-providers/stripe'
  expect((await client.tenant.call({ method: 'DELETE', url })).status).toBe(204)
}

const byCard = (amount: number) =>
  cash('A', amount, {
    payment_method_identifier: { name: 'Stripe Payment Gateway' },
    card_identifier: { last_digits: '4242' },
  })
const listed = async (): Promise<Loose[]> =>
  client.read('payments/list', { accounts_receivable_identifier: 'number=A' })

/** A charge as a server leaves it that stops between charging and booking; answers the payment's id. */
async function leftBehind(chargedBy: string | null): Promise<string> {
  const posted = await client.ok('payments/create', byCard(25))
  const { rows } = await it.database.ownerPool.query<{ id: string; amount: string }>(
    `insert into quittance.crm_payment (tenant_id, payment_id, classification, account_id, state, amount_minor, type_id,
       method_id, issued_at, updated_at, details, lease_id, leased_until, is_charging, charged_by)
     select tenant_id, gen_random_uuid(), classification, account_id, 'NEW', amount_minor, type_id, method_id,
       issued_at, updated_at, details, gen_random_uuid(), $2, true, $3 from quittance.crm_payment
     where tenant_id = $1 returning payment_id as id, amount_minor as amount`,
    [client.tenant.tenantId, new Date(it.now.getTime() + 60_000), chargedBy],
  )
  const [row] = rows
  expect(posted.number).toBe('1')
  const stripe = await gatewaysOf(it).provider(client.tenant.tenantId, 'stripe')
  await stripe.chargeCard?.({
    amountMinor: Number(row?.amount),
    currency: 'EUR',
    cardReference: 'pm_card_visa',
    idempotencyKey: row?.id ?? '',
    description: 'Payment on A',
  })
  expect(fake.charges).toHaveLength(2)
  return row?.id ?? ''
}

async function rowOf(paymentId: string) {
  const { rows } = await it.database.ownerPool.query<Record<string, unknown>>(
    `select state, is_charging as "isCharging", charged_by as "chargedBy", leased_until > $2 as "isTried"
     from quittance.crm_payment where payment_id = $1`,
    [paymentId, it.now],
  )
  return rows[0]
}

async function sandboxCharges(): Promise<number> {
  const { rows } = await it.database.ownerPool.query(
    'select 1 from quittance.sandbox_charge where tenant_id = $1',
    [client.tenant.tenantId],
  )
  return rows.length
}

describe('a charge that was left behind', () => {
  test('waits for the provider that took it when the tenant removed that, and asks no other', async () => {
    const paymentId = await leftBehind('stripe')
    await removeStripe()
    it.now = new Date(noon.getTime() + 2 * 60_000)
    const waits = { state: 'NEW', isCharging: true, chargedBy: 'stripe', isTried: true }
    await expect.poll(() => rowOf(paymentId), { timeout: 30_000 }).toEqual(waits)
    expect(await sandboxCharges()).toBe(0)
    expect(await listed()).toHaveLength(1)
    expect(await balanceOf(client, 'A')).toBe(75)

    await setStripe()
    // So late that Stripe knows the key no more.
    fake.forgetKeys()
    it.now = new Date(noon.getTime() + 10 * 60_000)
    await expect.poll(async () => (await listed()).length, { timeout: 30_000 }).toBe(2)
    expect(fake.charges, 'charged once each').toHaveLength(2)
    expect(await balanceOf(client, 'A')).toBe(50)
    expect(await rowOf(paymentId)).toMatchObject({ state: 'POSTED', isCharging: false })
    const [, second] = await listed()
    expect(second).toMatchObject({
      processed_by_payment_gateway: 'STRIPE',
      payment_gateway_reference_number: fake.charges[1]?.['latest_charge'],
    })
    expect(await sandboxCharges()).toBe(0)
  })

  test('is made by the provider that was asked, and that is written down before it is asked', async () => {
    await client.ok('payments/create', byCard(25))
    expect(fake.charges).toHaveLength(1)
    fake.failures.push(500)
    expect((await client.post('payments/create', byCard(30))).body.data).toBeNull()
    const { rows } = await it.database.ownerPool.query<{ id: string; chargedBy: string }>(
      `select payment_id as id, charged_by as "chargedBy" from quittance.crm_payment
       where tenant_id = $1 and is_charging`,
      [client.tenant.tenantId],
    )
    expect(rows).toEqual([{ id: expect.any(String), chargedBy: 'stripe' }])
    it.now = new Date(noon.getTime() + 3 * 60_000)
    await expect.poll(async () => (await listed()).length, { timeout: 30_000 }).toBe(2)
    expect(fake.charges.map(({ amount }) => amount)).toEqual([2_500, 3_000])
    expect(await balanceOf(client, 'A')).toBe(45)
  })

  test('stays unpaid where nobody can tell whether it was made', async () => {
    const paymentId = await leftBehind('stripe')
    fake.forgetKeys()
    fake.failures.push(403)
    it.now = new Date(noon.getTime() + 2 * 60_000)
    await expect.poll(() => fake.failures.length, { timeout: 30_000 }).toBe(0)
    expect(await rowOf(paymentId)).toMatchObject({ state: 'NEW', isCharging: true })
    expect(fake.charges).toHaveLength(2)
    it.now = new Date(noon.getTime() + 10 * 60_000)
    await expect.poll(async () => (await listed()).length, { timeout: 30_000 }).toBe(2)
    expect(fake.charges).toHaveLength(2)
  })
})
