import { expect, test } from 'vitest'
import type { Bookkeeper } from '../../src/book/index.ts'
import { startSubscribers } from '../../src/events/index.ts'
import { reactionSubscriber, reactionWork } from '../../src/reactions/index.ts'
import { claims, eventsOf } from '../journeys/given.ts'
import { type TestTenant, world } from '../world.ts'
import { logOf, reaction } from './given.ts'

// Nothing of the server works here but what a test lets work.
const it = world({ workers: false })

function workOf(bookkeeper: Pick<Bookkeeper, 'submitGroup'> = it.assembly.bookkeeper) {
  const { db, log, clocks } = it.assembly.services
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  const clock = () => new Date(it.now)
  return reactionWork({ db, log, clock, nowOf, bookkeeper: bookkeeper as Bookkeeper })
}

async function tell({ tenantId }: TestTenant): Promise<void> {
  const { db, log, clocks } = it.assembly.services
  const subscribers = startSubscribers({
    db,
    log,
    nowOf: (id) => clocks.nowOf(id),
    subscribers: [reactionSubscriber()],
  })
  await subscribers.drainTenant(tenantId)
  await subscribers.close()
}

const run = (work: ReturnType<typeof workOf>, tenant: TestTenant) =>
  work.runDue(tenant.tenantId, new AbortController().signal)

const told = async (tenant: TestTenant) =>
  (await eventsOf(it, tenant, 'event.reactionWebhook')).map(({ data }) => data.name)

test('what was noted is done once, whoever comes, and however many come at once', async () => {
  const tenant = await it.tenant()
  const id = await reaction(tenant, 'event.claim.created', [
    { type: 'webhook', name: 'one' },
    { type: 'setMeta', target: 'claim', meta: { a: 1 } },
    { type: 'webhook', name: 'two' },
  ])
  await claims(tenant, ['C'])
  await tell(tenant)
  await tell(tenant)
  expect(await logOf(tenant, id)).toEqual(['C WAITING'])
  const works = [workOf(), workOf(), workOf()]
  expect(await works[0]?.tenantsDue()).toContain(tenant.tenantId)
  await Promise.all(works.map((work) => run(work, tenant)))
  await run(workOf(), tenant)
  expect(await logOf(tenant, id)).toEqual(['C DONE webhook:done setMeta:done webhook:done'])
  expect(await told(tenant)).toEqual(['one', 'two'])
  expect(await eventsOf(it, tenant, 'event.claimMeta.updated')).toHaveLength(1)
  expect(await workOf().tenantsDue()).not.toContain(tenant.tenantId)
})

test('a server that dies with a booking in its hand is followed by another', async () => {
  const tenant = await it.tenant()
  const id = await reaction(tenant, 'event.claim.created', [
    { type: 'setMeta', target: 'claim', meta: { a: 1 } },
    { type: 'webhook', name: 'after' },
  ])
  await claims(tenant, ['C'])
  await tell(tenant)
  const dying = workOf({ submitGroup: () => Promise.reject(new Error('the server dies')) })
  await expect(run(dying, tenant)).rejects.toThrow('the server dies')
  expect(await dying.isUnderWay?.(tenant.tenantId)).toBe(true)
  // Its lease still holds.
  await run(workOf(), tenant)
  expect(await logOf(tenant, id)).toEqual(['C WAITING'])
  it.now = new Date(it.now.getTime() + 31_000)
  await run(workOf(), tenant)
  expect(await logOf(tenant, id)).toEqual(['C DONE setMeta:done webhook:done'])
  expect(await told(tenant)).toEqual(['after'])
})

test('a booking that fails again and again is given up, and the rest is done', async () => {
  const tenant = await it.tenant()
  const id = await reaction(tenant, 'event.claim.created', [
    { type: 'setMeta', target: 'claim', meta: { a: 1 } },
    { type: 'webhook', name: 'after' },
  ])
  await claims(tenant, ['C'])
  await tell(tenant)
  const dying = workOf({ submitGroup: () => Promise.reject(new Error('no')) })
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await expect(run(dying, tenant)).rejects.toThrow('no')
    it.now = new Date(it.now.getTime() + 31_000)
  }
  await run(workOf(), tenant)
  expect(await logOf(tenant, id)).toEqual(['C FAILED setMeta:failed webhook:done'])
})

test('what happens to a claim is answered in the order in which it happened', async () => {
  const tenant = await it.tenant()
  await reaction(tenant, { triggerName: 'first' }, [
    { type: 'setMeta', target: 'claim', meta: { a: 1 } },
    { type: 'webhook', name: 'first' },
  ])
  await reaction(tenant, { triggerName: 'second' }, [{ type: 'webhook', name: 'second' }])
  await claims(tenant, ['C'])
  for (const triggerName of ['first', 'second'])
    await tenant.post('execute_custom_triggers', { C: { triggerName, triggerContext: {} } })
  await tell(tenant)
  await run(workOf(), tenant)
  expect(await told(tenant)).toEqual(['first', 'second'])
})
