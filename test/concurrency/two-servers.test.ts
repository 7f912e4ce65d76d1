import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Assembly, assemble } from '../../src/assemble.ts'
import { assertBooksBalance } from '../invariants.ts'
import { type Answer, person, testConfig, type TestTenant, world } from '../world.ts'

const it = world()
let second: Assembly
let urls: string[]

beforeAll(async () => {
  second = await assemble({
    connection: it.database.connection,
    config: testConfig(),
    log: pino({ level: 'silent' }),
    clock: () => new Date(it.now),
  })
  urls = await Promise.all([it.assembly.app, second.app].map(listen))
})
afterAll(() => second.close())

function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** Calls one of the two servers over real HTTP. */
async function send(
  tenant: TestTenant,
  server: number,
  { operation, body }: { operation: string; body: unknown },
): Promise<Answer> {
  const response = await fetch(`${urls[server % 2]!}/v1/${tenant.tenantId}/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    headers: {},
    body: (await response.json()) as Answer['body'],
  }
}

/** Runs `work` while a connection of ours holds locks, and lets go when so many sessions wait for locks: they overlap. */
async function whileHeld<T>(
  lock: { text: string; values: unknown[] },
  waiters: number,
  work: () => Promise<T>,
): Promise<T> {
  const client = await it.database.ownerPool.connect()
  try {
    await client.query('begin')
    await client.query(lock.text, lock.values)
    const working = work()
    await untilWaiting(waiters)
    await client.query('commit')
    return await working
  } finally {
    client.release(true)
  }
}

const deadlineMs = 15_000

async function untilWaiting(count: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const { rows } = await it.database.ownerPool.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and application_name = 'quittance-bookkeeper' and wait_event_type = 'Lock'`,
    )
    if (rows[0]!.waiting >= count) return
    if (performance.now() > deadline)
      throw new Error(`${rows[0]!.waiting} of ${count} sessions wait`)
  }
}

const lockAccounts = (tenant: TestTenant, references: string[]) => ({
  text: 'select 1 from quittance.account where tenant_id = $1 and reference = any($2) order by account_id for update',
  values: [tenant.tenantId, references],
})

const invoice = (reference: string, amount: number) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate: '2026-03-31' },
  context: {},
})

async function openAccounts(tenant: TestTenant, amounts: Record<string, number>): Promise<void> {
  const bodies = Object.entries(amounts).map(([reference, amount]) => [
    reference,
    {
      currency: 'EUR',
      debtors: [person(`D-${reference}`)],
      ledgerEntries: [invoice(`INV-${reference}`, amount)],
    },
  ])
  const answer = await tenant.post('create_accounts', Object.fromEntries(bodies))
  for (const one of Object.values(answer.body)) expect(one).toMatchObject({ success: true })
}

const payment = (accountReference: string, totalAmount: number, trackingId?: string) => ({
  accountReference,
  currency: 'EUR',
  totalAmount,
  matchStrategy: 'ORDERED_LEDGER_ENTRIES',
  ...(trackingId === undefined ? {} : { providerName: 'psp', trackingId }),
})

