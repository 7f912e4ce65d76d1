import { describe, expect, test } from 'vitest'
import { inTransaction } from '../../src/platform/db.ts'
import { type JourneyActions, journeyWork, paymentProvidersOf } from '../../src/journeys/index.ts'
import { advanceRuns } from '../../src/journeys/advance-runs.ts'
import { person, type TestTenant, world } from '../world.ts'
import {
  bundle,
  calls,
  changes,
  claims,
  eventsOf,
  journey,
  native,
  pass,
  sandbox,
  webhook,
} from './given.ts'

const it = world()
const day = { type: 'wait', days: 1 }

const rowsOf = async (tenant: TestTenant, statement: string) => {
  const { rows } = await it.database.ownerPool.query(statement, [tenant.tenantId])
  return rows
}
const messagesOf = (tenant: TestTenant) =>
  rowsOf(
    tenant,
    `select channel, key, cause ->> 'step' as step, context from quittance.message where tenant_id = $1
     order by created_at, key`,
  )

function signal() {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

/** Runs are due, but the clock stands: nothing of the server moves them before the work of a test does. */
const quiet: JourneyActions = {
  queueMessages: () => Promise.resolve(),
  createTasks: () => Promise.resolve(),
  placeClaims: () => Promise.resolve(),
  recallClaims: () => Promise.resolve(),
}

describe('a run', () => {
  test('begins with a claim, lives by the tenant’s clock and ends when there are no steps left', async () => {
    const tenant = await sandbox(it)
    const made = await journey(tenant, {
      main: [
        webhook('hello'),
        { type: 'wait', days: 3 },
        { type: 'waitUntil', time: '09:00' },
        webhook('again'),
        { id: 'deadline', type: 'dpdDeadline', days: 30 },
        webhook('late'),
      ],
    })
    await claims(tenant, ['C'])
    await pass(tenant, { days: 40 })
    expect(await calls(it, tenant)).toEqual([
      '2026-03-10T12:00 C hello',
      '2026-03-14T08:00 C again',
      // Midnight in Berlin, which is in summer time by then.
      '2026-03-30T22:00 C late',
    ])
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C finished'])
    const [assigned] = await eventsOf(it, tenant, 'event.strategy.assigned')
    expect(assigned?.data).toEqual({
      claimRef: 'C',
      receeveClaimRef: 'C-2026-03-01',
      accountReference: 'D',
      externalDebtorRef: 'D',
      strategyId: made.id,
      strategyName: 'Dunning',
      strategyVersion: 1,
    })
    const [called] = await eventsOf(it, tenant, 'event.journeyWebhook')
    expect(called?.data).toMatchObject({
      strategyId: made.id,
      step: 'hello',
      name: 'hello',
      data: {},
    })
  })

  test('writes to debtors, makes tasks and hands over, each once', async () => {
    const tenant = await sandbox(it)
    const [email, sms, letter] = [
      await bundle(tenant, 'email'),
      await bundle(tenant, 'sms'),
      await bundle(tenant, 'letter'),
    ]
    await native(tenant, {
      method: 'POST',
      url: '/agencies',
      body: { name: 'Inkasso' },
      status: 201,
    })
    await journey(tenant, {
      main: [
        { id: 'mail', type: 'email', bundleId: email, context: { tone: 'soft' } },
        { id: 'text', type: 'sms', bundleId: sms },
        { id: 'paper', type: 'letter', bundleId: letter },
        {
          type: 'createTask',
          kind: 'call',
          title: 'Call',
          details: 'Soon',
          actions: ['reached'],
          dueInDays: 2,
        },
        { type: 'outsource', partner: 'Inkasso' },
        day,
        { type: 'revertOutsource' },
        { type: 'paymentProviders', providers: ['bank'] },
      ],
    })
    await claims(tenant, ['A', 'B'])
    await pass(tenant)
    const written = await messagesOf(tenant)
    for (const step of ['mail', 'text', 'paper'])
      expect(written.filter((one) => one.step === step)).toHaveLength(2)
    expect(written.find(({ step }) => step === 'mail')).toMatchObject({
      channel: 'email',
      context: { tone: 'soft' },
    })
    expect(
      await rowsOf(
        tenant,
        `select kind, title, details, actions, due_at from quittance.task where tenant_id = $1`,
      ),
    ).toMatchObject(
      ['A', 'B'].map(() => ({
        kind: 'call',
        title: 'Call',
        details: 'Soon',
        actions: ['reached'],
        due_at: new Date('2026-03-12T12:00:00.000Z'),
      })),
    )
    const placed = `select partner, status from quittance.placement where tenant_id = $1`
    expect(await rowsOf(tenant, placed)).toEqual(
      ['A', 'B'].map(() => ({ partner: 'Inkasso', status: 'PLACED' })),
    )
    await pass(tenant, { days: 2 })
    expect(await rowsOf(tenant, placed)).toMatchObject([
      { status: 'RECALLED' },
      { status: 'RECALLED' },
    ])
    const [claim] = await rowsOf(
      tenant,
      `select claim_id as id from quittance.claim where tenant_id = $1 and reference = 'A'`,
    )
    const { db } = it.assembly.services
    const unit = { tenantId: tenant.tenantId, now: it.now }
    expect(await inTransaction(db, unit, (tx) => paymentProvidersOf(tx, claim.id))).toEqual([
      'bank',
    ])
    expect(await messagesOf(tenant)).toHaveLength(6)
  })

  test('books meta before it looks at it, on the claim and on the account', async () => {
    const tenant = await sandbox(it)
    const isSet = (field: string, value: unknown) => ({ field, op: 'eq', value })
    await journey(tenant, {
      main: [
        { type: 'setMeta', target: 'claim', meta: { stage: 2, kept: true } },
        { type: 'setMeta', target: 'account', meta: { region: 'north' } },
        {
          type: 'if',
          condition: { every: [isSet('meta.stage', 2), isSet('accountMeta.region', 'north')] },
          go: { insertPath: 'seen' },
        },
      ],
      seen: [webhook('seen')],
    })
    await claims(tenant, ['C'], { meta: { stage: 1, own: 'x' } })
    await pass(tenant)
    expect(await calls(it, tenant)).toEqual(['2026-03-10T12:00 C seen'])
    const answer = await tenant.get('get_account_claims', 'accountReference=D')
    expect(answer.body[0].meta).toMatchObject({ stage: 2, kept: true, own: 'x', region: 'north' })
    const updates = await eventsOf(it, tenant, 'event.claimMeta.updated')
    expect(updates.length).toBe(2)
    expect(
      await rowsOf(tenant, 'select 1 from quittance.journey_booking where tenant_id = $1'),
    ).toEqual([])
  })

  test('knows when things last happened on the claim', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, {
      main: [
        day,
        {
          type: 'if',
          condition: { field: 'lastEmailOpenedDate', op: 'eq', value: { today: -1 } },
          go: { insertPath: 'opened' },
        },
      ],
      opened: [webhook('opened')],
    })
    await claims(tenant, ['A', 'B'])
    const { db } = it.assembly.services
    await inTransaction(db, { tenantId: tenant.tenantId, now: it.now }, (tx) =>
      tx.emit({ type: 'event.debtorEmail.opened', data: { claimRef: 'A' } }),
    )
    await pass(tenant, { days: 2 })
    expect(await calls(it, tenant)).toEqual(['2026-03-11T12:00 A opened'])
  })

  test('ends when the claim is paid before the next step, and when it is deleted (D-86)', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, { main: [day, webhook('never')] })
    await claims(tenant, ['PAID', 'GONE', 'ZERO'])
    await pass(tenant)
    await tenant.post('resolve_claims', [{ ref: 'PAID', reason: 'FRAUDULENT' }])
    await native(tenant, { method: 'DELETE', url: '/claims/GONE', status: 204 })
    await tenant.post('credit_claims', {
      ZERO: { amount: 500, currency: 'EUR', originator: 'CLIENT' },
    })
    await pass(tenant, { days: 3 })
    expect(await calls(it, tenant)).toEqual([])
    expect((await changes(it, tenant)).slice(3).toSorted()).toEqual([
      'GONE stopped CLAIM_DELETED',
      'PAID stopped FRAUDULENT',
      'ZERO stopped CLAIM_PAID',
    ])
  })

  test('stops at the next step of a claim whose end nobody told of yet', async () => {
    const tenant = await it.tenant()
    await journey(tenant, { main: [webhook('never')] })
    await claims(tenant, ['C'])
    await expect.poll(() => changes(it, tenant), { timeout: 20_000 }).toContain('C finished')
    await it.database.ownerPool.query(
      `update quittance.journey_run set status = 'RUNNING', ended_at = null, next_at = $2,
         state = '{"stack": [{"path": "main", "index": 0}], "effects": 1}' where tenant_id = $1`,
      [tenant.tenantId, '2026-03-10T12:00:01Z'],
    )
    await it.database.ownerPool.query(
      `update quittance.claim set status = 'RESOLVED', resolution_reason = 'CLAIM_PAID' where tenant_id = $1`,
      [tenant.tenantId],
    )
    const { db } = it.assembly.services
    const unit = { tenantId: tenant.tenantId, now: new Date('2026-03-10T12:00:02Z') }
    expect(
      await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions: quiet, limit: 9 })),
    ).toBe(1)
    expect((await changes(it, tenant)).at(-1)).toBe('C stopped CLAIM_RESOLVED')
    expect(await calls(it, tenant)).toHaveLength(1)
  })

  test('begins anew when the claim is made anew or active again (D-86)', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, { main: [webhook('first'), day] })
    await claims(tenant, ['C'])
    await pass(tenant)
    await native(tenant, { method: 'DELETE', url: '/claims/C', status: 204 })
    await pass(tenant, { minutes: 1 })
    const whole = {
      amount: 500,
      currency: 'EUR',
      originalDueDate: '2026-03-01',
      currentDueDate: '2026-03-01',
      primaryDebtor: {
        debtorReference: 'D',
        firstName: 'A',
        lastName: 'B',
        contactInformation: { country: 'DE' },
      },
    }
    const recreated = await tenant.post('recreate_claims', { C: whole })
    expect(recreated.body.C).toMatchObject({ success: true })
    await pass(tenant, { minutes: 1 })
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'FRAUDULENT' }])
    await pass(tenant, { minutes: 1 })
    // Nothing about its amount changes: only its status does.
    const forced = await tenant.post('update_claims', {
      C: { options: { forceAmountCheck: true } },
    })
    expect(forced.body.C).toMatchObject({ success: true })
    await pass(tenant, { minutes: 1 })
    expect(await changes(it, tenant)).toEqual([
      'C assigned',
      'C stopped CLAIM_DELETED',
      'C assigned',
      'C stopped FRAUDULENT',
      'C assigned',
    ])
    expect(await calls(it, tenant)).toHaveLength(3)
  })

  test('follows the journey of the claim’s portfolio, or else the default', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, { main: [webhook('default')] })
    const other = await journey(
      tenant,
      { main: [webhook('vip')] },
      { name: 'VIP', isDefault: false },
    )
    await native(tenant, {
      method: 'POST',
      url: `/journeys/${other.id}/assignments`,
      body: { portfolioReference: 'VIP' },
    })
    await claims(tenant, ['V'], { portfolioReference: 'VIP' })
    await claims(tenant, ['N'], { portfolioReference: 'OTHER' })
    await claims(tenant, ['A'], { primaryDebtor: person('E') })
    await pass(tenant)
    expect((await calls(it, tenant)).map((call) => call.slice(17)).toSorted()).toEqual([
      'A default',
      'N default',
      'V vip',
    ])
  })

  test('is not begun for claims that were there before the first journey', async () => {
    const tenant = await sandbox(it)
    await claims(tenant, ['OLD'])
    await pass(tenant)
    await journey(tenant, { main: [webhook('hello')] })
    await claims(tenant, ['NEW'])
    await pass(tenant)
    expect(await changes(it, tenant)).toEqual(['NEW assigned', 'NEW finished'])
  })
})

