import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { promiseWork } from '../../../src/promises/index.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  book,
  chargeback,
  claim,
  deleteClaim,
  discount,
  done,
  eventsDuring,
  eventsOf,
  fee,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  payment,
  refusedWith,
  type SeenEvent,
} from './given.ts'
import { isSeedPresent, missingFrom, readSamples } from './seed.ts'

const it = world()
const noon = it.now
afterEach(() => {
  it.now = noon
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>
const eur = { currency: 'EUR', originator: 'CLIENT' }
const dueDate = '2026-03-20'
const afterDue = '2026-03-21T12:00:00.000Z'
const word = (amount: number, more: Fields = {}) => ({ amount, currency: 'EUR', dueDate, ...more })

/** ACC with the managed claim INV of 1000, its fee FEE of 100, and the unmanaged claim C of 500 with fees of 50. */
async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openAccount(tenant, [invoice('INV', 1_000), fee('FEE', 100, 'INV', { type: 'LATE' })])
  const fees = [{ name: 'interest', amount: 50 }]
  const body = { C: claim(500, { accountReference: 'ACC', fees }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  return tenant
}

type Promised = [tenant: TestTenant, key: string, amount: number, more?: Fields]
const promise = (...[tenant, key, amount, more]: Promised) =>
  done(tenant, { operation: 'create_promises_to_pay', body: { [key]: word(amount, more) }, key })

/** `resolved 400 of 400`, for each event of a promise. */
const wordsOf = (events: SeenEvent[]) =>
  events
    .filter(({ type }) => type.startsWith('event.promiseToPay.'))
    .map(({ type, data }) => `${type.split('.')[2]} ${data.paidAmount} of ${data.amount}`)

const promisesOf = async (tenant: TestTenant) => wordsOf(await eventsOf(it, tenant))

/** `RESOLVED 400`, one line for each promise of the tenant in the order of making. */
async function storedOf(tenant: TestTenant): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select p.status || ' ' || p.paid_minor as line from quittance.promise p
     where p.tenant_id = $1 order by p.created_at, p.promise_id`,
    [tenant.tenantId],
  )
  return rows.map(({ line }) => line)
}

async function flagged(tenant: TestTenant): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ reference: string }>(
    'select reference from quittance.claim where tenant_id = $1 and has_promise order by 1',
    [tenant.tenantId],
  )
  return rows.map(({ reference }) => reference)
}

const sweep = async (now: string) => {
  const { services, bookkeeper } = it.assembly
  const clock = () => new Date(now)
  const work = promiseWork({ db: services.db, bookkeeper, clock, nowOf: clock })
  for (const tenantId of await work.tenantsDue())
    await work.runDue(tenantId, new AbortController().signal)
}

describe('create_promises_to_pay', () => {
  test.runIf(isSeedPresent)('answers the published sample in the published shape', async () => {
    it.now = new Date('2019-06-01T12:00:00.000Z')
    const tenant = await it.tenant()
    const sample = readSamples().get('create_promises_to_pay')
    const body = sample?.body as Record<string, Fields>
    await tenant.post('create_claims', { property1: claim(20_000), property2: claim(20_000) })
    const answer = await tenant.post('create_promises_to_pay', body)
    expect(answer.status).toBe(200)
    expect(missingFrom(answer.body, sample?.answer)).toEqual([])
    for (const key of ['property1', 'property2'])
      expect(answer.body[key]).toMatchObject({
        success: true,
        messages: [`Successfully created promise to pay for claim ${key}`],
        data: body[key],
      })
  })

  test('tells of the promise with the names of its claim, and flags the claim', async () => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () => promise(tenant, 'C', 400))
    expect(events).toMatchObject([{ type: 'event.promiseToPay.created' }])
    expect(events[0]?.data).toEqual({
      claimRef: 'C',
      receeveClaimRef: 'C-2026-01-15',
      accountReference: 'ACC',
      externalDebtorRef: 'D',
      promiseToPayId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      amount: 400,
      currency: 'EUR',
      dueDate,
      paidAmount: 0,
    })
    expect(await flagged(tenant)).toEqual(['C'])
  })

  test('D-41: takes either form of the claim reference', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C-2026-01-15', 400)
    expect(await flagged(tenant)).toEqual(['C'])
  })

  const refusals: [string, string, Fields, number, string][] = [
    ['an unknown claim', 'NOPE', {}, 4003, 'Claim not found'],
    ['another currency', 'C', { currency: 'USD' }, 4001, 'Currency does not match'],
    ['an amount of 0', 'C', { amount: 0 }, 4000, 'Invalid input: the promised amount is 0'],
    [
      'one cent more than amount and fees',
      'C',
      { amount: 551 },
      4000,
      'Invalid input: the promised amount is more than the claim asks for',
    ],
    ['yesterday', 'C', { dueDate: '2026-03-09' }, 4000, 'Invalid input: the due date is past'],
  ]
  test.each(refusals)(
    'D-92: refuses %s and leaves no trace',
    async (...[, key, more, code, text]) => {
      const tenant = await prepared()
      const work = async () => {
        const answer = await tenant.post('create_promises_to_pay', { [key]: word(400, more) })
        expect(answer.status).toBe(200)
        expect(answer.body[key]).toEqual(refusedWith(parameterError(code, text)))
      }
      expect(await eventsDuring(it, tenant, work)).toEqual([])
      expect(await storedOf(tenant)).toEqual([])
    },
  )

  test.each([
    [
      'resolved',
      (tenant: TestTenant) => tenant.post('resolve_claims', [{ ref: 'C', reason: 'FRAUDULENT' }]),
    ],
    ['deleted', (tenant: TestTenant) => deleteClaim(tenant, 'C')],
  ])('D-92: refuses a claim that is %s: 4012', async (_what, end) => {
    const tenant = await prepared()
    await end(tenant)
    const answer = await tenant.post('create_promises_to_pay', { C: word(400) })
    expect(answer.body.C).toEqual(refusedWith(parameterError(4012, 'Claim is not active')))
  })

  test.each([
    [{ amount: 1.5 }],
    [{ amount: -1 }],
    [{ currency: 'eur' }],
    [{ dueDate: '2026-02-30' }],
    [{ dueDate: undefined }],
  ])('refuses a body with %j as a whole', async (more) => {
    const tenant = await prepared()
    const answer = await tenant.post('create_promises_to_pay', { C: word(400), INV: word(5, more) })
    expect(answer.status).toBe(400)
    expect(await storedOf(tenant)).toEqual([])
  })

  test('takes the whole total, and today', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 550, { dueDate: '2026-03-10' })
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
  })

  test('takes the last day of the calendar', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 1, { dueDate: '9999-12-31' })
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
  })

  test('D-92: a new promise invalidates the one before', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    await tenant.post('credit_claims', { C: { amount: 100, ...eur } })
    await promise(tenant, 'C', 200)
    expect(await promisesOf(tenant)).toEqual([
      'created 0 of 400',
      'invalidated 100 of 400',
      'created 0 of 200',
    ])
    expect((await storedOf(tenant)).toSorted()).toEqual(['ACTIVE 0', 'INVALIDATED 100'])
    expect(await flagged(tenant)).toEqual(['C'])
  })

  test('two promises of one claim in one request: the last one stands', async () => {
    const tenant = await prepared()
    const both = { C: word(400), 'C-2026-01-15': word(300) }
    const answer = await tenant.post('create_promises_to_pay', both, '?sequential=true')
    expect(answer.body).toMatchObject({ C: { success: true }, 'C-2026-01-15': { success: true } })
    expect(await promisesOf(tenant)).toEqual([
      'created 0 of 400',
      'invalidated 0 of 400',
      'created 0 of 300',
    ])
  })

  test('D-18, D-20: async, the promise is made later and its trigger fires', async () => {
    const tenant = await prepared()
    const query = '?async=true&triggerName=promised'
    const body = { C: word(400), NOPE: word(1) }
    const answer = await tenant.post('create_promises_to_pay', body, query)
    const queued = { success: true, messages: ['Successfully processed action'] }
    expect(answer.body).toMatchObject({ C: queued, NOPE: queued })
    await expect.poll(() => storedOf(tenant), { timeout: 10_000 }).toEqual(['ACTIVE 0'])
    const types = async () => (await eventsOf(it, tenant)).map(({ type }) => type)
    await expect.poll(types, { timeout: 10_000 }).toContain('event.command.failed')
    expect(await types()).toContain('event.customClaimTrigger.executed')
  })
})

describe('D-91: money received keeps a promise, in the command that books it', () => {
  const onAcc = (more: object) => ({ accountReference: 'ACC', ...more })
  const target = (ledgerEntryReference: string, amount: number, reason: string) => [
    onAcc({ ledgerEntries: [{ ledgerEntryReference, amount, reason, meta: {} }] }),
  ]
  // C is due before INV and takes the first 500.
  const match = (totalAmount: number) => [
    onAcc({ currency: 'EUR', totalAmount, matchStrategy: 'ORDERED_LEDGER_ENTRIES' }),
  ]
  const imported = (amount: number, reason: string) => ({
    C: claim(amount, { accountReference: 'ACC', reason, fees: [{ name: 'interest', amount: 50 }] }),
  })
  type Row = [claim: string, operation: string, body: unknown, says: string[]]
  const kept = ['resolved 400 of 400']
  const rows: Row[] = [
    ['C', 'credit_claims', { C: { amount: 400, ...eur } }, kept],
    ['C', 'credit_claims', { C: { amount: 399, ...eur } }, []],
    ['C', 'credit_claims', { C: { amount: 0, fees: 50, ...eur } }, []],
    ['C', 'credit_claims', { C: { amount: 350, fees: 50, ...eur } }, kept],
    ['C', 'credit_claims', { C: { amount: 450, creditType: 'DISCOUNT', ...eur } }, []],
    ['C', 'credit_claims', { C: { amount: 450, creditType: 'ADJUSTMENT', ...eur } }, []],
    ['C', 'update_claims', { C: { amount: 100, reason: 'PAYMENT' } }, kept],
    ['C', 'update_claims', { C: { amount: 100, reason: 'CLAIM_PAID' } }, kept],
    ['C', 'update_claims', { C: { amount: 100, reason: 'GOODWILL' } }, []],
    ['C', 'update_claims', { C: { amount: 100 } }, []],
    ['C', 'import_claims', imported(100, 'PAYMENT'), kept],
    ['C', 'import_claims', imported(100, 'SYNC'), []],
    ['INV', 'credit_claims', { INV: { amount: 400, ...eur } }, kept],
    ['INV', 'match_account_payment', match(900), kept],
    ['INV', 'match_account_payment', match(899), []],
    ['INV', 'update_account_ledger_entries_amounts', target('INV', 600, 'PAYMENT'), kept],
    ['INV', 'update_account_ledger_entries_amounts', target('INV', 600, 'GOODWILL'), []],
    ['INV', 'add_account_ledger_entries', [onAcc(payment('P', 400, 'INV'))], kept],
    [
      'INV',
      'add_account_ledger_entries',
      [onAcc(payment('P', 300, 'INV')), onAcc(payment('Q', 100, 'FEE'))],
      kept,
    ],
    ['INV', 'add_account_ledger_entries', [onAcc(discount('P', 400, 'INV'))], []],
    ['INV', 'add_account_ledger_entries', [onAcc(payment('P', 400))], []],
    // Money for another claim is none for this one.
    ['C', 'add_account_ledger_entries', [onAcc(payment('P', 400, 'INV'))], []],
  ]
  test.each(rows)('promised on %s: %s %j', async (...[key, operation, body, says]) => {
    const tenant = await prepared()
    await promise(tenant, key, 400)
    const events = await eventsDuring(it, tenant, async () => {
      const answer = await tenant.post(operation, body)
      for (const one of Object.values(answer.body)) expect(one).toMatchObject({ success: true })
    })
    expect(wordsOf(events)).toEqual(says)
    expect(await flagged(tenant)).toEqual(says.length > 0 ? [] : [key])
    const commands = new Set(events.map(({ metadata }) => metadata.commandId))
    expect(commands.size).toBe(1)
  })

  test('what is paid in parts adds up, and what comes after it was kept is not told again', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    for (const amount of [100, 250, 80, 20])
      await tenant.post('credit_claims', { C: { amount, ...eur } })
    expect(await promisesOf(tenant)).toEqual(['created 0 of 400', 'resolved 430 of 400'])
    expect(await storedOf(tenant)).toEqual(['RESOLVED 430'])
  })

  test('D-19: sequential, the parts of one request count together', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    const body = { C: { amount: 200, ...eur }, 'C-2026-01-15': { amount: 200, ...eur } }
    const answer = await tenant.post('credit_claims', body, '?sequential=true')
    expect(answer.body).toMatchObject({ C: { success: true }, 'C-2026-01-15': { success: true } })
    expect((await promisesOf(tenant)).at(-1)).toBe('resolved 400 of 400')
  })

  test('what was paid before the promise does not count', async () => {
    const tenant = await prepared()
    await tenant.post('credit_claims', { C: { amount: 300, ...eur } })
    await promise(tenant, 'C', 200)
    await tenant.post('credit_claims', { C: { amount: 199, ...eur } })
    expect(await storedOf(tenant)).toEqual(['ACTIVE 199'])
  })

  test('a refused payment does not count', async () => {
    const tenant = await prepared()
    await promise(tenant, 'INV', 400)
    const answer = await book(tenant, payment('P', 400, 'INV'), payment('Q', 1, 'NOPE'))
    expect(answer.success).toBe(false)
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
  })

  test('an overpaid part counts whole', async () => {
    const tenant = await prepared()
    await promise(tenant, 'INV', 1_050)
    await book(tenant, payment('P', 1_070, 'INV'))
    expect((await promisesOf(tenant)).at(-1)).toBe('resolved 1070 of 1050')
    expect(await linesOf(tenant)).toContain('INV ACTIVE 0+100')
  })

  test('a chargeback subtracts, by its payment or by its claim, and never below 0', async () => {
    const tenant = await prepared()
    await promise(tenant, 'INV', 400)
    await book(tenant, payment('P', 300, 'INV'))
    await book(tenant, chargeback('B', 100, 'P'))
    expect(await storedOf(tenant)).toEqual(['ACTIVE 200'])
    await tenant.post('debit_claims', { INV: { amount: 150, debitType: 'CHARGEBACK', ...eur } })
    expect(await storedOf(tenant)).toEqual(['ACTIVE 50'])
    await book(tenant, chargeback('B2', 60, 'INV'))
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
    await tenant.post('debit_claims', { INV: { amount: 10, debitType: 'INTEREST', ...eur } })
    await book(tenant, payment('P2', 400, 'INV'))
    expect((await promisesOf(tenant)).at(-1)).toBe('resolved 400 of 400')
  })

  test('a payment and its chargeback in one request are judged together', async () => {
    const tenant = await prepared()
    await promise(tenant, 'INV', 400)
    await book(tenant, payment('P', 400, 'INV'), chargeback('B', 1, 'P'))
    expect(await storedOf(tenant)).toEqual(['ACTIVE 399'])
  })

  test('a kept promise stays kept when the money is taken back', async () => {
    const tenant = await prepared()
    await promise(tenant, 'INV', 400)
    await book(tenant, payment('P', 400, 'INV'))
    await book(tenant, chargeback('B', 400, 'P'))
    expect(await storedOf(tenant)).toEqual(['RESOLVED 400'])
  })

  test('D-75: a promise goes with its claim to another account', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    await tenant.post('create_accounts', { OTHER: { currency: 'EUR' } })
    const moved = { C: { accountReference: 'OTHER' } }
    await done(tenant, { operation: 'update_claims', body: moved, key: 'C' })
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
    const events = await eventsDuring(it, tenant, () =>
      tenant.post('credit_claims', { C: { amount: 400, ...eur } }),
    )
    expect(wordsOf(events)).toEqual(['resolved 400 of 400'])
    const told = events.find(({ type }) => type === 'event.promiseToPay.resolved')
    expect(told?.data).toMatchObject({ accountReference: 'OTHER' })
  })
})

describe('D-91: a claim that ends ends its promise', () => {
  const resolve = (reason: string) => (tenant: TestTenant) =>
    tenant.post('resolve_claims', [{ ref: 'C', reason }])
  const rows: [string, (tenant: TestTenant) => Promise<unknown>, string][] = [
    ['sold', resolve('CLAIM_SOLD'), 'invalidated 0 of 400'],
    ['fraudulent', resolve('FRAUDULENT'), 'invalidated 0 of 400'],
    ['resolved as paid', resolve('CLAIM_PAID'), 'resolved 0 of 400'],
    ['deleted', (tenant) => deleteClaim(tenant, 'C'), 'invalidated 0 of 400'],
    [
      'waived by a discount',
      (tenant) =>
        tenant.post('credit_claims', { C: { amount: 550, creditType: 'DISCOUNT', ...eur } }),
      'invalidated 0 of 400',
    ],
    [
      'brought to 0 for no reason of payment',
      (tenant) => tenant.post('update_claims', { C: { amount: 0, totalFees: 0 } }),
      'invalidated 0 of 400',
    ],
    [
      'brought to 0 as paid',
      (tenant) =>
        tenant.post('update_claims', { C: { amount: 0, totalFees: 0, reason: 'CLAIM_PAID' } }),
      'resolved 550 of 400',
    ],
    [
      'paid in full after a discount, by less than was promised',
      async (tenant) => {
        await tenant.post('credit_claims', { C: { amount: 400, creditType: 'DISCOUNT', ...eur } })
        await tenant.post('credit_claims', { C: { amount: 150, ...eur } })
      },
      'resolved 150 of 400',
    ],
  ]
  test.each(rows)('%s', async (_what, end, says) => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    expect(wordsOf(await eventsDuring(it, tenant, () => end(tenant)))).toEqual([says])
    expect(await flagged(tenant)).toEqual([])
  })

  test('D-78: a claim that is made anew has no promise', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    await deleteClaim(tenant, 'C')
    const body = { C: claim(500, { accountReference: 'ACC' }) }
    await done(tenant, { operation: 'recreate_claims', body, key: 'C' })
    await tenant.post('credit_claims', { C: { amount: 450, ...eur } })
    expect(await storedOf(tenant)).toEqual(['INVALIDATED 0'])
  })
})

describe('D-91: a promise expires at the end of its date', () => {
  test('tells what was paid, once, and leaves the claim as it is', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    await tenant.post('credit_claims', { C: { amount: 150, ...eur } })
    await sweep('2026-03-20T22:59:59.999Z')
    expect(await storedOf(tenant)).toEqual(['ACTIVE 150'])
    const sweeps = () => Promise.all([sweep('2026-03-20T23:00:00.000Z'), sweep(afterDue)])
    const events = await eventsDuring(it, tenant, sweeps)
    expect(wordsOf(events)).toEqual(['expired 150 of 400'])
    expect(events[0]?.data).toMatchObject({ claimRef: 'C', accountReference: 'ACC', dueDate })
    expect(await storedOf(tenant)).toEqual(['EXPIRED 150'])
    expect(await flagged(tenant)).toEqual([])
    expect(await linesOf(tenant)).toContain('C ACTIVE 400+0')
  })

  test("today and the end of a day are those of the tenant's time zone", async () => {
    const tenant = await it.tenant()
    await it.database.ownerPool.query(
      `update quittance.tenant set time_zone = 'Pacific/Auckland' where tenant_id = $1`,
      [tenant.tenantId],
    )
    // The finder of tenants keeps what it read for half a minute.
    it.now = new Date('2026-03-10T12:01:00.000Z')
    await tenant.post('create_claims', { C: claim(500) })
    const past = await tenant.post('create_promises_to_pay', {
      C: word(9, { dueDate: '2026-03-10' }),
    })
    expect(past.body.C).toEqual(
      refusedWith(parameterError(4000, 'Invalid input: the due date is past')),
    )
    await promise(tenant, 'C', 400, { dueDate: '2026-03-11' })
    await sweep('2026-03-11T10:59:59.999Z')
    expect(await storedOf(tenant)).toEqual(['ACTIVE 0'])
    await sweep('2026-03-11T11:00:00.000Z')
    expect(await storedOf(tenant)).toEqual(['EXPIRED 0'])
  })

  test('money that comes later does not count, however late the sweep is', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    it.now = new Date(afterDue)
    const token = await renewed(tenant)
    const pay = () => post(tenant, token, 'credit_claims', { C: { amount: 450, ...eur } })
    expect(wordsOf(await eventsDuring(it, tenant, pay))).toEqual(['expired 0 of 400'])
  })

  test('a new promise expires one that is over, and does not invalidate it', async () => {
    const tenant = await prepared()
    await promise(tenant, 'C', 400)
    it.now = new Date(afterDue)
    const token = await renewed(tenant)
    const body = { C: word(300, { dueDate: '2026-04-01' }) }
    const again = () => post(tenant, token, 'create_promises_to_pay', body)
    expect(wordsOf(await eventsDuring(it, tenant, again))).toEqual([
      'expired 0 of 400',
      'created 0 of 300',
    ])
  })

  test('more promises than one round takes expire at once, each in its own time', async () => {
    const tenant = await it.tenant()
    const keys = Array.from({ length: 300 }, (_, index) => `C${index}`)
    const body = (of: (index: number) => unknown) =>
      Object.fromEntries(keys.map((key, index) => [key, of(index)]))
    await tenant.post(
      'create_claims',
      body(() => claim(10)),
    )
    const days = ['2026-03-12', '2026-03-13']
    await tenant.post(
      'create_promises_to_pay',
      body((n) => word(5, { dueDate: days[n % 2] })),
    )
    const active = async () => (await storedOf(tenant)).filter((line) => line === 'ACTIVE 0').length
    expect(await active()).toBe(300)
    await sweep('2026-03-13T12:00:00.000Z')
    expect(await active()).toBe(150)
    await sweep('2026-03-14T12:00:00.000Z')
    expect(await active()).toBe(0)
  })
})

/** A token of the time that it is now; the first one is long expired. */
async function renewed(tenant: TestTenant): Promise<string> {
  const { clientId, clientSecret } = tenant.oauth
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const authorization = `Basic ${basic}`
  const url = '/v1/oauth2/token'
  return (await it.inject({ method: 'POST', url, headers: { authorization } })).body.access_token
}

type Posted = [tenant: TestTenant, token: string, operation: string, body: object]
async function post(...[tenant, token, operation, body]: Posted) {
  const answer = await it.inject({
    method: 'POST',
    url: `/v1/${tenant.tenantId}/${operation}`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  })
  expect(answer.body.C).toMatchObject({ success: true })
}
