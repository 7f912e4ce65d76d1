import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../invariants.ts'
import { world } from '../world.ts'
import { claims, type House, openHouse } from './house.ts'
import {
  cancelThroughCrm,
  collectThroughWallee1,
  collectThroughWallee2,
  creditThroughReceeve,
  markPaidThroughWallee,
  matchThroughReceeve,
  type Paid,
  payInvoiceThroughCrm,
  payOnThePage,
  payThroughPayofin,
  postThroughCrm,
} from './pay.ts'
import { readAll } from './read.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

/** Pays, and insists that every door shows the account lower by exactly that. */
async function paying(house: House, pay: () => Promise<Paid>): Promise<number> {
  const before = await readAll(house)
  const paid = await pay()
  expect(paid).not.toBe('refused')
  const after = await readAll(house)
  expect(before.balance - after.balance).toBe(paid)
  return paid as number
}

describe.each(['TRY', 'EUR', 'JPY', 'KWD'])('an account in %s', (currency) => {
  test('is the same to the cent at every door after a payment through each', async () => {
    const house = await openHouse(it, currency)
    const opened = await readAll(house)
    expect(opened.claims).toEqual({
      'FAT-1': 10_555,
      'FAT-2': 7_505,
      'FAT-3': 20_000,
      KREDI: 15_105,
      'KREDI-2': 30_095,
    })
    expect(opened.balance).toBe(83_260)

    // The oldest debt is the claim that no ledger entry made.
    await paying(house, () => matchThroughReceeve(house, 1_001))
    expect((await readAll(house)).claims).toMatchObject({ KREDI: 14_104 })
    await paying(house, () => creditThroughReceeve(house, 'KREDI', 103))
    await paying(house, () => collectThroughWallee1(house, 'FAT-3', 4_010))
    await paying(house, () => collectThroughWallee2(house, 'KREDI-2', 15))
    const post = await postThroughCrm(house, 2_050, 'FAT-2')
    expect(post.paid).toBe(2_050)
    expect((await readAll(house)).claims).toMatchObject({ 'FAT-2': 5_455 })
    await paying(house, () => payOnThePage(house, 'KREDI', 5_002))
    if (house.merchant) {
      const part = await paying(house, async () => {
        return (await payThroughPayofin(house, 'KREDI', 31)).paid
      })
      expect(part).toBe(3_100)
      await paying(house, async () => (await payThroughPayofin(house, 'FAT-1')).paid)
      expect((await readAll(house)).claims).toMatchObject({ 'FAT-1': 0, KREDI: 5_899 })
    }
    await paying(house, () => markPaidThroughWallee(house, 'FAT-2', 2))
    const whole = (await readAll(house)).claims['KREDI']
    const paid = await paying(house, async () => (await payInvoiceThroughCrm(house, 'KREDI')).paid)
    expect(paid).toBe(whole)
    expect((await readAll(house)).claims).toMatchObject({ KREDI: 0 })
  })
})

test('more than everything is credit that every door knows, and a cancellation takes it back', async () => {
  const house = await openHouse(it, 'EUR')
  const { balance } = await readAll(house)
  const post = await postThroughCrm(house, balance + 1_234)
  const paid = await readAll(house)
  expect(paid.balance).toBe(-1_234)
  expect(claims.map((name) => paid.claims[name])).toEqual([0, 0, 0, 0, 0])
  expect(await payOnThePage(house, 'FAT-1', 100)).toBe('refused')
  expect((await payInvoiceThroughCrm(house, 'FAT-1')).paid).toBe('refused')
  expect((await readAll(house)).balance).toBe(-1_234)
  await cancelThroughCrm(house, post.id)
  expect((await readAll(house)).balance).toBe(balance)
})
