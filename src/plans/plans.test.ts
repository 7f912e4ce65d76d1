import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../test/invariants.ts'
import { eventsSeen, makeClaim, nativeCalls, sandboxTenant } from '../../test/native-calls.ts'
import { person, type TestTenant, world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { callContext } from '../book/index.ts'
import { acceptPlan, planOf, planStateOf, previewPlans } from './index.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const terms = {
  currency: 'EUR',
  instalments: [3, 6],
  interval: { unit: 'MONTH', count: 1 },
  firstDueWithinDays: 14,
  toleranceDays: 3,
  brokenAfterMissed: 2,
}

type Api = ReturnType<typeof nativeCalls>

/** A tenant with a claim C of 100.00 and a kind of plan in three or six months. */
async function prepared(more: object = {}) {
  const tenant = await sandboxTenant(it)
  const api = nativeCalls(tenant)
  await makeClaim(tenant, 'C')
  const made = await api.post('/plan-definitions', {
    name: 'Monthly',
    terms: { ...terms, ...more },
  })
  expect(made.status).toBe(201)
  const definition = made.body
  const accept = (also: object = {}, claim = 'C') =>
    api.post(`/claims/${claim}/plans`, {
      definitionId: definition.id,
      instalments: 3,
      firstDueOn: '2026-03-20',
      ...also,
    })
  return { tenant, api, definition, accept }
}

const pay = (tenant: TestTenant, amount: number, more: object = {}) =>
  tenant.post('credit_claims', { C: { amount, currency: 'EUR', originator: 'CLIENT', ...more } })

/** Lets everything that follows from events happen; the clock of a sandbox does it at once. */
const settle = (api: Api) => api.advance({ minutes: 1 })

const typesOf = async (tenant: TestTenant, prefix = 'event.instalment') =>
  (await eventsSeen(it, tenant, prefix)).map(({ type, data }) =>
    `${type.slice('event.'.length)} ${data.number ?? ''}`.trimEnd(),
  )

const linesOf = (plan: any) =>
  plan.instalments.map((one: any) => `${one.dueOn} ${one.paidAmount}/${one.amount} ${one.status}`)

const totalOf = async (api: Api) => (await api.get('/claims/C/explain')).body.totalMinor

describe('plan definitions', () => {
  test('are made, changed into a new version, listed and deleted', async () => {
    const { api, definition } = await prepared()
    expect(definition).toMatchObject({ version: 1, name: 'Monthly', isActive: true, terms })
    const path = `/plan-definitions/${definition.id}`
    const changed = await api.patch(path, { name: 'By month' })
    expect(changed.body).toEqual({ ...definition, version: 2, name: 'By month' })
    expect((await api.get('/plan-definitions')).body.items).toEqual([changed.body])
    expect((await api.get('/plan-definitions?cursor=x')).body.code).toBe('invalid_cursor')
    expect((await api.delete(path)).status).toBe(204)
    expect((await api.get(path)).body.code).toBe('definition_not_found')
    expect((await api.patch(path, { name: 'x' })).status).toBe(404)
    expect((await api.get('/claims/C/plan-options')).body.items).toEqual([])
  })

  test('with terms that contradict themselves are refused', async () => {
    const api = nativeCalls(await it.tenant())
    const codeOf = async (more: object) =>
      (await api.post('/plan-definitions', { name: 'x', terms: { ...terms, ...more } })).body.code
    expect(await codeOf({ instalments: { min: 6, max: 3 } })).toBe('invalid_terms')
    expect(await codeOf({ eligibility: { totalMin: 2, totalMax: 1 } })).toBe('invalid_terms')
    expect(await codeOf({ instalments: [1] })).toBe('invalid_request')
    expect(await codeOf({ colour: 'red' })).toBe('invalid_request')
  })

  test('of another tenant do not exist', async () => {
    const { definition } = await prepared()
    const other = nativeCalls(await it.tenant())
    expect((await other.get(`/plan-definitions/${definition.id}`)).status).toBe(404)
    expect((await other.get('/plan-definitions')).body.items).toEqual([])
  })
})

