import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FakeStripe, startFakeStripe } from '../../fakes/stripe.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import { gatewaysOf } from '../payments/given.ts'
import {
  balanceOf,
  cash,
  type Client,
  clientOf,
  expectRefused,
  type Loose,
  openAccount,
} from './given.ts'

const secretKey = 'sk_test_world'
const it = world({ webhookAllow: ['127.0.0.1/32'] })
const noon = it.now
let fake: FakeStripe
let client: Client
let cardId: string
beforeAll(async () => {
  fake = await startFakeStripe(secretKey)
})
beforeEach(async () => {
  fake.charges.length = 0
  fake.failures.length = 0
  fake.seen.length = 0
  const tenant = await it.tenant()
  await openAccount(tenant, { reference: 'A', invoices: [['I1', 10_000]] })
  client = await clientOf(it, tenant)
  cardId = await addCard('pm_card_visa', '4242')
  await setStripe()
})
afterEach(() => {
  it.now = noon
})
afterAll(async () => {
  await fake.close()
  await assertBooksBalance(it.database.ownerPool)
})

async function addCard(reference: string, lastDigits: string): Promise<string> {
  const card = { debtorReference: 'D-A', paymentGatewayReferenceNumber: reference, lastDigits }
  return (await client.own('POST', '/cards', card)).id
}
const removeCard = () => client.tenant.call({ method: 'DELETE', url: `/q/v1/crm/cards/${cardId}` })

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

const byCard = (amount: number, lastDigits = '4242') =>
  cash('A', amount, {
    payment_method_identifier: { name: 'Stripe Payment Gateway' },
    card_identifier: { last_digits: lastDigits },
  })
const listed = async (): Promise<Loose[]> =>
  client.read('payments/list', { accounts_receivable_identifier: 'number=A' })

const query = <R extends object>(text: string, values: unknown[] = []) =>
  it.database.ownerPool.query<R>(text, [client.tenant.tenantId, ...values])

const copyCharging = `
  insert into quittance.crm_payment (tenant_id, payment_id, classification, account_id, state, amount_minor, type_id,
    method_id, issued_at, updated_at, details, lease_id, leased_until, is_charging, charged_by)
  select tenant_id, gen_random_uuid(), classification, account_id, 'NEW', amount_minor, type_id, method_id, issued_at,
    updated_at, details || '{"cardReference": "pm_card_visa"}', gen_random_uuid(), $2, true, $3
  from quittance.crm_payment
  where tenant_id = $1 returning payment_id as id, amount_minor as amount`
const oneMinuteOn = () => new Date(it.now.getTime() + 60_000)

/** A charge as a server leaves it that stops between charging and booking; answers the payment's id. */
async function leftBehind(chargedBy: string | null): Promise<string> {
  const posted = await client.ok('payments/create', byCard(25))
  const { rows } = await query<{ id: string; amount: string }>(copyCharging, [
    oneMinuteOn(),
    chargedBy,
  ])
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

/** As it cannot be removed while it is charged. */
const loseCard = () => query('delete from quittance.crm_card where tenant_id = $1')

/** Does something while a transaction is open, which ends as soon as that waits for it. */
async function during<R>(statements: readonly [string, unknown[]][], begin: () => Promise<R>) {
  const holding = await it.database.ownerPool.connect()
  try {
    await holding.query('begin')
    for (const [text, values] of statements)
      await holding.query(text, [client.tenant.tenantId, ...values])
    const begun = begin()
    await expect.poll(isWaiting, { timeout: 10_000 }).toBe(true)
    await holding.query('commit')
    return await begun
  } finally {
    holding.release()
  }
}

async function isWaiting(): Promise<boolean> {
  const { rows } = await it.database.ownerPool.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows.length > 0
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

  test('is not undone because its provider refuses to be asked again', async () => {
    const paymentId = await leftBehind('stripe')
    // Stripe's search does not show it yet, and the key was used with another amount.
    for (const intent of fake.charges) intent['metadata'] = {}
    await query(
      `update quittance.crm_payment set amount_minor = amount_minor + 1 where tenant_id = $1 and is_charging`,
    )
    const refusals = () => fake.seen.filter((one) => one === 'POST /v1/payment_intents 400').length
    // Asked a second time, it was not undone the first.
    for (const times of [1, 2]) {
      it.now = new Date(noon.getTime() + times * 5 * 60_000)
      await expect.poll(refusals, { timeout: 30_000 }).toBe(times)
    }
    expect(await rowOf(paymentId)).toMatchObject({ state: 'NEW', isCharging: true })
    expect(await listed()).toHaveLength(1)
  })
})

