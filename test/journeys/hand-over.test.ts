import { describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/journeys/advance-runs.ts'
import type { JourneyActions } from '../../src/journeys/index.ts'
import { placeClaims } from '../../src/placements/index.ts'
import { inTransaction } from '../../src/platform/db.ts'
import { type TestTenant, world } from '../world.ts'
import { claims, eventsOf, journey, type Loose, native, pass, sandbox, webhook } from './given.ts'

const it = world()

const post = (tenant: TestTenant, url: string, body: unknown, status = 201) =>
  native(tenant, { method: 'POST', url, body, status })

/** A claim C of 500 that is to be handed over on 12 March, at 13:00 in Berlin; `main` in place of the usual steps. */
async function dueForAgency(references = ['C']) {
  const tenant = await sandbox(it)
  await post(tenant, '/agencies', { name: 'Agency' })
  const made = await journey(tenant, {
    main: [
      { type: 'wait', days: 2 },
      { id: 'hand-over', type: 'outsource', partner: 'Agency' },
      webhook('after'),
    ],
  })
  await claims(tenant, references)
  await pass(tenant)
  return { tenant, made }
}

/** Three instalments, the first due on `firstDueOn`; one that is missed for a day breaks the plan. */
async function agree(tenant: TestTenant, firstDueOn: string) {
  const definition = await post(tenant, '/plan-definitions', {
    name: 'Weekly',
    terms: {
      currency: 'EUR',
      instalments: [3],
      interval: { unit: 'WEEK', count: 1 },
      firstDueWithinDays: 14,
      toleranceDays: 1,
      brokenAfterMissed: 1,
    },
  })
  const plan = { definitionId: definition.id, instalments: 3, firstDueOn }
  return post(tenant, '/claims/C/plans', plan)
}

const pay = async (tenant: TestTenant, amount: number) => {
  const credit = { amount, currency: 'EUR', originator: 'CLIENT', creditType: 'PAYMENT' }
  const { body } = await tenant.post('credit_claims', { C: credit })
  expect(body.C).toMatchObject({ success: true })
}

const promise = async (tenant: TestTenant, dueDate: string) => {
  const { body } = await tenant.post('create_promises_to_pay', {
    C: { amount: 500, currency: 'EUR', dueDate },
  })
  expect(body.C).toMatchObject({ success: true })
}

/** `2026-03-12T12:00 C` for each hand-over there ever was. */
async function placed(tenant: TestTenant): Promise<string[]> {
  const { items } = await native(tenant, { url: '/placements' })
  return items.map(
    ({ placedAt, claimReference }: Loose) => `${placedAt.slice(0, 16)} ${claimReference}`,
  )
}

/** `2026-03-12T12:00 disputed`, for each time that the journey said why it waits. */
async function delays(tenant: TestTenant): Promise<string[]> {
  const events = await eventsOf(it, tenant, 'event.strategy.delayed')
  return events.map(({ at, data }) => `${at.toISOString().slice(0, 16)} ${data.because}`)
}

const standsAt = (tenant: TestTenant) => native(tenant, { url: '/claims/C/journey' })

describe('a journey that hands a claim over', () => {
  test('does so on its day where the debtor agreed to nothing and contests nothing', async () => {
    const { tenant } = await dueForAgency()
    await pass(tenant, { days: 3 })
    expect(await placed(tenant)).toEqual(['2026-03-12T12:00 C'])
    expect(await delays(tenant)).toEqual([])
    expect(await standsAt(tenant)).toMatchObject({ status: 'FINISHED', delay: null })
  })

  test('waits while the instalments of a plan are paid, says why, and goes on when one is missed', async () => {
    const { tenant, made } = await dueForAgency()
    await agree(tenant, '2026-03-13')
    await pass(tenant, { days: 2 })
    expect(await placed(tenant)).toEqual([])
    expect(await standsAt(tenant)).toMatchObject({
      status: 'RUNNING',
      step: 'hand-over',
      nextAt: '2026-03-13T12:00:00.000Z',
      delay: {
        because: 'on_plan',
        says: 'The debtor pays by instalments, as agreed so far',
      },
    })
    const [told] = await eventsOf(it, tenant, 'event.strategy.delayed')
    expect(told?.data).toMatchObject({
      claimRef: 'C',
      strategyId: made.id,
      step: 'hand-over',
      partner: 'Agency',
      because: 'on_plan',
    })
    await pay(tenant, 167)
    // The second is due on the 20th and missed when the 21st is over, at midnight in Berlin.
    await pass(tenant, { to: '2026-03-21T22:00:00Z' })
    expect(await placed(tenant)).toEqual([])
    await pass(tenant, { to: '2026-03-22T13:00:00Z' })
    expect(await placed(tenant)).toEqual(['2026-03-22T12:00 C'])
    expect(await delays(tenant)).toEqual(['2026-03-12T12:00 on_plan'])
  })

  test('never does for a plan that is kept: the claim is paid and the journey stops', async () => {
    const { tenant } = await dueForAgency()
    await agree(tenant, '2026-03-13')
    for (const amount of [166, 166, 168]) {
      await pay(tenant, amount)
      await pass(tenant, { days: 6 })
    }
    expect(await placed(tenant)).toEqual([])
    expect(await standsAt(tenant)).toMatchObject({ status: 'STOPPED', endReason: 'CLAIM_PAID' })
  })

  test('waits until the date of a promise is over', async () => {
    const { tenant } = await dueForAgency()
    await promise(tenant, '2026-03-14')
    await pass(tenant, { to: '2026-03-14T22:00:00Z' })
    expect(await placed(tenant)).toEqual([])
    expect(await standsAt(tenant)).toMatchObject({ delay: { because: 'promised' } })
    await pass(tenant, { to: '2026-03-15T13:00:00Z' })
    expect(await placed(tenant)).toEqual(['2026-03-15T12:00 C'])
  })

  test('waits while a dispute is open, and then for what else there is', async () => {
    const { tenant } = await dueForAgency()
    const dispute = await post(tenant, '/disputes', { claimReference: 'C', reason: 'NOT_MINE' })
    await pass(tenant, { days: 10 })
    expect(await placed(tenant)).toEqual([])
    await promise(tenant, '2026-03-21')
    await post(tenant, `/disputes/${dispute.id}/close`, { outcome: 'REJECTED' }, 200)
    await pass(tenant, { days: 3 })
    expect(await delays(tenant)).toEqual(['2026-03-12T12:00 disputed', '2026-03-21T12:00 promised'])
    expect(await placed(tenant)).toEqual(['2026-03-22T12:00 C'])
  })

  test('goes on where a person handed the claim over all the same', async () => {
    const { tenant } = await dueForAgency()
    await post(tenant, '/disputes', { claimReference: 'C', reason: 'NOT_MINE' })
    await post(tenant, '/claims/C/placement', { agency: 'Agency' })
    await pass(tenant, { days: 3 })
    expect(await placed(tenant)).toHaveLength(1)
    expect(await standsAt(tenant)).toMatchObject({ status: 'FINISHED', delay: null })
    expect(await delays(tenant)).toEqual([])
  })

  test('foretells in a dry run what waits and when it goes on', async () => {
    const { tenant, made } = await dueForAgency(['C', 'D', 'E'])
    await promise(tenant, '2026-03-14')
    await post(tenant, '/disputes', { claimReference: 'D', reason: 'NOT_MINE' })
    const until = { until: '2027-03-01T00:00:00Z' }
    const simulated = await post(tenant, `/journeys/${made.id}/simulate`, until, 200)
    const lines = simulated.events.map(
      ({ at, claimReference, type, details }: Loose) =>
        `${at.slice(0, 16)} ${claimReference} ${type} ${details.because ?? ''}`,
    )
    expect(lines.filter((line: string) => !line.includes('webhook'))).toEqual([
      '2026-03-12T12:00 C delayed promised',
      '2026-03-12T12:00 D delayed disputed',
      '2026-03-12T12:00 E outsource ',
      '2026-03-15T12:00 C outsource ',
    ])
    expect(simulated).toMatchObject({
      claims: 3,
      finished: 2,
      isPartial: false,
      byStep: { 'hand-over': 2 },
    })
    await pass(tenant, { days: 30 })
    expect((await placed(tenant)).toSorted()).toEqual(['2026-03-12T12:00 E', '2026-03-15T12:00 C'])
  })

  test('hands over once, though a server died while it did and two look at once', async () => {
    const { tenant } = await dueForAgency()
    const dispute = await post(tenant, '/disputes', { claimReference: 'C', reason: 'NOT_MINE' })
    await pass(tenant, { days: 3 })
    await post(tenant, `/disputes/${dispute.id}/close`, { outcome: 'WITHDRAWN' }, 200)
    const { db } = it.assembly.services
    const unit = { tenantId: tenant.tenantId, now: new Date('2026-03-14T12:00:00.000Z') }
    const actions: JourneyActions = {
      queueMessages: () => Promise.resolve(),
      createTasks: () => Promise.resolve(),
      placeClaims,
      recallClaims: () => Promise.resolve(),
    }
    const died = inTransaction(db, unit, async (tx) => {
      expect(await advanceRuns(tx, { actions, limit: 9 })).toBe(1)
      throw new Error('the server died')
    })
    await expect(died).rejects.toThrow('the server died')
    expect(await placed(tenant)).toEqual([])
    const moved = await Promise.all(
      [1, 2].map(() => inTransaction(db, unit, (tx) => advanceRuns(tx, { actions, limit: 9 }))),
    )
    expect(moved.toSorted((a, b) => a - b)).toEqual([0, 1])
    await pass(tenant, { days: 3 })
    expect(await placed(tenant)).toEqual(['2026-03-14T12:00 C'])
    expect(await delays(tenant)).toHaveLength(1)
  })
})