describe('plan options', () => {
  test('are all numbers of instalments with schedules that add up to the total and the fee', async () => {
    const { api, definition } = await prepared({ fee: 250 })
    const { body } = await api.get('/claims/C/plan-options?firstDueOn=2026-03-15')
    expect(body.items.map(({ instalments }: any) => instalments)).toEqual([3, 6])
    const [first] = body.items
    expect(first).toEqual({
      definitionId: definition.id,
      version: 1,
      name: 'Monthly',
      instalments: 3,
      currency: 'EUR',
      totalAmount: 10_250,
      fee: 250,
      firstDueFrom: '2026-03-10',
      firstDueTo: '2026-03-24',
      schedule: [
        { number: 1, dueOn: '2026-03-15', amount: 3_416 },
        { number: 2, dueOn: '2026-04-15', amount: 3_416 },
        { number: 3, dueOn: '2026-05-15', amount: 3_418 },
      ],
    })
    const unnamed = await api.get('/claims/C/plan-options')
    expect(unnamed.body.items[0].schedule[0].dueOn).toBe('2026-03-24')
    expect((await api.get('/claims/X/plan-options')).body.code).toBe('claim_not_found')
    // A preview changes nothing.
    expect(await totalOf(api)).toBe(10_000)
  })

  test('are only those that the claim is eligible for', async () => {
    const countWith = async (more: object) => {
      const { api } = await prepared(more)
      return (await api.get('/claims/C/plan-options')).body.items.length
    }
    expect(await countWith({ eligibility: { totalMin: 10_000, totalMax: 10_000 } })).toBe(2)
    expect(await countWith({ eligibility: { totalMin: 10_001 } })).toBe(0)
    expect(await countWith({ eligibility: { totalMax: 9_999 } })).toBe(0)
    expect(await countWith({ currency: 'USD' })).toBe(0)
    // 38 days after 2026-01-31.
    expect(await countWith({ eligibility: { daysPastDueMax: 38 } })).toBe(2)
    expect(await countWith({ eligibility: { daysPastDueMax: 37 } })).toBe(0)
    expect(await countWith({ eligibility: { portfolioReferences: ['P'] } })).toBe(0)
    expect(await countWith({ instalmentMin: 3_333 })).toBe(1)
  })

  test('fit the portfolio, and are none for a claim that has a plan or asks for nothing', async () => {
    const { tenant, api, accept } = await prepared({ eligibility: { portfolioReferences: ['P'] } })
    await makeClaim(tenant, 'IN', { portfolioReference: 'P' })
    const count = async (claim: string) =>
      (await api.get(`/claims/${claim}/plan-options`)).body.items.length
    expect([await count('C'), await count('IN')]).toEqual([0, 2])
    expect((await accept({}, 'IN')).status).toBe(201)
    expect(await count('IN')).toBe(0)
    await makeClaim(tenant, 'DONE', { portfolioReference: 'P' })
    await tenant.post('resolve_claims', [{ ref: 'DONE', reason: 'CLAIM_PAID' }])
    expect(await count('DONE')).toBe(0)
  })
})

