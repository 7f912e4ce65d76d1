import { describe, expect, test } from 'vitest'
import { person, type TestTenant, world } from './world.ts'

const it = world()

const advance = (tenant: TestTenant, payload: Record<string, unknown>) =>
  tenant.call({ method: 'POST', url: '/q/v1/test-clock/advance', payload })
const clock = async (tenant: TestTenant) =>
  (await tenant.call({ method: 'GET', url: '/q/v1/test-clock' })).body.now

async function withPromise(tenant: TestTenant): Promise<void> {
  await tenant.post('create_claims', {
    C: {
      amount: 1_000,
      currency: 'EUR',
      originalDueDate: '2026-01-15',
      currentDueDate: '2026-01-15',
      totalFees: 0,
      primaryDebtor: person('D'),
    },
  })
  const promise = { C: { amount: 400, currency: 'EUR', dueDate: '2026-03-20' } }
  const answer = await tenant.post('create_promises_to_pay', promise)
  expect(answer.body['C'].success).toBe(true)
}

/** The instants of a tenant's events of one type. */
async function instantsOf(tenant: TestTenant, type: string): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ at: Date }>(
    'select occurred_at as at from quittance.event where tenant_id = $1 and type = $2 order by xid, seq',
    [tenant.tenantId, type],
  )
  return rows.map(({ at }) => at.toISOString())
}

describe('the test clock of a sandbox tenant', () => {
  test('goes to an instant or by a span, and what is booked afterwards is booked then', async () => {
    const tenant = await it.tenant('Sandbox', {}, true)
    expect(await clock(tenant)).toBe(it.now.toISOString())
    const there = await advance(tenant, { to: '2026-04-01T09:00:00Z' })
    expect(there).toMatchObject({ status: 200, body: { now: '2026-04-01T09:00:00.000Z' } })
    await advance(tenant, { days: 2, hours: 3, minutes: 4 })
    expect(await clock(tenant)).toBe('2026-04-03T12:04:00.000Z')
    await withPromise(await it.tenant('Other'))
    await tenant.post('create_accounts', { ACC: { currency: 'EUR', debtors: [person('D')] } })
    const { rows } = await it.database.ownerPool.query<{ at: Date }>(
      'select created_at as at from quittance.account where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(rows[0]?.at.toISOString()).toBe('2026-04-03T12:04:00.000Z')
  })

  test('stops on its way wherever something becomes due, so each thing happens at its time', async () => {
    const tenant = await it.tenant('Sandbox', {}, true)
    await withPromise(tenant)
    await advance(tenant, { days: 9 })
    expect(await instantsOf(tenant, 'event.promiseToPay.expired')).toEqual([])
    await advance(tenant, { days: 90 })
    // The last day of the promise ends at midnight in Berlin.
    expect(await instantsOf(tenant, 'event.promiseToPay.expired')).toEqual([
      '2026-03-20T23:00:00.000Z',
    ])
  })

  test('moves for nobody else', async () => {
    const [tenant, other] = [await it.tenant('A', {}, true), await it.tenant('B', {}, true)]
    await withPromise(other)
    await advance(tenant, { days: 200 })
    expect(await clock(other)).toBe(it.now.toISOString())
    expect(await instantsOf(other, 'event.promiseToPay.expired')).toEqual([])
  })

  test('never goes back and never too far', async () => {
    const tenant = await it.tenant('Sandbox', {}, true)
    await advance(tenant, { days: 1 })
    const back = await advance(tenant, { to: it.now.toISOString() })
    expect(back).toMatchObject({ status: 400, body: { code: 'clock_goes_forward' } })
    const far = await advance(tenant, { to: '2028-01-01T00:00:00Z' })
    expect(far).toMatchObject({ status: 400, body: { code: 'clock_too_far' } })
    for (const payload of [{}, { to: 'soon' }, { days: -1 }, { days: 1.5 }, { weeks: 1 }])
      expect((await advance(tenant, payload)).status).toBe(400)
    expect(await clock(tenant)).toBe('2026-03-11T12:00:00.000Z')
  })

  test('is advanced by one caller at a time: whoever comes second is told or comes later', async () => {
    const tenant = await it.tenant('Sandbox', {}, true)
    await withPromise(tenant)
    const answers = await Promise.all([1, 2, 3, 4].map(() => advance(tenant, { days: 30 })))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(200)
    for (const status of statuses) expect([200, 409]).toContain(status)
    expect(await instantsOf(tenant, 'event.promiseToPay.expired')).toEqual([
      '2026-03-20T23:00:00.000Z',
    ])
  })
})

test('a tenant that is no sandbox has no test clock', async () => {
  const tenant = await it.tenant()
  const answer = await advance(tenant, { days: 1 })
  expect(answer).toMatchObject({ status: 409, body: { code: 'not_a_sandbox' } })
  expect(await clock(tenant)).toBe(it.now.toISOString())
})