describe('workers', () => {
  /** Ten claims whose journey has a message at the next look; the server itself does not look. */
  async function tenDue(): Promise<{ tenant: TestTenant; now: Date }> {
    const tenant = await sandbox(it)
    const bundleId = await bundle(tenant)
    await journey(tenant, { main: [day, { id: 'mail', type: 'email', bundleId }] })
    await claims(
      tenant,
      Array.from({ length: 10 }, (_, index) => `C${index}`),
    )
    await pass(tenant)
    return { tenant, now: new Date('2026-03-11T12:00:01.000Z') }
  }

  const workOf = (now: Date, actions: JourneyActions) => {
    const { services, bookkeeper } = it.assembly
    const { db, log } = services
    const clock = () => now
    return journeyWork({ db, bookkeeper, log, clock, nowOf: clock, actions })
  }

  test('leave no trace of what they could not commit, and do it again as if it were the first time', async () => {
    const { tenant, now } = await tenDue()
    const { db } = it.assembly.services
    const unit = { tenantId: tenant.tenantId, now }
    const ordered: string[] = []
    const actions: JourneyActions = {
      ...quiet,
      queueMessages: async (_tx, orders) => void ordered.push(...orders.map(({ key }) => key)),
    }
    const died = inTransaction(db, unit, async (tx) => {
      expect(await advanceRuns(tx, { actions, limit: 100 })).toBe(10)
      throw new Error('the server died')
    })
    await expect(died).rejects.toThrow('the server died')
    const first = ordered.splice(0)
    expect(new Set(first).size).toBe(10)
    await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, limit: 100 }))
    expect(ordered.toSorted()).toEqual(first.toSorted())
    const after = await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, limit: 100 }))
    expect(after).toBe(0)
  })

  test('of two servers share what is due and do nothing twice', async () => {
    const { tenant, now } = await tenDue()
    const { db } = it.assembly.services
    const unit = { tenantId: tenant.tenantId, now }
    const keys: string[] = []
    const actions: JourneyActions = {
      ...quiet,
      queueMessages: async (_tx, orders) => void keys.push(...orders.map(({ key }) => key)),
    }
    const gate = signal()
    const held = signal()
    const first = inTransaction(db, unit, async (tx) => {
      const count = await advanceRuns(tx, { actions, limit: 4 })
      held.resolve()
      await gate.promise
      return count
    })
    await held.promise
    const second = await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, limit: 100 }))
    gate.resolve()
    expect([await first, second]).toEqual([4, 6])
    expect(new Set(keys).size).toBe(10)
    expect(keys).toHaveLength(10)
  })

  test('put off a run that cannot go on, and move the others', async () => {
    const { tenant, now } = await tenDue()
    let refused: string | undefined
    const sent = new Set<string>()
    const actions: JourneyActions = {
      ...quiet,
      async queueMessages(_tx, orders) {
        refused ??= orders[3]?.claimId
        if (orders.some(({ claimId }) => claimId === refused)) throw new Error('no')
        for (const { key } of orders) sent.add(key)
      },
    }
    await workOf(now, actions).runDue(tenant.tenantId, new AbortController().signal)
    expect(sent.size).toBe(9)
    expect(
      await rowsOf(
        tenant,
        `select status, next_at from quittance.journey_run where tenant_id = $1 and status <> 'FINISHED'`,
      ),
    ).toEqual([{ status: 'RUNNING', next_at: new Date('2026-03-11T13:00:01.000Z') }])
  })

  test('book meta that a server left behind when it died', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, {
      main: [day, { type: 'setMeta', target: 'claim', meta: { stage: 2 } }, webhook('after')],
    })
    await claims(tenant, ['C'])
    await pass(tenant)
    const { db } = it.assembly.services
    const now = new Date('2026-03-11T12:00:01.000Z')
    const unit = { tenantId: tenant.tenantId, now }
    // The step commits, and the server dies before it books.
    await inTransaction(db, unit, (tx) => advanceRuns(tx, { actions: quiet, limit: 9 }))
    expect(await calls(it, tenant)).toEqual([])
    const work = workOf(now, quiet)
    expect(await work.tenantsDue()).toContain(tenant.tenantId)
    await work.runDue(tenant.tenantId, new AbortController().signal)
    expect(await calls(it, tenant)).toHaveLength(1)
    const answer = await tenant.get('get_account_claims', 'accountReference=D')
    expect(answer.body[0].meta).toMatchObject({ stage: 2 })
    expect(await work.nextDueAt(tenant.tenantId)).toBeUndefined()
  })
})