async function totals(tenant: TestTenant) {
  const { rows } = await it.database.ownerPool.query<{
    outstanding: number
    credit: number
    payments: number
    paid: number
  }>(
    `select (select sum(outstanding_minor)::bigint from quittance.account where tenant_id = $1) as outstanding,
       (select sum(credit_minor)::bigint from quittance.account where tenant_id = $1) as credit,
       (select count(*)::bigint from quittance.entry where tenant_id = $1 and kind = 'payment') as payments,
       (select coalesce(sum(amount_minor), 0)::bigint from quittance.entry where tenant_id = $1 and kind = 'payment') as paid`,
    [tenant.tenantId],
  )
  return rows[0]!
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

function expectAllDone(answers: Answer[]): void {
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  for (const { body } of answers)
    for (const one of Object.values(body)) expect(one).toMatchObject({ success: true })
}

describe('payments on one account', () => {
  test('200 at once lose no cent, on one server', async () => {
    const tenant = await it.tenant()
    await openAccounts(tenant, { A: 200_000 })
    const answers = await whileHeld(lockAccounts(tenant, ['A']), 1, () =>
      Promise.all(
        range(200).map((index) =>
          send(tenant, 0, { operation: 'match_account_payment', body: [payment('A', 1 + index)] }),
        ),
      ),
    )
    expectAllDone(answers)
    expect(await totals(tenant)).toEqual({
      outstanding: 200_000 - 20_100,
      credit: 0,
      payments: 200,
      paid: 20_100,
    })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('200 at once lose no cent, on two servers, and pay no more than is asked for', async () => {
    const tenant = await it.tenant()
    await openAccounts(tenant, { A: 10_000 })
    const answers = await whileHeld(lockAccounts(tenant, ['A']), 2, () =>
      Promise.all(
        range(200).map((index) =>
          send(tenant, index, {
            operation: 'match_account_payment',
            body: [payment('A', 1 + index)],
          }),
        ),
      ),
    )
    expectAllDone(answers)
    expect(await totals(tenant)).toMatchObject({ outstanding: 0, credit: 10_100, paid: 20_100 })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('one payment of a provider that both servers hear of at once is booked once (D-25)', async () => {
    const tenant = await it.tenant()
    await openAccounts(tenant, { A: 10_000 })
    const answers = await whileHeld(lockAccounts(tenant, ['A']), 2, () =>
      Promise.all(
        range(40).map((index) =>
          send(tenant, index, {
            operation: 'match_account_payment',
            body: [payment('A', 700, 'TX')],
          }),
        ),
      ),
    )
    expectAllDone(answers)
    const first = answers[0]!.body.A.data
    for (const { body } of answers) expect(body.A.data).toEqual(first)
    expect(await totals(tenant)).toMatchObject({ outstanding: 9_300, payments: 1, paid: 700 })
  })
})

describe('batches that meet the same accounts in opposite order', () => {
  test('never fail, whichever way round their items stand', async () => {
    const tenant = await it.tenant()
    const names = ['A', 'B', 'C', 'D']
    await openAccounts(tenant, Object.fromEntries(names.map((name) => [name, 100_000])))
    const bodyOf = (index: number) => {
      const order = index % 2 === 0 ? names : [...names].reverse()
      return order.map((name) => payment(name, 10))
    }
    const answers = await whileHeld(lockAccounts(tenant, ['B', 'C']), 2, () =>
      Promise.all(
        range(80).map((index) =>
          send(tenant, index >> 1, { operation: 'match_account_payment', body: bodyOf(index) }),
        ),
      ),
    )
    expectAllDone(answers)
    expect(await totals(tenant)).toMatchObject({ outstanding: 400_000 - 3_200, paid: 3_200 })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('claims that move between the accounts both ways end in one of them, their money with them', async () => {
    const tenant = await it.tenant()
    await openAccounts(tenant, { A: 1_000, B: 1_000 })
    const claims = range(12).map((index) => `CLAIM-${index}`)
    const made = claims.map((claim, index) => [claim, wholeClaim(index % 2 ? 'A' : 'B', 500)])
    expectAllDone([await tenant.post('create_claims', Object.fromEntries(made))])
    const answers = await whileHeld(lockAccounts(tenant, ['A', 'B']), 2, () =>
      Promise.all(
        range(96).map((index) => {
          const moved = index % 3 === 0 ? [...claims].reverse() : claims
          const to = index % 2 ? 'A' : 'B'
          const body = Object.fromEntries(
            moved.slice(0, 5).map((c) => [c, { accountReference: to }]),
          )
          return index % 5 === 0
            ? send(tenant, index, {
                operation: 'credit_claims',
                body: { [claims[index % 12]!]: credit(1) },
              })
            : send(tenant, index, { operation: 'update_claims', body })
        }),
      ),
    )
    expectAllDone(answers)
    // 20 of the calls paid one cent; a move is no payment.
    expect(await totals(tenant)).toMatchObject({ outstanding: 2_000 + 6_000 - 20, paid: 20 })
    const shown = await Promise.all(
      ['A', 'B'].map((account) => tenant.get('get_account_claims', `accountReference=${account}`)),
    )
    const references = shown.flatMap(({ body }) =>
      body.map((claim: Record<string, unknown>) => claim.claimReference),
    )
    expect(references).toHaveLength(claims.length + 2)
    expect(new Set(references)).toEqual(new Set([...claims, 'INV-A', 'INV-B']))
    await assertBooksBalance(it.database.ownerPool)
  })
})

const wholeClaim = (accountReference: string | undefined, amount: number, debtor?: string) => ({
  amount,
  originalDueDate: '2026-03-31',
  currentDueDate: '2026-03-31',
  ...(accountReference === undefined ? {} : { accountReference }),
  ...(debtor === undefined ? {} : { currency: 'EUR', primaryDebtor: person(debtor) }),
})
const credit = (amount: number) => ({ amount, currency: 'EUR', originator: 'CLIENT' })

/** Holds whoever inserts into a table, so that all that will insert the same rows have begun. */
const lockTable = (table: string) => ({
  text: `lock table quittance.${table} in share row exclusive mode`,
  values: [],
})

const wins = (answers: Answer[], key: string) =>
  answers.filter(({ body }) => body[key].success as boolean)

describe('the same new reference from both servers at once', () => {
  test('opens one account; every other is told that it exists (D-31)', async () => {
    const tenant = await it.tenant()
    const body = {
      N: { currency: 'EUR', debtors: [person('D')], ledgerEntries: [invoice('I', 5)] },
    }
    const answers = await whileHeld(lockTable('account'), 2, () =>
      Promise.all(
        range(24).map((index) => send(tenant, index, { operation: 'create_accounts', body })),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(range(24).map(() => 200))
    expect(wins(answers, 'N')).toHaveLength(1)
    for (const { body: answered } of answers.filter((one) => !one.body.N.success))
      expect(answered.N.messages[0]).toContain('[4002]')
    expect(await totals(tenant)).toMatchObject({ outstanding: 5 })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('opens one claim, in one account, whoever wins (9.3.1, D-32)', async () => {
    const tenant = await it.tenant()
    const answers = await whileHeld(lockTable('claim'), 2, () =>
      Promise.all(
        range(24).map((index) => {
          const body = { NEW: wholeClaim(undefined, 100 + index, `D-${index % 4}`) }
          return send(tenant, index, { operation: 'create_claims', body })
        }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(range(24).map(() => 200))
    const [winner, ...others] = wins(answers, 'NEW')
    expect(others).toEqual([])
    expect(await totals(tenant)).toMatchObject({ outstanding: winner!.body.NEW.data.amount })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('gathers the claims of one new debtor in one account (D-32)', async () => {
    const tenant = await it.tenant()
    const answers = await whileHeld(lockTable('account'), 2, () =>
      Promise.all(
        range(24).map((index) => {
          const body = { [`C-${index}`]: wholeClaim(undefined, 100, 'NEWBIE') }
          return send(tenant, index, { operation: 'import_claims', body })
        }),
      ),
    )
    expectAllDone(answers)
    const { body } = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=NEWBIE')
    expect(body).toHaveLength(1)
    expect(body[0].claims).toHaveLength(24)
    expect(await totals(tenant)).toMatchObject({ outstanding: 2_400 })
    await assertBooksBalance(it.database.ownerPool)
  })

  test('books one entry; every other is told that it is defined (D-24)', async () => {
    const tenant = await it.tenant()
    await openAccounts(tenant, { A: 1_000 })
    const body = [{ accountReference: 'A', ...invoice('TWICE', 50) }]
    const answers = await whileHeld(lockAccounts(tenant, ['A']), 2, () =>
      Promise.all(
        range(24).map((index) =>
          send(tenant, index, { operation: 'add_account_ledger_entries', body }),
        ),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(range(24).map(() => 200))
    expect(wins(answers, 'A')).toHaveLength(1)
    expect(await totals(tenant)).toMatchObject({ outstanding: 1_050 })
  })

  test('adds one debtor to an account, and gives debtors of several new accounts no deadlock', async () => {
    const tenant = await it.tenant()
    const people = range(8).map((index) => person(`P-${index}`))
    const answers = await whileHeld(lockTable('debtor'), 2, () =>
      Promise.all(
        range(24).map((index) => {
          const debtors = index % 2 ? people : [...people].reverse()
          const body = { [`ACC-${index}`]: { currency: 'EUR', debtors } }
          return send(tenant, index >> 1, { operation: 'create_accounts', body })
        }),
      ),
    )
    expectAllDone(answers)
    const { body } = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=P-3')
    expect(body).toHaveLength(24)
  })
})

test('the two servers are two: each has its own bookkeeper and sessions', async () => {
  expect(second.bookkeeper).not.toBe(it.assembly.bookkeeper)
  expect(new Set(urls).size).toBe(2)
  // A deadlock that was repeated in silence is a lock order to be put right.
  expect(await deadlocks()).toBe(0)
  // Nothing is proved unless one would have been seen.
  await deadlock()
  expect(await deadlocks()).toBe(1)
})

const lanes = { application_name: 'quittance-bookkeeper' }

/** How many deadlocks the lanes had. Sessions keep what they count to themselves for seconds, but hand it in as they end. */
async function deadlocks(): Promise<number> {
  const { ownerPool } = it.database
  const { rows: ended } = await ownerPool.query<{ pid: number }>(
    `select pid, pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = $1`,
    [lanes.application_name],
  )
  expect(ended.length).toBeGreaterThan(0)
  const pids = ended.map(({ pid }) => pid)
  const left = () => ownerPool.query('select from pg_stat_activity where pid = any($1)', [pids])
  await expect.poll(async () => (await left()).rowCount, { timeout: deadlineMs }).toBe(0)
  const { rows } = await ownerPool.query<{ deadlocks: number }>(
    'select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()',
  )
  return rows[0]!.deadlocks
}

/** Lets two sessions wait for each other as lanes would, until one of them is refused. */
async function deadlock(): Promise<void> {
  const one = new pg.Client({ ...it.database.connection, ...lanes })
  const two = new pg.Client({ ...it.database.connection, ...lanes })
  const clients = [one, two]
  // They are ended from outside.
  for (const client of clients) client.on('error', () => undefined)
  await Promise.all(clients.map((client) => client.connect()))
  const take = (client: pg.Client, lock: number) =>
    client.query('select pg_advisory_xact_lock($1)', [lock])
  const takeOther = async (client: pg.Client, lock: number) => {
    try {
      await take(client, lock)
    } finally {
      await client.query('rollback')
    }
  }
  await Promise.all(clients.map((client) => client.query('begin')))
  await Promise.all([take(one, 1), take(two, 2)])
  const outcomes = await Promise.allSettled([takeOther(one, 2), takeOther(two, 1)])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
}