describe('a plan', () => {
  test('is accepted over what the claim asks for, with its fee, and told of', async () => {
    const { tenant, api, definition, accept } = await prepared({ fee: 200 })
    const accepted = await accept({ totalAmount: 10_200, by: 'Ada' })
    expect(accepted).toMatchObject({
      status: 201,
      body: {
        claimReference: 'C',
        definitionId: definition.id,
        version: 1,
        status: 'ACTIVE',
        amount: 10_200,
        fee: 200,
        paidAmount: 0,
        isBehind: false,
        acceptedBy: 'Ada',
      },
    })
    expect(linesOf(accepted.body)).toEqual([
      '2026-03-20 0/3400 STARTED',
      '2026-04-20 0/3400 CREATED',
      '2026-05-20 0/3400 CREATED',
    ])
    expect((await api.get(`/plans/${accepted.body.id}`)).body).toEqual(accepted.body)
    expect((await api.get('/claims/C/plans')).body.items).toEqual([accepted.body])
    const { body } = await api.get('/claims/C/explain')
    expect(body).toMatchObject({ totalMinor: 10_200, feesMinor: 200 })
    expect(body.entries.at(-1)).toMatchObject({ kind: 'fee', feeName: 'INSTALMENT_PLAN' })
    const events = await eventsSeen(it, tenant, 'event.instalment')
    expect(events).toMatchObject([
      {
        type: 'event.instalmentPlan.created',
        data: {
          claimRef: 'C',
          instalmentPlanId: accepted.body.id,
          status: 'ACTIVE',
          amount: 10_200,
          instalments: [
            { number: 1, dueDate: '2026-03-20', amount: 3_400, status: 'STARTED' },
            {},
            {},
          ],
        },
      },
      { type: 'event.instalment.started', data: { number: 1 } },
    ])
  })

  test('takes the place of a promise (D-91)', async () => {
    const { tenant, accept } = await prepared()
    const promise = { amount: 400, currency: 'EUR', dueDate: '2026-03-20' }
    await tenant.post('create_promises_to_pay', { C: promise })
    await accept()
    expect(await typesOf(tenant, 'event.promiseToPay.')).toEqual([
      'promiseToPay.created',
      'promiseToPay.invalidated',
    ])
  })

  test('is made for managed claims too, and money from the ledger counts', async () => {
    const { tenant, api, accept } = await prepared({ fee: 100 })
    await tenant.post('create_accounts', {
      ACC: {
        currency: 'EUR',
        debtors: [person('D')],
        ledgerEntries: [
          {
            ledgerEntryReference: 'INV',
            invoiceDetails: { amount: 5_900, dueDate: '2026-01-31', createdAt: 1_767_225_600_000 },
            context: {},
          },
        ],
      },
    })
    const { body: plan } = await accept({}, 'INV')
    expect(plan).toMatchObject({ amount: 6_000, fee: 100 })
    const entry = (reference: string, details: object, target: string) =>
      tenant.post('add_account_ledger_entries', [
        {
          accountReference: 'ACC',
          ledgerEntryReference: reference,
          ...details,
          context: { ledgerEntryReference: target },
        },
      ])
    await entry('PAY', { paymentDetails: { amount: 2_500 } }, 'INV')
    await settle(api)
    expect(linesOf((await api.get(`/plans/${plan.id}`)).body)).toEqual([
      '2026-03-20 2000/2000 RESOLVED',
      '2026-04-20 500/2000 CREATED',
      '2026-05-20 0/2000 CREATED',
    ])
    await entry('BACK', { chargebackDetails: { amount: 1_000 } }, 'PAY')
    await settle(api)
    expect((await api.get(`/plans/${plan.id}`)).body).toMatchObject({ paidAmount: 1_500 })
    expect(await typesOf(tenant, 'event.instalmentPlan.')).toEqual([
      'instalmentPlan.created',
      'instalmentPlan.updated',
      'instalmentPlan.updated',
    ])
  })

  test('is refused where it is not offered, and nothing is booked', async () => {
    const { tenant, api, accept } = await prepared({ fee: 100, instalmentMin: 2_000 })
    const before = await eventsSeen(it, tenant)
    const refused = async (more: object, claim = 'C') => {
      const answer = await accept(more, claim)
      return `${answer.status} ${answer.body.code}`
    }
    expect(await refused({ definitionId: newId() })).toBe('404 definition_not_found')
    expect(await refused({}, 'X')).toBe('404 claim_not_found')
    expect(await refused({ instalments: 4 })).toBe('409 plan_not_offered')
    expect(await refused({ instalments: 6 })).toBe('409 plan_not_offered')
    expect(await refused({ firstDueOn: '2026-03-09' })).toBe('400 invalid_first_due')
    expect(await refused({ firstDueOn: '2026-03-25' })).toBe('400 invalid_first_due')
    expect(await refused({ firstDueOn: '2026-02-30' })).toBe('400 invalid_request')
    expect(await refused({ totalAmount: 10_000 })).toBe('409 plan_amount_changed')
    expect(await eventsSeen(it, tenant)).toEqual(before)
    expect(await totalOf(api)).toBe(10_000)
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'FRAUDULENT' }])
    expect(await refused({})).toBe('409 claim_not_active')
  })

  test('is the only active one of its claim, also when many accept at once', async () => {
    const { tenant, api, accept } = await prepared({ fee: 100 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => accept()))
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
    expect(statuses).toEqual([201, 409, 409, 409, 409])
    const lost = answers.filter(({ status }) => status === 409)
    expect(new Set(lost.map(({ body }) => body.code))).toEqual(new Set(['plan_exists']))
    expect(await totalOf(api)).toBe(10_100)
    expect(await typesOf(tenant, 'event.instalmentPlan.')).toEqual(['instalmentPlan.created'])
  })

  test('is chosen and accepted through the front door, as the debtor does', async () => {
    const { tenant, definition } = await prepared()
    const { tenantId } = tenant
    const { bookkeeper, services } = it.assembly
    const { db, clocks } = services
    const nowOf = (id: string) => clocks.nowOf(id)
    const unit = { tenantId, now: it.now }
    const look = () => inTransaction(db, unit, (tx) => planOf(tx, 'C'))
    expect(await look()).toBeUndefined()
    const [option] = await previewPlans({ db, nowOf }, { tenantId, claimReference: 'C' })
    const context = () =>
      callContext(
        { tenantId, timeZone: 'Europe/Berlin', settings: {} },
        { originator: 'LandingPage' },
      )
    const acceptance = {
      claimReference: 'C',
      choice: {
        definitionId: definition.id,
        instalments: option!.instalments,
        firstDueOn: option!.firstDueFrom,
        totalAmount: option!.totalAmount,
        by: 'DEBTOR',
      },
    }
    const accept = () => acceptPlan({ db, bookkeeper, nowOf }, context(), acceptance)
    const settled = await Promise.allSettled([accept(), accept(), accept()])
    const kept = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const codes = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(codes).toEqual(['plan_exists', 'plan_exists'])
    expect([await look()]).toEqual(kept)
    expect(kept[0]?.acceptedBy).toBe('DEBTOR')
  })

  test('that is accepted twice with the same key is accepted once', async () => {
    const { tenant, definition } = await prepared()
    const payload = { definitionId: definition.id, instalments: 3, firstDueOn: '2026-03-20' }
    const send = () =>
      tenant.call({
        method: 'POST',
        url: '/q/v1/claims/C/plans',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        payload: JSON.stringify(payload),
      })
    const first = await send()
    const second = await send()
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
  })

  test('is cancelled by an agent, and may be followed by another', async () => {
    const { tenant, api, accept } = await prepared()
    const { body: plan } = await accept()
    await pay(tenant, 5_000)
    const cancelled = await api.post(`/plans/${plan.id}/cancel`, { reason: 'WRONG_PLAN' })
    expect(cancelled.body).toMatchObject({
      status: 'CANCELLED',
      endReason: 'WRONG_PLAN',
      paidAmount: 5_000,
    })
    expect(linesOf(cancelled.body)).toEqual([
      '2026-03-20 3333/3333 RESOLVED',
      '2026-04-20 1667/3333 CANCELLED',
      '2026-05-20 0/3334 CANCELLED',
    ])
    expect((await api.post(`/plans/${plan.id}/cancel`, {})).body.code).toBe('plan_not_active')
    expect(await typesOf(tenant, 'event.instalmentPlan.')).toEqual([
      'instalmentPlan.created',
      'instalmentPlan.updated',
      'instalmentPlan.cancelled',
    ])
    const { body: next } = await accept()
    expect(next).toMatchObject({ status: 'ACTIVE', amount: 5_000, paidAmount: 0 })
    const other = nativeCalls(await it.tenant())
    expect((await other.get(`/plans/${next.id}`)).status).toBe(404)
    expect((await other.post(`/plans/${next.id}/cancel`, {})).status).toBe(404)
  })
})

