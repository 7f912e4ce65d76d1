import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type Command, post } from '../../../src/book/index.ts'
import { newId } from '../../../src/kernel/id.ts'
import { minorMax } from '../../../src/kernel/money.ts'
import { Refusal } from '../../../src/platform/refusal.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  balanceOf,
  chargeback,
  claim,
  deleteClaim,
  discount,
  done,
  eventsOf,
  fee,
  invoice,
  linesOf,
  openAccount,
  payment,
} from '../receeve/given.ts'
import { moveClaim, type Payer, payerOf, roundOf, type Started } from './given.ts'

const it = world()
const noon = it.now
afterEach(() => {
  it.now = noon
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

/**
 * ACC with the managed claim INV of 1000 and its fee of 100, and account FULL with the unmanaged claim OTHER of 300. FULL
 * takes no more credit than a cent less than it has: a share that would be credit there is refused.
 */
async function prepared(): Promise<{ tenant: TestTenant; payer: Payer }> {
  const tenant = await it.tenant()
  await openAccount(tenant, [invoice('INV', 1_000), fee('FEE', 100, 'INV', { type: 'LATE' })])
  const account = { currency: 'EUR', debtors: [person('E')], ledgerEntries: [] }
  await done(tenant, { operation: 'create_accounts', body: { FULL: account }, key: 'FULL' })
  const body = { OTHER: claim(300, { accountReference: 'FULL', primaryDebtor: person('E') }) }
  await done(tenant, { operation: 'create_claims', body, key: 'OTHER' })
  return { tenant, payer: payerOf(it, tenant) }
}

async function bookOn(tenant: TestTenant, entry: object): Promise<void> {
  const body = [{ accountReference: 'FULL', ...entry }]
  const answer = await tenant.post('add_account_ledger_entries', body)
  expect(answer.body['FULL'], JSON.stringify(answer.body)).toMatchObject({ success: true })
}
const fill = (tenant: TestTenant) => bookOn(tenant, payment('BIG', minorMax))

const told = async (tenant: TestTenant, step: string) =>
  (await eventsOf(it, tenant)).filter(({ type }) => type === `event.multiClaimDebtPayment.${step}`)

async function untilState(
  of: { tenant: TestTenant; payer: Payer; paid: Started },
  state: string,
): Promise<void> {
  it.now = new Date(it.now.getTime() + 2 * 60_000)
  const round = async () => {
    await roundOf(it, of.tenant)
    return (await of.payer.rowOf(of.paid)).state
  }
  await expect.poll(round, { timeout: 20_000 }).toBe(state)
}

describe('a payment over several accounts', () => {
  test('is booked on all of them or on none, and is asked about until it can be booked', async () => {
    const { tenant, payer } = await prepared()
    const paid = await payer.started(['INV', 1_100], ['OTHER', 300])
    // What is paid for it now is credit of its account, and there is no room for it.
    await deleteClaim(tenant, 'OTHER')
    await fill(tenant)
    await payer.pay(paid)
    expect(await payer.refresh(paid)).toMatchObject({ status: 400 })
    expect(await linesOf(tenant)).toEqual(['INV ACTIVE 1000+100'])
    expect(await payer.money()).toEqual([`FULL payment ${minorMax}`])
    expect(await told(tenant, 'settled')).toEqual([])
    const { state, nextCheckAt } = await payer.rowOf(paid)
    expect(state).toBe('open')
    expect(nextCheckAt?.getTime()).toBeGreaterThan(it.now.getTime())

    await bookOn(tenant, chargeback('ROOM', 1_000, 'BIG'))
    await untilState({ tenant, payer, paid }, 'settled')
    expect(await linesOf(tenant)).toEqual(['INV RESOLVED 0+0'])
    expect(await balanceOf(it, tenant, 'FULL')).toMatchObject({ credit: minorMax - 700 })
    expect(await told(tenant, 'settled')).toHaveLength(1)
    await payer.refresh(paid)
    expect(await payer.money()).toEqual([
      'ACC payment 100',
      'ACC payment 1000',
      `FULL payment ${minorMax}`,
      'FULL chargeback 1000',
      'FULL payment 300',
    ])
  })

  test('is taken back from all of them or from none, and later where it was refused', async () => {
    const { tenant, payer } = await prepared()
    const paid = await payer.started(['INV', 1_100], ['OTHER', 300])
    await payer.pay(paid)
    expect((await payer.rowOf(paid)).state).toBe('settled')
    // The account asks for all that can be counted: not a cent more.
    await bookOn(tenant, invoice('HUGE', minorMax))
    await payer.disputeUnseen(paid)
    expect(await payer.refresh(paid)).toMatchObject({ status: 400 })
    expect(await linesOf(tenant)).toEqual(['INV RESOLVED 0+0'])
    expect((await payer.rowOf(paid)).state).toBe('settled')
    expect(await told(tenant, 'disputed')).toEqual([])

    await bookOn(tenant, discount('LESS', 1_000, 'HUGE'))
    await untilState({ tenant, payer, paid }, 'disputed')
    expect(await linesOf(tenant)).toEqual(['INV ACTIVE 1000+100'])
    expect(await linesOf(tenant, 'FULL')).toContain('OTHER ACTIVE 300+0')
    expect(await told(tenant, 'disputed')).toHaveLength(1)
  })
})

describe('money that comes after its payment was given up', () => {
  test('is asked about until it can be booked', async () => {
    const { tenant, payer } = await prepared()
    const paid = await payer.started(['INV', 1_100], ['OTHER', 300])
    await deleteClaim(tenant, 'OTHER')
    await fill(tenant)
    it.now = new Date(noon.getTime() + 86_400_000)
    await untilState({ tenant, payer, paid }, 'interrupted')
    expect((await payer.rowOf(paid)).nextCheckAt).toBeNull()
    it.now = noon
    // The provider took it all the same.
    await it.database.ownerPool.query(
      `update quittance.sandbox_checkout set state = 'settled', tracking_id = 'pay_late' where reference = $1`,
      [paid.providerReference],
    )
    expect(await payer.refresh(paid)).toMatchObject({ status: 400 })
    expect(await payer.rowOf(paid)).toMatchObject({
      state: 'interrupted',
      nextCheckAt: expect.any(Date),
    })
    await bookOn(tenant, chargeback('ROOM', 1_000, 'BIG'))
    await untilState({ tenant, payer, paid }, 'settled')
    expect(await linesOf(tenant)).toEqual(['INV RESOLVED 0+0'])
  })
})

describe('a group of commands that is booked whole', () => {
  test('leaves nothing of it where one is refused, and its neighbours in the batch alone', async () => {
    const { tenant, payer } = await prepared()
    const { bookkeeper } = it.assembly
    const paying = (amountMinor: number): Command<void> => ({
      id: newId(),
      tenantId: tenant.tenantId,
      needs: { accounts: ['ACC'] },
      decide(desk) {
        if (amountMinor === 0) throw new Refusal('not_now', 'conflict', 'Not now')
        const words = { reference: newId(), kind: 'payment', origin: 'ledger' } as const
        const rest = { createdAtMs: desk.nowMs, details: {}, context: {} }
        const { commandId } = desk
        post(desk.account('ACC'), { ...words, ...rest, amountMinor, commandId })
      },
    })
    const refused = { refusal: expect.objectContaining({ code: 'not_now' }) }
    const [before, whole, after, booked] = await Promise.all([
      bookkeeper.submit(paying(1)),
      bookkeeper.submitGroup([paying(2), paying(0), paying(4)], { isWhole: true }),
      bookkeeper.submit(paying(8)),
      bookkeeper.submitGroup([paying(16), paying(32)], { isWhole: true }),
    ])
    const isDone = { result: undefined }
    expect([before, after, ...booked]).toEqual([isDone, isDone, isDone, isDone])
    expect(whole).toEqual([refused, refused, refused])
    expect((await payer.money()).toSorted()).toEqual([
      'ACC payment 1',
      'ACC payment 16',
      'ACC payment 32',
      'ACC payment 8',
    ])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_100 - 57, credit: 57 })
  })
})

describe('a share that the account of its claim refuses', () => {
  test('is credit of the account in which it was begun, and is taken back from there', async () => {
    const { tenant, payer } = await prepared()
    const body = { C: claim(500, { accountReference: 'ACC' }) }
    await done(tenant, { operation: 'create_claims', body, key: 'C' })
    const paid = await payer.started(['C', 500], ['INV', 1_100])
    await moveClaim(tenant, 'C', 'FULL')
    await fill(tenant)
    const credit = { C: { amount: 200, currency: 'EUR', originator: 'DCA' } }
    await done(tenant, { operation: 'credit_claims', body: credit, key: 'C' })
    await payer.pay(paid)
    expect((await payer.rowOf(paid)).state).toBe('settled')
    expect(await balanceOf(it, tenant)).toEqual({ balance: -500, credit: 500 })
    expect(await linesOf(tenant, 'FULL')).toContain('C ACTIVE 300+0')
    await payer.dispute(paid)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 1_100, credit: 0 })
    expect(await linesOf(tenant, 'FULL')).toContain('C ACTIVE 300+0')
  })
})