describe('the card of a charge', () => {
  test('cannot be removed until that is over', async () => {
    fake.failures.push(500)
    expect((await client.post('payments/create', byCard(30))).body.data).toBeNull()
    expect(await removeCard()).toMatchObject({ status: 409, body: { code: 'card_charging' } })
    expect((await client.own('GET', '/cards?debtorReference=D-A')).items).toHaveLength(1)
    it.now = new Date(noon.getTime() + 3 * 60_000)
    await expect.poll(async () => (await listed()).length, { timeout: 30_000 }).toBe(1)
    expect(await balanceOf(client, 'A')).toBe(70)
    expect((await removeCard()).status).toBe(204)
  })

  test('may be gone: its provider is asked again all the same', async () => {
    const paymentId = await leftBehind('stripe')
    await loseCard()
    it.now = new Date(noon.getTime() + 2 * 60_000)
    await expect.poll(async () => (await listed()).length, { timeout: 30_000 }).toBe(2)
    expect(fake.charges, 'charged once each').toHaveLength(2)
    expect(await balanceOf(client, 'A')).toBe(50)
    expect(await rowOf(paymentId)).toMatchObject({ state: 'POSTED', isCharging: false })
  })

  test('keeps a charge waiting where nobody knows how its provider called it', async () => {
    const paymentId = await leftBehind('stripe')
    await query(
      `update quittance.crm_payment set details = details - 'cardReference' where tenant_id = $1`,
    )
    await loseCard()
    it.now = new Date(noon.getTime() + 2 * 60_000)
    const waits = { state: 'NEW', isCharging: true, chargedBy: 'stripe', isTried: true }
    await expect.poll(() => rowOf(paymentId), { timeout: 30_000 }).toEqual(waits)
    expect(await balanceOf(client, 'A')).toBe(75)
  })

  test('is free again with its draft when it was declined later', async () => {
    cardId = await addCard('pm_card_chargeDeclined', '0002')
    const draft = { ...byCard(30, '0002'), life_cycle_state: 'DRAFT' }
    const { reference_number } = await client.ok('payments/create', draft)
    fake.failures.push(500)
    await client.post('payments/post', { payment_identifier: { reference_number } })
    expect((await removeCard()).status).toBe(409)
    it.now = new Date(noon.getTime() + 3 * 60_000)
    const free = { state: 'DRAFT', isCharging: false, chargedBy: null, hasReference: false }
    const draftNow = async () =>
      (
        await query(
          `select state, is_charging as "isCharging", charged_by as "chargedBy",
             details ? 'cardReference' as "hasReference" from quittance.crm_payment where tenant_id = $1`,
        )
      ).rows
    await expect.poll(draftNow, { timeout: 30_000 }).toEqual([free])
    expect((await removeCard()).status).toBe(204)
  })

  test('pays a draft that it could not pay before', async () => {
    await addCard('pm_card_low', '0003')
    const draft = { ...byCard(30, '0003'), life_cycle_state: 'DRAFT' }
    const { reference_number } = await client.ok('payments/create', draft)
    const body = { payment_identifier: { reference_number } }
    fake.withoutMoney.add('pm_card_low')
    expectRefused(await client.post('payments/post', body), 'PAYMENTS.PAYMENTDECLINEDBYGATEWAY')
    fake.withoutMoney.clear()
    expect(await client.ok('payments/post', body)).toMatchObject({ number: '1' })
    expect(fake.charges).toHaveLength(1)
    expect(await balanceOf(client, 'A')).toBe(70)
    const { rows } = await query(`select details from quittance.crm_payment where tenant_id = $1`)
    expect(rows).toEqual([
      { details: expect.not.objectContaining({ chargeKey: expect.anything() }) },
    ])
  })

  test('is asked for where a draft is older than the gateway of its method', async () => {
    const method = await client.own('POST', '/payment-methods', { name: 'Terminal' })
    const draft = cash('A', 30, {
      payment_method_identifier: { name: 'Terminal' },
      life_cycle_state: 'DRAFT',
    })
    const { reference_number } = await client.ok('payments/create', draft)
    await client.own('PATCH', `/payment-methods/${method.id}`, { gateway: 'STRIPE' })
    const post = () => client.post('payments/post', { payment_identifier: { reference_number } })
    // Twice: the draft is given back each time.
    for (const answer of [await post(), await post()])
      expectRefused(answer, 'PAYMENTS.CARDMANDATORY')
  })

  test('stays when its removal and the charge come at the same moment and the charge is first', async () => {
    await client.ok('payments/create', byCard(25))
    const removed = await during(
      [
        ['select 1 from quittance.crm_card where tenant_id = $1 for share', []],
        [copyCharging, [oneMinuteOn(), 'stripe']],
      ],
      removeCard,
    )
    expect(removed).toMatchObject({ status: 409, body: { code: 'card_charging' } })
  })

  test('is not charged when its removal and the charge come at the same moment and the removal is first', async () => {
    const refused = await during(
      [['delete from quittance.crm_card where tenant_id = $1', []]],
      () => client.post('payments/create', byCard(25)),
    )
    expectRefused(refused, 'PAYMENTS.PAYMENTDECLINEDBYGATEWAY')
    expect(fake.charges).toEqual([])
    expect(await listed()).toEqual([])
  })
})
