import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type Command, post } from '../../../src/book/index.ts'
import { newId } from '../../../src/kernel/id.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import { type Client, cash, clientOf } from '../crmcom/given.ts'
import {
  accountOf,
  balanceOf,
  claim,
  deleteClaim,
  done,
  eventsDuring,
  linesOf,
  openAccount,
} from '../receeve/given.ts'
import { moveClaim, type Payer, payerOf, type Started } from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

interface Given {
  readonly tenant: TestTenant
  readonly payer: Payer
  readonly client: Client
}

const fees = [{ name: 'interest', amount: 50 }]

/** Accounts ACC, NEW and FAR, and in ACC the unmanaged claim C of 500 with 50 of interest. */
async function prepared(): Promise<Given> {
  const tenant = await it.tenant()
  await openAccount(tenant)
  for (const key of ['NEW', 'FAR']) {
    const body = { [key]: { currency: 'EUR', debtors: [person('D')], ledgerEntries: [] } }
    await done(tenant, { operation: 'create_accounts', body, key })
  }
  const body = { C: claim(500, { accountReference: 'ACC', fees }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  return { tenant, payer: payerOf(it, tenant), client: await clientOf(it, tenant) }
}

async function paid({ payer }: Given, amountMinor: number): Promise<Started> {
  const started = await payer.started(['C', amountMinor])
  expect(await payer.pay(started)).toBe(303)
  return started
}

const nothing = { balance: 0, credit: 0 }

/** What every payment of the tenant brought and what was taken back of it, `550-550`. */
async function heldOf({ tenant }: Given): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select p.amount_minor || '-' || coalesce((select sum(c.amount_minor) from quittance.entry c
         where c.tenant_id = p.tenant_id and c.account_id = p.account_id and c.kind = 'chargeback'
           and c.context ->> 'ledgerEntryReference' = p.reference), 0) as line
     from quittance.entry p where p.tenant_id = $1 and p.kind = 'payment' order by p.booked_at, p.seq`,
    [tenant.tenantId],
  )
  return rows.map(({ line }) => line)
}

/** Somebody tries to take a cent back of each payment entry of an account that was taken back already. */
async function takeBackAgain({ tenant }: Given, accountReference: string) {
  const { rows } = await it.database.ownerPool.query<{ reference: string }>(
    `select e.reference from quittance.entry e join quittance.account a using (tenant_id, account_id)
     where tenant_id = $1 and a.reference = $2 and e.kind = 'payment'`,
    [tenant.tenantId, accountReference],
  )
  const outcomes = []
  for (const { reference } of rows) {
    const command: Command<void> = {
      id: newId(),
      tenantId: tenant.tenantId,
      needs: { accounts: [accountReference], targets: [reference] },
      decide(desk) {
        const book = desk.account(accountReference)
        const payment = book.entryNamed(reference)
        post(book, {
          reference: newId(),
          kind: 'chargeback',
          origin: 'claim',
          amountMinor: 1,
          createdAtMs: desk.nowMs,
          commandId: desk.commandId,
          details: {},
          context: { ledgerEntryReference: reference },
          ...(payment ? { target: { payment } } : {}),
        })
      },
    }
    outcomes.push(await it.assembly.bookkeeper.submit(command))
  }
  return outcomes
}

describe('a payment whose claim went to another account', () => {
  test('is taken back once, where it was booked, and its claim asks for it where it is', async () => {
    const given = await prepared()
    const { tenant, payer } = given
    const started = await paid(given, 550)
    await moveClaim(tenant, 'C', 'NEW')
    expect(await linesOf(tenant, 'NEW')).toEqual(['C RESOLVED 0+0'])
    const events = await eventsDuring(it, tenant, () => payer.dispute(started))
    expect(await linesOf(tenant, 'NEW')).toEqual(['C ACTIVE 500+50'])
    expect(await balanceOf(it, tenant)).toEqual(nothing)
    expect(await balanceOf(it, tenant, 'NEW')).toEqual({ balance: 550, credit: 0 })
    expect(await heldOf(given)).toEqual(['50-50', '500-500'])
    const told = events.map(({ type }) => type)
    expect(told).toContain('event.claim.reactivated')
    expect(told.filter((type) => type === 'event.claimDebtPayment.disputed')).toHaveLength(1)
    await payer.dispute(started)
    await payer.refresh(started)
    expect(await linesOf(tenant, 'NEW')).toEqual(['C ACTIVE 500+50'])
    const refused = { refusal: expect.objectContaining({ code: 'invalid_input' }) }
    expect(await takeBackAgain(given, 'ACC')).toEqual([refused, refused])
    const again = await paid(given, 550)
    expect((await payer.rowOf(again)).state).toBe('settled')
    expect(await linesOf(tenant, 'NEW')).toEqual(['C RESOLVED 0+0'])
  })

  test('is asked for by the claim again when it came back to where it was paid', async () => {
    const given = await prepared()
    const { tenant, payer } = given
    const started = await paid(given, 300)
    await moveClaim(tenant, 'C', 'NEW')
    await moveClaim(tenant, 'C', 'ACC')
    await payer.dispute(started)
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 500+50'])
    expect(await balanceOf(it, tenant)).toEqual({ balance: 550, credit: 0 })
    expect(await balanceOf(it, tenant, 'NEW')).toEqual(nothing)
  })

  test('is owed by the account that paid when the claim was deleted after it went', async () => {
    const given = await prepared()
    const { tenant, payer } = given
    const started = await paid(given, 300)
    await moveClaim(tenant, 'C', 'NEW')
    await deleteClaim(tenant, 'C')
    await payer.dispute(started)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 300, credit: 0 })
    expect(await balanceOf(it, tenant, 'NEW')).toEqual(nothing)
    expect(await heldOf(given)).toEqual(['50-50', '250-250'])
  })

  test('D-73: is shown and told as debt of the account when its claim is deleted, whichever door takes it back', async () => {
    for (const door of ['portal', 'crm'] as const) {
      const given = await prepared()
      const { tenant, payer, client } = given
      const started = door === 'portal' ? await paid(given, 320) : undefined
      const made = started ?? (await client.ok('payments/create', crmPayment('ACC', 3.2)))
      await deleteClaim(tenant, 'C')
      const { ledgerEntries: before } = await accountOf(tenant)
      const events = await eventsDuring(it, tenant, () =>
        started ? payer.dispute(started) : client.ok('payments/cancel', cancelBody(made.id)),
      )
      const told = events.filter(({ type }) => type === 'event.accountLedgerEntries.added')
      const added = told.flatMap(({ data }) => data['ledgerEntries'])
      expect(added.length).toBeGreaterThan(0)
      const owed = added.reduce((sum, entry) => sum + entry.chargebackDetails.amount, 0)
      expect(owed).toBe(320)
      expect((await accountOf(tenant)).ledgerEntries).toEqual([...before, ...added])
      expect(await balanceOf(it, tenant)).toEqual({ balance: 320, credit: 0 })
    }
  })

  test('is asked for by the claim that began anew elsewhere, unless that is in another currency', async () => {
    for (const currency of ['EUR', 'USD']) {
      const given = await prepared()
      const { tenant, payer } = given
      const started = await paid(given, 300)
      await deleteClaim(tenant, 'C')
      const anew = { C: claim(700, { currency, primaryDebtor: person('E') }) }
      await done(tenant, { operation: 'recreate_claims', body: anew, key: 'C' })
      await payer.dispute(started)
      const isSame = currency === 'EUR'
      expect(await linesOf(tenant, 'E')).toEqual([`C ACTIVE ${isSame ? 1_000 : 700}+0`])
      expect(await balanceOf(it, tenant)).toEqual({ balance: isSame ? 0 : 300, credit: 0 })
    }
  })

  test('leaves as credit what was paid for a claim that began anew in another currency', async () => {
    const { tenant, payer } = await prepared()
    const started = await payer.started(['C', 550])
    await deleteClaim(tenant, 'C')
    const anew = { C: claim(700, { currency: 'USD', primaryDebtor: person('E') }) }
    await done(tenant, { operation: 'recreate_claims', body: anew, key: 'C' })
    await payer.pay(started)
    expect((await payer.rowOf(started)).state).toBe('settled')
    expect(await balanceOf(it, tenant)).toEqual({ balance: -550, credit: 550 })
    expect(await linesOf(tenant, 'E')).toEqual(['C ACTIVE 700+0'])
  })

  test('may be cancelled at the CRM.COM door, once, and its claim asks for it where it is', async () => {
    const given = await prepared()
    const { tenant, client } = given
    const made = await client.ok('payments/create', crmPayment('ACC', 3.2))
    await moveClaim(tenant, 'C', 'NEW')
    expect(await linesOf(tenant, 'NEW')).toEqual(['C ACTIVE 180+50'])
    const body = cancelBody(made.id)
    await client.ok('payments/cancel', body)
    expect((await client.post('payments/cancel', body)).body.status.code).not.toBe('OK')
    expect(await balanceOf(it, tenant)).toEqual(nothing)
    const lines = await linesOf(tenant, 'NEW')
    expect(lines).toEqual(['C ACTIVE 500+50'])
    expect(new Set((await heldOf(given)).map(isTakenBack))).toEqual(new Set([true]))
  })
})

const isTakenBack = (line: string) => line.split('-')[0] === line.split('-')[1]
const crmPayment = (account: string, amount: number) =>
  cash(account, amount, { invoices_to_pay_set: [{ invoice_identifier: { number: 'C' } }] })
const cancelBody = (id: string) => ({
  payment_identifier: { id },
  type_identifier: { name: 'Payment Cancellation' },
})

type Act =
  | { kind: 'portal' | 'crm'; share: number }
  | { kind: 'move'; to: string }
  | { kind: 'takeBack'; pick: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('portal' as const, 'crm' as const),
    share: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ kind: fc.constant('move' as const), to: fc.constantFrom('ACC', 'NEW', 'FAR') }),
  fc.record({ kind: fc.constant('takeBack' as const), pick: fc.nat(10) }),
)

interface Live {
  readonly amountMinor: number
  takeBack(): Promise<unknown>
}

/** The claim as it should be: where it is, and which payments it still holds. */
interface Model {
  readonly given: Given
  account: string
  readonly live: Live[]
}

const owedBy = (model: Model) =>
  model.live.reduce((owed, { amountMinor }) => owed - amountMinor, 550)

async function perform(model: Model, one: Act): Promise<void> {
  const { given, live } = model
  const { tenant, payer, client } = given
  switch (one.kind) {
    case 'move':
      await moveClaim(tenant, 'C', one.to)
      model.account = one.to
      return
    case 'takeBack': {
      const [taken] = live.splice(one.pick % Math.max(1, live.length), 1)
      await taken?.takeBack()
      return
    }
    case 'portal':
    case 'crm': {
      const amountMinor = Math.floor((owedBy(model) * one.share) / 100)
      if (amountMinor === 0) return
      if (one.kind === 'portal') {
        const started = await paid(given, amountMinor)
        live.push({ amountMinor, takeBack: () => payer.dispute(started) })
        return
      }
      const order = crmPayment(model.account, amountMinor / 100)
      const { id } = await client.ok('payments/create', order)
      const takeBack = () => client.ok('payments/cancel', cancelBody(id))
      live.push({ amountMinor, takeBack })
    }
  }
}

async function assertOwed(model: Model): Promise<void> {
  const { given, account } = model
  const { rows } = await it.database.ownerPool.query<{ reference: string; net: number }>(
    `select reference, (outstanding_minor - credit_minor)::int as net from quittance.account
     where tenant_id = $1 and outstanding_minor + credit_minor > 0`,
    [given.tenant.tenantId],
  )
  const net = owedBy(model)
  expect(rows).toEqual(net === 0 ? [] : [{ reference: account, net }])
  const [line = ''] = await linesOf(given.tenant, account)
  const [, status, sums = ''] = line.split(' ')
  const [amount = 0, totalFees = 0] = sums.split('+').map(Number)
  expect({ status, owed: amount + totalFees }).toEqual({
    status: net === 0 ? 'RESOLVED' : 'ACTIVE',
    owed: net,
  })
  // Of every payment either nothing or all of it was taken back.
  const held = await heldOf(given)
  expect(held.filter((entry) => !entry.endsWith('-0') && !isTakenBack(entry))).toEqual([])
}

test('a claim owes what its payments left wherever it goes between paying and taking back', async () => {
  const acts = fc.array(act, { minLength: 4, maxLength: 14 })
  await fc.assert(
    fc.asyncProperty(acts, async (sequence) => {
      const model: Model = { given: await prepared(), account: 'ACC', live: [] }
      for (const one of sequence) await perform(model, one)
      await assertOwed(model)
      for (const one of model.live.splice(0)) await one.takeBack()
      await assertOwed(model)
    }),
    { numRuns: 12, endOnFailure: true },
  )
}, 240_000)