async function stateOf(tenant: TestTenant) {
  const { db, ownerPool } = it.database
  const { rows } = await ownerPool.query<{ id: string }>(
    `select claim_id as id from quittance.claim where tenant_id = $1 and reference = 'C'`,
    [tenant.tenantId],
  )
  const claimId = rows[0]!.id
  const { tenantId } = tenant
  const now = it.assembly.services.clocks.nowOf(tenantId)
  const states = await inTransaction(db, { tenantId, now }, (tx) => planStateOf(tx, [claimId]))
  return states.get(claimId)
}

describe('a plan over time', () => {
  test('is kept by money in time, one instalment after another', async () => {
    const { tenant, api, accept } = await prepared()
    const { body: plan } = await accept()
    expect(await stateOf(tenant)).toEqual({
      planId: plan.id,
      isBehind: false,
      // The due date and three days of tolerance, to their end in Berlin.
      behindAt: new Date('2026-03-23T23:00:00.000Z'),
      nextDueOn: '2026-03-20',
    })
    await api.advance({ to: '2026-03-21T12:00:00Z' })
    // Within the tolerance nobody is behind.
    expect(await stateOf(tenant)).toMatchObject({ isBehind: false })
    await pay(tenant, 3_333)
    await api.advance({ to: '2026-04-19T12:00:00Z' })
    await pay(tenant, 3_333)
    await api.advance({ to: '2026-05-20T12:00:00Z' })
    await pay(tenant, 3_334)
    await settle(api)
    const { body } = await api.get(`/plans/${plan.id}`)
    expect(body).toMatchObject({ status: 'RESOLVED', endReason: 'PAID', paidAmount: 10_000 })
    expect(await stateOf(tenant)).toBeUndefined()
    expect(await typesOf(tenant)).toEqual([
      'instalmentPlan.created',
      'instalment.started 1',
      'instalment.started 2',
      'instalment.resolved 1',
      'instalmentPlan.updated',
      'instalment.resolved 2',
      'instalmentPlan.updated',
      'instalment.started 3',
      'instalment.resolved 3',
      'instalmentPlan.updated',
      'instalmentPlan.resolved',
    ])
    await api.advance({ days: 60 })
    expect((await api.get(`/plans/${plan.id}`)).body).toEqual(body)
  })

  test('is broken when the terms bear no more missed instalments, at that very moment', async () => {
    const { tenant, api, accept } = await prepared({
      eligibility: { noBrokenPlanDays: 30 },
    })
    const { body: plan } = await accept()
    await api.advance({ to: '2026-03-24T12:00:00Z' })
    expect((await api.get(`/plans/${plan.id}`)).body).toMatchObject({
      status: 'ACTIVE',
      isBehind: true,
    })
    expect(await stateOf(tenant)).toMatchObject({ isBehind: true, nextDueOn: '2026-03-20' })
    await api.advance({ to: '2026-05-01T12:00:00Z' })
    const { body } = await api.get(`/plans/${plan.id}`)
    // The 23rd of April with three days of tolerance is over at midnight in Berlin.
    expect(body).toMatchObject({
      status: 'FAILED',
      endReason: 'MISSED',
      endedAt: '2026-04-23T22:00:00.000Z',
    })
    expect(await typesOf(tenant)).toEqual([
      'instalmentPlan.created',
      'instalment.started 1',
      'instalment.started 2',
      'instalment.expired 1',
      'instalment.started 3',
      'instalment.expired 2',
      'instalment.invalidated 3',
      'instalmentPlan.failed',
      'instalmentPlan.invalidated',
    ])
    const options = async () => (await api.get('/claims/C/plan-options')).body.items.length
    expect(await options()).toBe(0)
    const refused = await accept({ firstDueOn: '2026-05-05' })
    expect(refused.body).toMatchObject({ code: 'plan_not_offered' })
    await api.advance({ to: '2026-05-25T12:00:00Z' })
    expect(await options()).toBe(2)
  })

  test('that missed an instalment is not behind any more once it is made up for', async () => {
    const { tenant, api, accept } = await prepared()
    const { body: plan } = await accept()
    await api.advance({ to: '2026-03-25T12:00:00Z' })
    await pay(tenant, 3_000)
    await settle(api)
    expect(await stateOf(tenant)).toMatchObject({ isBehind: true })
    await pay(tenant, 333)
    await settle(api)
    expect(await stateOf(tenant)).toMatchObject({ isBehind: false, nextDueOn: '2026-04-20' })
    expect((await api.get(`/plans/${plan.id}`)).body.isBehind).toBe(false)
  })

  test('ends with its claim: paid with a discount it is kept, given up it is not needed', async () => {
    const kept = await prepared()
    const { body: one } = await kept.accept()
    await pay(kept.tenant, 4_000)
    await pay(kept.tenant, 6_000, { creditType: 'DISCOUNT' })
    await settle(kept.api)
    expect((await kept.api.get(`/plans/${one.id}`)).body).toMatchObject({
      status: 'RESOLVED',
      endReason: 'CLAIM_PAID',
      paidAmount: 4_000,
    })
    const given = await prepared()
    const { body: two } = await given.accept()
    await given.tenant.post('resolve_claims', [{ ref: 'C', reason: 'FRAUDULENT' }])
    await settle(given.api)
    expect((await given.api.get(`/plans/${two.id}`)).body).toMatchObject({
      status: 'INVALIDATED',
      endReason: 'FRAUDULENT',
    })
    const deleted = await prepared()
    const { body: three } = await deleted.accept()
    await deleted.api.delete('/claims/C')
    await settle(deleted.api)
    expect((await deleted.api.get(`/plans/${three.id}`)).body).toMatchObject({
      status: 'INVALIDATED',
      endReason: 'CLAIM_DELETED',
    })
  })

  test('goes with its claim to another account', async () => {
    const { tenant, api, accept } = await prepared()
    const { body: plan } = await accept()
    await pay(tenant, 1_000)
    await tenant.post('create_accounts', { ELSE: { currency: 'EUR', debtors: [person('D-E')] } })
    const moved = await tenant.post('update_claims', { C: { accountReference: 'ELSE' } })
    expect(moved.body).toMatchObject({ C: { success: true } })
    await pay(tenant, 500)
    await settle(api)
    expect((await api.get(`/plans/${plan.id}`)).body).toMatchObject({
      status: 'ACTIVE',
      paidAmount: 1_500,
    })
    await pay(tenant, 500)
    await settle(api)
    expect((await api.get(`/plans/${plan.id}`)).body.paidAmount).toBe(2_000)
  })
})
