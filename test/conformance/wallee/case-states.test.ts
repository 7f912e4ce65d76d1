import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { caseWork, transitions } from '../../../src/cases/index.ts'
import { createTenantFinder } from '../../../src/identity/index.ts'
import { world } from '../../world.ts'
import { configure, createCase, item, type Json, readCase, unique, wholeCase } from './cases.ts'
import { client, type Client } from './sign.ts'

// Nothing happens by itself here: the work of cases is done when a test says so.
const it = world({ workers: false })
const start = it.now
// The token of our own door does not live as long as these tests travel.
afterEach(() => {
  it.now = start
})
let us: Client
let skipping: number
let reviewed: number
const agency: Json = {}
beforeAll(async () => {
  us = client(it, await it.tenant())
  skipping = await configure(us)
  reviewed = await configure(us, { skipReviewEnabled: false })
  Object.assign(agency, await newAgency('busy'))
})

async function newAgency(name: string): Promise<Json> {
  const made = await us.tenant.call({ method: 'POST', url: '/q/v1/agencies', payload: { name } })
  expect(made.status).toBe(201)
  const found = await us.v2('GET', `/debt-collection/collectors/search?query=name.en-US:${name}`)
  return { agencyId: made.body.id, collector: found.body.data[0].id }
}

function work() {
  const { services, bookkeeper } = it.assembly
  const { db, clock, clocks } = services
  const tenants = createTenantFinder({ db, now: clock })
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  return caseWork({ db, bookkeeper, clock, nowOf, tenants })
}
const workNow = () => work().runDue(us.tenant.tenantId, new AbortController().signal)

/** As a server leaves a case that goes down in the middle of its create. */
async function asCrashed(id: number): Promise<void> {
  await it.database.ownerPool.query(
    `update quittance.debt_case set state = 'CREATE', next_attempt_at = $2, review_started_at = null where id = $1`,
    [id, new Date(it.now.getTime() + 60_000)],
  )
}

const prepared = () =>
  createCase(us, wholeCase({ lineItems: [], collectorConfiguration: reviewed }))
const reviewing = () => createCase(us, wholeCase({ collectorConfiguration: reviewed }))
const pending = (configuration = skipping) =>
  createCase(us, wholeCase({ collectorConfiguration: configuration }))
async function processing(): Promise<Json> {
  const made = await pending()
  await workNow()
  return readCase(us, made['id'])
}

/** How a case comes into each state. */
const into: Record<string, () => Promise<Json>> = {
  CREATE: async () => {
    const made = await prepared()
    await asCrashed(made['id'])
    return readCase(us, made['id'])
  },
  PREPARING: prepared,
  REVIEWING: reviewing,
  PENDING: () => pending(),
  PROCESSING: processing,
  CLOSED: async () => {
    const made = await pending()
    return (await us.v1('POST', `/debt-collection-case/close?id=${made['id']}`)).body
  },
  FAILED: async () => {
    const { agencyId, collector } = await newAgency(unique('gone'))
    const made = await pending(await configure(us, { collector }))
    await us.tenant.call({ method: 'DELETE', url: `/q/v1/agencies/${agencyId}` })
    await workNow()
    return readCase(us, made['id'])
  },
}

type Door = 1 | 2
const v1 = (path: string, body?: unknown) => us.v1('POST', `/debt-collection-case/${path}`, body)
const v2 = (method: string, path: string, body?: unknown) =>
  us.v2(method, `/debt-collection/cases/${path}`, body)
const at = (door: Door, id: number, v1Name: string, v2Name: string) =>
  door === 1 ? v1(`${v1Name}?id=${id}`) : v2('POST', `${id}/${v2Name}`)

const drafts = ['CREATE', 'PREPARING', 'REVIEWING']
const open = [...drafts, 'PENDING', 'PROCESSING']
const all = [...open, 'CLOSED', 'FAILED']

