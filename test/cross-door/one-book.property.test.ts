import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { assertBooksBalance } from '../invariants.ts'
import { world } from '../world.ts'
import { type ClaimName, claims, type House, openHouse } from './house.ts'
import {
  cancelThroughCrm,
  cancelThroughPayofin,
  collectThroughWallee1,
  collectThroughWallee2,
  creditThroughReceeve,
  disputeThePage,
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

const doors = [
  'receeve match',
  'receeve credit',
  'wallee 1',
  'wallee 2',
  'wallee invoice',
  'crm post',
  'crm invoice',
  'crm cancel',
  'payofin whole',
  'payofin part',
  'payofin cancel',
  'page',
  'page dispute',
] as const

interface Act {
  readonly door: (typeof doors)[number]
  readonly minor: number
  readonly pick: number
}

const act: fc.Arbitrary<Act> = fc.record({
  door: fc.constantFrom(...doors),
  minor: fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 1, max: 60_000 })),
  pick: fc.nat(30),
})

/** What can be taken back, each with what it paid; what was taken back pays nothing a second time. */
interface Model {
  readonly crm: { id: string; minor: number }[]
  readonly payofin: { id: number; minor: number }[]
  hasTakenBack: boolean
}

const at = <T>(list: readonly T[], index: number): T | undefined =>
  list[index % Math.max(1, list.length)]
const caseClaims = ['FAT-3', 'KREDI-2'] as const
const unmanaged = ['KREDI', 'KREDI-2'] as const

/** Does it and answers how much less is owed then; negative for what was taken back. */
async function perform(house: House, model: Model, one: Act): Promise<number> {
  const { minor, pick } = one
  const name: ClaimName = at(claims, pick)!
  const booked = (paid: Paid) => (paid === 'refused' ? 0 : paid)
  switch (one.door) {
    case 'receeve match':
      return booked(await matchThroughReceeve(house, minor))
    case 'receeve credit':
      return booked(await creditThroughReceeve(house, at(unmanaged, pick)!, minor))
    case 'wallee 1':
      return booked(await collectThroughWallee1(house, at(caseClaims, pick)!, minor))
    case 'wallee 2':
      return booked(await collectThroughWallee2(house, at(caseClaims, pick)!, minor))
    case 'wallee invoice':
      return booked(await markPaidThroughWallee(house, name, pick % 2 === 0 ? 1 : 2))
    case 'crm post':
    case 'crm invoice': {
      const made =
        one.door === 'crm post'
          ? await postThroughCrm(house, minor, name)
          : await payInvoiceThroughCrm(house, name)
      if (made.id !== undefined) model.crm.push({ id: made.id, minor: booked(made.paid) })
      return booked(made.paid)
    }
    case 'payofin whole':
    case 'payofin part': {
      const part = one.door === 'payofin part' ? Math.ceil(minor / 100) : undefined
      const { paid, id } = await payThroughPayofin(house, name, part)
      if (id !== undefined) model.payofin.push({ id, minor: booked(paid) })
      return booked(paid)
    }
    case 'crm cancel':
    case 'payofin cancel':
      return -(await takeBack(house, model, one))
    case 'page dispute':
      model.hasTakenBack = true
      return -(await disputeThePage(house, name))
    case 'page':
      return booked(await payOnThePage(house, name, minor))
  }
}

async function takeBack(house: House, model: Model, { door, pick }: Act): Promise<number> {
  const list: readonly { id: string | number; minor: number }[] =
    door === 'crm cancel' ? model.crm : model.payofin
  const paid = at(list, pick)
  if (!paid) return 0
  model.hasTakenBack = true
  if (typeof paid.id === 'string') await cancelThroughCrm(house, paid.id)
  else await cancelThroughPayofin(house, paid.id)
  const { minor } = paid
  paid.minor = 0
  return minor
}

/** Credit of the CRM.COM door takes up what a reversal opened again a moment later, between two of our readings. */
async function read(house: House, model: Model) {
  if (!model.hasTakenBack) return readAll(house)
  const seen: { last?: Awaited<ReturnType<typeof readAll>> } = {}
  const agree = () =>
    readAll(house).then(
      (all) => {
        seen.last = all
        return 'the doors agree'
      },
      (error: unknown) => String(error),
    )
  await expect.poll(agree, { timeout: 20_000 }).toBe('the doors agree')
  return seen.last!
}

test('whatever is paid and taken back through whichever doors, all agree and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('TRY', 'TRY', 'EUR'),
      fc.array(act, { minLength: 4, maxLength: 9 }),
      async (currency, acts) => {
        const house = await openHouse(it, currency)
        const model: Model = { crm: [], payofin: [], hasTakenBack: false }
        let { balance } = await readAll(house)
        for (const one of acts) {
          const isPayofin = one.door.startsWith('payofin')
          if (isPayofin && !house.merchant) continue
          balance -= await perform(house, model, one)
          const now = await read(house, model)
          expect(now.balance, JSON.stringify(one)).toBe(balance)
        }
        await assertBooksBalance(it.database.ownerPool)
      },
    ),
    { numRuns: Number(process.env.CROSS_DOOR_RUNS ?? 6), endOnFailure: true },
  )
}, 900_000)
