import { expect, test } from 'vitest'
import { assertBooksBalance } from '../invariants.ts'
import { world } from '../world.ts'
import { seedBooks } from './doors.ts'

const queueMax = 20
const it = world({ queueMax, lanes: 1 })

const payment = (reference: string) => ({
  accountReference: 'ACC',
  ledgerEntryReference: reference,
  paymentDetails: { amount: 1 },
  context: {},
})

test('a full queue answers 503 with Retry-After, and exactly what was acknowledged is booked', async () => {
  const tenant = await it.tenant()
  await seedBooks(tenant)
  // While the account is locked from outside, no batch ends and the queue can only fill.
  const client = await it.database.ownerPool.connect()
  const references = Array.from({ length: 200 }, (_, index) => `PAY-${index}`)
  try {
    await client.query('begin')
    await client.query('select from quittance.account where tenant_id = $1 for update', [
      tenant.tenantId,
    ])
    let turnedAway = 0
    const asked = references.map(async (reference) => {
      const answer = await tenant.post('add_account_ledger_entries', [payment(reference)])
      if (answer.status === 503) turnedAway += 1
      return { reference, answer }
    })
    await expect.poll(() => it.assembly.bookkeeper.queueDepth).toBe(queueMax)
    // The answers of those turned away do not wait for the lock.
    await expect.poll(() => turnedAway, { timeout: 10_000 }).toBeGreaterThan(100)
    expect(it.assembly.bookkeeper.queueDepth).toBeLessThanOrEqual(queueMax)
    const native = await tenant.call({ method: 'DELETE', url: '/q/v1/claims/CLAIM' })
    expect(native).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'queue_full' },
    })
    // Reading goes on.
    expect((await tenant.get('get_account', 'accountReference=ACC')).status).toBe(200)
    await client.query('commit')
    const answers = await Promise.all(asked)
    const refused = answers.filter(({ answer }) => answer.status === 503)
    for (const { answer } of refused) {
      expect(answer.headers['retry-after']).toBe('1')
      expect(answer.body).toMatchObject({ success: false, message: expect.stringMatching(/./) })
    }
    const done = answers.filter(({ answer }) => answer.body['ACC']?.success === true)
    expect(done.length + refused.length).toBe(references.length)
    expect(done.length).toBeGreaterThanOrEqual(queueMax)
    const { rows } = await it.database.ownerPool.query<{ reference: string }>(
      `select reference from quittance.entry where tenant_id = $1 and kind = 'payment'`,
      [tenant.tenantId],
    )
    expect(rows.map(({ reference }) => reference).toSorted()).toEqual(
      done.map(({ reference }) => reference).toSorted(),
    )
    // Afterwards there is room again.
    const again = await tenant.post('add_account_ledger_entries', [payment('LATER')])
    expect(again.body['ACC']).toMatchObject({ success: true })
    await assertBooksBalance(it.database.ownerPool)
  } finally {
    client.release(true)
  }
})

test('a request of more items than the bound is served when nothing waits', async () => {
  const tenant = await it.tenant()
  await seedBooks(tenant)
  const many = Object.fromEntries(
    Array.from({ length: queueMax * 3 }, (_, index) => [`A-${index}`, { currency: 'EUR' }]),
  )
  const answer = await tenant.post('create_accounts', many)
  expect(answer.status).toBe(200)
  expect(Object.values(answer.body).every(({ success }) => success)).toBe(true)
})