/** What may be done in which state; everything else is refused. */
const operations: Record<string, { in: string[]; run: (door: Door, one: Json) => Promise<any> }> = {
  read: {
    in: all,
    run: (door, { id }) =>
      door === 1 ? us.v1('GET', `/debt-collection-case/read?id=${id}`) : v2('GET', `${id}`),
  },
  documents: {
    in: all,
    run: (door, { id }) => (door === 1 ? v1(`documents?id=${id}`) : v2('GET', `${id}/documents`)),
  },
  update: {
    in: drafts,
    run: (door, { id, version }) => {
      const change = { version, language: 'de-CH' }
      return door === 1 ? v1('update', { id, ...change }) : v2('PATCH', `${id}`, change)
    },
  },
  delete: {
    in: drafts,
    run: (door, { id }) => (door === 1 ? v1('delete', id) : v2('DELETE', `${id}`)),
  },
  attachDocument: {
    in: open,
    run: (door, { id }) =>
      door === 1
        ? v1(`attachDocument?id=${id}&fileName=a.txt&contentBase64=aGVsbG8%3D`)
        : v2('POST', `${id}/documents?fileName=a.txt&content=aGVsbG8%3D`),
  },
  markAsPrepared: {
    in: ['PREPARING'],
    run: async (door, one) => {
      const change = { version: one['version'], lineItems: [item(9)] }
      if (one['state'] === 'PREPARING') await v2('PATCH', `${one['id']}`, change)
      return at(door, one['id'], 'markAsPrepared', 'mark-prepared')
    },
  },
  markAsReviewed: {
    in: ['REVIEWING'],
    run: (door, { id }) => at(door, id, 'markAsReviewed', 'mark-reviewed'),
  },
  close: { in: open, run: (door, { id }) => at(door, id, 'close', 'close') },
  collect: {
    in: ['PENDING', 'PROCESSING'],
    run: (door, { id }) => {
      const query = 'collectedAmount=1&externalId=E'
      return door === 1
        ? v1(`addCollectedAmount?id=${id}&${query}`)
        : v2('POST', `${id}/payment-receipts?${query}`)
    },
  },
}

const table = Object.entries(operations).flatMap(([name, operation]) =>
  all.map((state) => [name, state, operation.in.includes(state), operation] as const),
)

describe.each(table)('%s of a case in state %s', (_name, state, isAllowed, operation) => {
  test.each([1, 2] as const)(
    isAllowed ? 'works through version %i' : 'is refused through version %i in its words',
    async (door) => {
      const one = await into[state]!()
      expect(one['state']).toBe(state)
      const answer = await operation.run(door, one)
      if (isAllowed) {
        expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
        return
      }
      expect(answer.status).toBe(door === 1 ? 442 : 422)
      if (door === 2) expect(answer.body.code).toBe('invalid_state')
      else expect(answer.body).toMatchObject({ type: 'END_USER_ERROR' })
      expect(answer.body.message).toContain(state)
      const { version: _seen, ...after } = await readCase(us, one['id'])
      const { version: _before, ...before } = one
      expect(after).toMatchObject(state === 'FAILED' ? { state } : { state: before['state'] })
    },
  )
})

test('a case that its create did not bring further goes on after a minute', async () => {
  const waits = await reviewing()
  const lacks = await prepared()
  const done = await pending()
  await asCrashed(waits['id'])
  await asCrashed(lacks['id'])
  await workNow()
  expect(await readCase(us, waits['id'])).toMatchObject({ state: 'CREATE' })
  it.now = new Date(it.now.getTime() + 60_000)
  await workNow()
  expect(await readCase(us, waits['id'])).toMatchObject({ state: 'REVIEWING' })
  expect(await readCase(us, lacks['id'])).toMatchObject({ state: 'PREPARING' })
  expect(await readCase(us, done['id'])).toMatchObject({ state: 'PROCESSING' })
})

test('a collector that takes no cases is tried again, ever more rarely, and at last fails the case', async () => {
  await us.tenant.call({
    method: 'PATCH',
    url: `/q/v1/agencies/${agency['agencyId']}`,
    payload: { isActive: false },
  })
  const made = await pending(await configure(us, { collector: agency['collector'] }))
  await workNow()
  const seen = await readCase(us, made['id'])
  expect(seen).toMatchObject({ state: 'PROCESSING' })
  const hours: number[] = []
  for (let step = 0; step < 20; step += 1) {
    const one = await readCase(us, made['id'])
    if (one['state'] !== 'PROCESSING') break
    const next = new Date(one['nextAttemptOn'])
    expect(await work().nextDueAt(us.tenant.tenantId)).toEqual(next)
    hours.push((next.getTime() - it.now.getTime()) / 3_600_000)
    it.now = next
    await workNow()
  }
  expect(hours).toEqual([1, 2, 4, 8, 16, 32, 64])
  const failed = await us.v2('GET', `/debt-collection/cases/${made['id']}?expand=failureReason`)
  expect(failed.body).toMatchObject({
    state: 'FAILED',
    amount: 100.25,
    failureReason: { category: 'TEMPORARY_ISSUE' },
  })
  expect(failed.body.failedOn).toBe(it.now.toISOString())
})

