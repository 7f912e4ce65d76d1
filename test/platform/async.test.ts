import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Assembly, assemble } from '../../src/assemble.ts'
import { workOff } from '../../src/faces/receeve/async.ts'
import { createTenantFinder } from '../../src/identity/index.ts'
import { assertBooksBalance } from '../invariants.ts'
import { testConfig, type TestTenant, world } from '../world.ts'
import { bodied, seedBooks } from './doors.ts'

// This server only queues; the tests start those that work.
const it = world({ workers: false })
const started: Assembly[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()))
})

/** Another server on the same database, with workers. */
async function startWorker(log = pino({ level: 'silent' })): Promise<Assembly> {
  const assembly = await assemble({
    connection: it.database.connection,
    config: testConfig(),
    log,
    clock: () => new Date(it.now),
  })
  started.push(assembly)
  return assembly
}

async function pending({ tenantId }: TestTenant): Promise<number> {
  const { rows } = await it.database.ownerPool.query<{ n: number }>(
    'select count(*) as n from quittance.pending_command where tenant_id = $1',
    [tenantId],
  )
  return rows[0]!.n
}

const jobs = async () => {
  const { rows } = await it.database.ownerPool.query<{ n: number }>(
    'select count(*) as n from graphile_worker._private_jobs',
  )
  return rows[0]!.n
}

const workedOff = (tenant: TestTenant) =>
  vi.waitFor(async () => expect(await pending(tenant)).toBe(0), { timeout: 15_000, interval: 20 })

async function eventsOf(tenant: TestTenant, type: string) {
  const { rows } = await it.database.ownerPool.query(
    `select data, metadata from quittance.event where tenant_id = $1 and type = $2 order by xid, seq`,
    [tenant.tenantId, type],
  )
  return rows as { data: Record<string, unknown>; metadata: Record<string, unknown> }[]
}

const claimBody = (amount: number) => ({
  amount,
  currency: 'EUR',
  originalDueDate: '2026-01-31',
  currentDueDate: '2026-01-31',
  accountReference: 'ACC',
})
const movement = (amount: number) => ({ amount, currency: 'EUR', originator: 'CLIENT' })

async function amountOf(tenant: TestTenant, reference: string) {
  const answer = await tenant.call({ method: 'GET', url: `/q/v1/claims/${reference}/explain` })
  return answer.body as { totalMinor: number; entries: { kind: string; movedMinor: number }[] }
}

describe('a call with async=true', () => {
  test.each(bodied.map((operation) => [operation.id, operation] as const))(
    '%s is answered with a success of each key and stored, and nothing is booked yet (D-18)',
    async (_id, operation) => {
      const tenant = await it.tenant()
      await seedBooks(tenant)
      const entries = async () =>
        (
          await it.database.ownerPool.query(
            'select count(*) as n from quittance.entry where tenant_id = $1',
            [tenant.tenantId],
          )
        ).rows
      const before = await entries()
      const answer = await tenant.post(operation.id, operation.body, '?async=true')
      expect(answer.status).toBe(200)
      const [key = ''] = Object.keys(answer.body)
      expect(answer.body).toEqual({
        [key]: {
          success: true,
          messages: ['Successfully processed action'],
          messageIds: [expect.stringMatching(/^[\da-f-]{36}$/)],
        },
      })
      const { rows } = await it.database.ownerPool.query(
        'select command_id, operation from quittance.pending_command where tenant_id = $1',
        [tenant.tenantId],
      )
      expect(rows).toEqual([
        { command_id: answer.body[key].messageIds[0], operation: operation.id },
      ])
      expect(await entries()).toEqual(before)
    },
  )

  test('is refused when malformed, and queues nothing', async () => {
    const tenant = await it.tenant()
    const answer = await tenant.post('create_accounts', { A: { currency: 'eur' } }, '?async=true')
    expect(answer.status).toBe(400)
    expect(await pending(tenant)).toBe(0)
  })

  test('gives several items of one key one answer with all their ids', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    const scores = ['INTERNAL', 'EXTERNAL'].map((type) => ({
      accountReference: 'ACC',
      type,
      value: 'good',
    }))
    const answer = await tenant.post('set_account_scores', scores, '?async=true')
    expect(answer.body['ACC'].messageIds).toHaveLength(2)
    expect(await pending(tenant)).toBe(2)
  })

  test('queues nothing when its job cannot be added', async () => {
    const tenant = await it.tenant()
    await it.database.ownerPool.query('alter function quittance.enqueue_job rename to gone')
    try {
      const body = { A: { currency: 'EUR' } }
      const answer = await tenant.post('create_accounts', body, '?async=true', {
        'idempotency-key': 'k',
      })
      expect(answer).toMatchObject({ status: 500, body: { message: 'Internal server error' } })
    } finally {
      await it.database.ownerPool.query('alter function quittance.gone rename to enqueue_job')
    }
    expect(await pending(tenant)).toBe(0)
    const retried = await tenant.post(
      'create_accounts',
      { A: { currency: 'EUR' } },
      '?async=true',
      {
        'idempotency-key': 'k',
      },
    )
    expect(retried.status).toBe(200)
  })
})