test('a collector that takes cases again gets the case at the next attempt', async () => {
  const { agencyId, collector } = await newAgency(unique('again'))
  const activate = (isActive: boolean) =>
    us.tenant.call({ method: 'PATCH', url: `/q/v1/agencies/${agencyId}`, payload: { isActive } })
  await activate(false)
  const made = await pending(await configure(us, { collector }))
  await workNow()
  await activate(true)
  it.now = new Date(it.now.getTime() + 3_600_000)
  await workNow()
  const read = await readCase(us, made['id'])
  expect(read).toMatchObject({ state: 'PROCESSING' })
  expect(read['nextAttemptOn']).toBeUndefined()
})

test('a case that is not collected within a year is closed, and its claim comes back', async () => {
  const made = await processing()
  const placement = () =>
    us.tenant.call({ method: 'GET', url: `/q/v1/claims/${made['reference']}/placement` })
  expect((await placement()).body).toMatchObject({ status: 'PLACED' })
  it.now = new Date(made['processingTimeoutOn'])
  await workNow()
  const read = await readCase(us, made['id'])
  expect(read).toMatchObject({ state: 'CLOSED', amount: 100.25, closedOn: it.now.toISOString() })
  it.now = start
  expect((await placement()).body).toMatchObject({ status: 'RECALLED' })
})

test('the configuration is the first by priority that is active, meets its conditions and supports the environment', async () => {
  const tenant = client(it, await it.tenant())
  const agencyOf = await tenant.tenant.call({
    method: 'POST',
    url: '/q/v1/agencies',
    payload: { name: 'strong' },
  })
  expect(agencyOf.status).toBe(201)
  const found = await tenant.v2('GET', '/debt-collection/collectors/search?query=name.en-US:strong')
  const collector = found.body.data[0].id
  const [company, thousand] = [1_400_000_300_401, 1_400_000_300_415]
  const late = await configure(tenant, { priority: 9, name: 'everybody' })
  const large = await configure(tenant, { priority: 2, collector, conditions: [{ id: thousand }] })
  const firms = await configure(tenant, { priority: 1, conditions: [company] })
  const view = await configure(tenant, { priority: 0, enabledSpaceViews: [77] })
  await configure(tenant, { priority: 0, state: 'INACTIVE' })
  const chosen = async (more: Json) => {
    const made = await createCase(tenant, wholeCase(more))
    return made['collectorConfiguration'].id
  }
  const firm = { ...wholeCase()['billingAddress'], organizationName: 'Byron AG' }
  expect(await chosen({})).toBe(late)
  expect(await chosen({ lineItems: [item(1000)] })).toBe(large)
  expect(await chosen({ lineItems: [item(999.99)] })).toBe(late)
  expect(await chosen({ lineItems: [item(1000)], environment: 'TEST' })).toBe(late)
  expect(await chosen({ lineItems: [item(1000)], billingAddress: firm })).toBe(firms)
  expect(await chosen({ spaceViewId: 77 })).toBe(view)
  const used = await tenant.v2('DELETE', `/debt-collection/configurations/${late}`)
  expect(used).toMatchObject({ status: 422, body: { code: 'in_use' } })
  const named = await tenant.v2('POST', '/debt-collection/cases', {
    ...wholeCase({ environment: 'TEST' }),
    collectorConfiguration: large,
  })
  expect(named).toMatchObject({ status: 422, body: { code: 'configuration_unusable' } })
})

test('a tenant without any configuration gets one that is worked by hand and reviewed', async () => {
  const fresh = client(it, await it.tenant())
  const made = await createCase(fresh, wholeCase())
  expect(made['state']).toBe('REVIEWING')
  const { body } = await fresh.v1('POST', '/debt-collector-configuration/search', {})
  expect(body).toMatchObject([{ name: 'Manual collection', skipReviewEnabled: false }])
  expect((await fresh.v1('POST', '/debt-collector-configuration/count')).body).toBe(1)
})

test('what was walked here is every transition of the table and none besides', async () => {
  const closing = await into['CREATE']!()
  await v1(`close?id=${closing['id']}`)
  const straight = await createCase(
    us,
    wholeCase({ lineItems: [], collectorConfiguration: skipping }),
  )
  const change = { version: straight['version'], lineItems: [item(9)] }
  await v2('PATCH', `${straight['id']}`, change)
  await at(1, straight['id'], 'markAsPrepared', 'mark-prepared')
  const { rows } = await it.database.ownerPool.query(
    `select distinct data ->> 'previousState' as "from", data ->> 'state' as "to" from quittance.event
     where tenant_id = $1 and type = 'event.debtCollectionCase.changed' and data ->> 'previousState' is not null`,
    [us.tenant.tenantId],
  )
  const walked = rows.map((row: Json) => `${row['from']} ${row['to']}`).toSorted()
  const wanted = Object.entries(transitions)
    .flatMap(([from, states]) => states.filter((to) => to !== from).map((to) => `${from} ${to}`))
    .toSorted()
  expect(walked).toEqual(wanted)
})