describe('what was queued', () => {
  test('is worked off in the order in which it came, claim by claim', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    const names = Array.from({ length: 12 }, (_, index) => `Q-${index}`)
    const each = (body: unknown) => Object.fromEntries(names.map((name) => [name, body]))
    // A credit that overtook its claim would fail, and one that overtook the debit would overpay.
    const calls: [string, unknown][] = [
      ['create_claims', each(claimBody(100))],
      ['debit_claims', each(movement(900))],
      ['credit_claims', each(movement(950))],
      ['debit_claims', each(movement(50))],
      ['credit_claims', each(movement(100))],
    ]
    for (const [operation, body] of calls) {
      expect((await tenant.post(operation, body, '?async=true')).status).toBe(200)
    }
    await startWorker()
    await workedOff(tenant)
    for (const name of names) {
      const { totalMinor, entries } = await amountOf(tenant, name)
      expect(totalMinor).toBe(0)
      expect(entries.map(({ movedMinor }) => movedMinor)).toEqual([100, 900, -950, 50, -100])
    }
    expect(await eventsOf(tenant, 'event.command.failed')).toEqual([])
    await assertBooksBalance(it.database.ownerPool)
  })

  test('is worked off at once when a worker runs, more than one chunk of it too', async () => {
    const tenant = await it.tenant()
    await startWorker()
    const many = Object.fromEntries(
      Array.from({ length: 600 }, (_, index) => [`A-${index}`, { currency: 'EUR' }]),
    )
    expect((await tenant.post('create_accounts', many, '?async=true')).status).toBe(200)
    await workedOff(tenant)
    const { rows } = await it.database.ownerPool.query<{ n: number }>(
      'select count(*) as n from quittance.account where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ n: 600 }])
  })

  test('tells of each failure by an event that names the command (D-18)', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    const ids: string[] = []
    const queue = async (operation: string, body: unknown) => {
      const answer = await tenant.post(operation, body, '?async=true')
      for (const { messageIds } of Object.values(answer.body)) ids.push(...messageIds)
    }
    await queue('update_account_meta', { NONE: { a: 1 } })
    await queue('credit_claims', { NONE: movement(1) })
    await queue('add_account_ledger_entries', [
      {
        accountReference: 'ACC',
        ledgerEntryReference: 'INV',
        paymentDetails: { amount: 1 },
        context: {},
      },
    ])
    await queue('update_account_debtors', [{ accountReference: 'ACC', debtorReference: 'NONE' }])
    await startWorker()
    await workedOff(tenant)
    const told = await Promise.all(
      [
        'event.accountMetaSet.failed',
        'event.command.failed',
        'event.accountLedgerEntriesAdding.failed',
        'event.accountDebtorUpdate.failed',
      ].map((type) => eventsOf(tenant, type)),
    )
    expect(told.map((events) => events.map(({ data }) => data))).toEqual([
      [{ accountReference: 'NONE', error: expect.stringContaining('[4004]') }],
      [{ operation: 'credit_claims', reference: 'NONE', error: expect.stringContaining('[4003]') }],
      [
        {
          accountReference: 'ACC',
          ledgerEntryReferences: ['INV'],
          error: expect.stringContaining('[4007]'),
        },
      ],
      [
        {
          accountReference: 'ACC',
          externalDebtorRef: 'NONE',
          error: expect.stringContaining('[4005]'),
        },
      ],
    ])
    expect(told.flat().map(({ metadata }) => metadata['commandId'])).toEqual(ids)
  })

  test('fires the trigger and carries the version that its call named (D-20, D-21)', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    const query = '?async=true&triggerName=ring&minorVersion=7'
    await tenant.post('credit_claims', { CLAIM: movement(1) }, query)
    await startWorker()
    await workedOff(tenant)
    expect(await eventsOf(tenant, 'event.customClaimTrigger.executed')).toMatchObject([
      { data: { claimRef: 'CLAIM', triggerName: 'ring' }, metadata: { minorVersion: '7' } },
    ])
  })

  test('is picked up by the next start when its job was lost', async () => {
    const tenant = await it.tenant()
    const idle = await it.tenant()
    await seedBooks(tenant)
    await tenant.post('credit_claims', { CLAIM: movement(100) }, '?async=true')
    await it.database.ownerPool.query('truncate graphile_worker._private_jobs cascade')
    await startWorker()
    await workedOff(tenant)
    expect((await amountOf(tenant, 'CLAIM')).totalMinor).toBe(4_200)
    expect(await pending(idle)).toBe(0)
    await vi.waitFor(async () => expect(await jobs()).toBe(0), { timeout: 10_000, interval: 20 })
  })

  test('is booked once though several workers take it at the same moment', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    await Promise.all(
      Array.from({ length: 30 }, () =>
        tenant.post('credit_claims', { CLAIM: movement(10) }, '?async=true'),
      ),
    )
    await it.database.ownerPool.query('truncate graphile_worker._private_jobs cascade')
    const other = await assemble({
      connection: it.database.connection,
      config: testConfig({ workers: false }),
      log: pino({ level: 'silent' }),
      clock: () => new Date(it.now),
    })
    started.push(other)
    const working = [it.assembly, it.assembly, other, other].map(({ services, bookkeeper }) => {
      const tenants = createTenantFinder({ db: services.db, now: services.clock })
      return workOff({ services, bookkeeper, tenants }, { tenantId: tenant.tenantId })
    })
    await Promise.all(working)
    expect(await pending(tenant)).toBe(0)
    const { totalMinor, entries } = await amountOf(tenant, 'CLAIM')
    expect(totalMinor).toBe(4_300 - 300)
    expect(entries.filter(({ movedMinor }) => movedMinor === -10)).toHaveLength(30)
    expect(await eventsOf(tenant, 'event.command.failed')).toEqual([])
    await assertBooksBalance(it.database.ownerPool)
  })

  test('that fails for a reason nobody foresaw holds up nothing behind it, and is told of', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    await it.database.ownerPool.query(
      `alter table quittance.account add constraint nobody_is_poison check (reference <> 'POISON')`,
    )
    const poison = await tenant.post(
      'create_accounts',
      { POISON: { currency: 'EUR' } },
      '?async=true',
    )
    await tenant.post('credit_claims', { CLAIM: movement(100) }, '?async=true')
    await it.database.ownerPool.query(
      `insert into quittance.pending_command (tenant_id, command_id, operation, input, options, created_at)
       values ($1, gen_random_uuid(), 'an_operation_of_old', '{"key": "X", "input": {}}', '{}', now())`,
      [tenant.tenantId],
    )
    await tenant.post('credit_claims', { CLAIM: movement(100) }, '?async=true')
    await startWorker()
    await workedOff(tenant)
    expect((await amountOf(tenant, 'CLAIM')).totalMinor).toBe(4_100)
    const told = await eventsOf(tenant, 'event.command.failed')
    expect(told.map(({ data }) => data)).toEqual([
      { operation: 'create_accounts', reference: 'POISON', error: 'Internal server error' },
      { operation: 'an_operation_of_old', reference: 'X', error: 'Internal server error' },
    ])
    expect(told[0]?.metadata['commandId']).toBe(poison.body['POISON'].messageIds[0])
    await assertBooksBalance(it.database.ownerPool)
  })

  test('is told to have failed on the day that it is for a tenant whose test clock is ahead', async () => {
    const tenant = await it.tenant()
    await it.database.ownerPool.query(
      'update quittance.tenant set is_sandbox = true, clock_offset_ms = $2 where tenant_id = $1',
      [tenant.tenantId, 10 * 86_400_000],
    )
    await it.database.ownerPool.query(
      `insert into quittance.pending_command (tenant_id, command_id, operation, input, options, created_at)
       values ($1, gen_random_uuid(), 'an_operation_of_old', '{"key": "X", "input": {}}', '{}', now())`,
      [tenant.tenantId],
    )
    const { services, bookkeeper } = await startWorker()
    const tenants = createTenantFinder({ db: services.db, now: services.clock })
    await workOff({ services, bookkeeper, tenants }, { tenantId: tenant.tenantId })
    await workedOff(tenant)
    const { rows } = await it.database.ownerPool.query(
      `select occurred_at from quittance.event where tenant_id = $1 and type = 'event.command.failed'`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ occurred_at: new Date('2026-03-20T12:00:00.000Z') }])
  })

  test('waits, whole and in order, while it cannot be booked', async () => {
    const tenant = await it.tenant()
    await seedBooks(tenant)
    await tenant.post('debit_claims', { CLAIM: movement(100) }, '?async=true')
    await tenant.post('credit_claims', { CLAIM: movement(4_400) }, '?async=true')
    const closed = await assemble({
      connection: it.database.connection,
      config: testConfig({ workers: false }),
      log: pino({ level: 'silent' }),
      clock: () => new Date(it.now),
    })
    const { services, bookkeeper } = closed
    await bookkeeper.close()
    const tenants = createTenantFinder({ db: services.db, now: services.clock })
    const failing = workOff({ services, bookkeeper, tenants }, { tenantId: tenant.tenantId })
    await expect(failing).rejects.toMatchObject({ code: 'closing' })
    await closed.close()
    expect(await pending(tenant)).toBe(2)
    await startWorker()
    await workedOff(tenant)
    const { entries } = await amountOf(tenant, 'CLAIM')
    expect(entries.map(({ movedMinor }) => movedMinor)).toEqual([4_000, 300, 100, -300, -4_100])
  })
})
