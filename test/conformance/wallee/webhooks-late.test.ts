import { beforeEach, expect, test } from 'vitest'
import { overdueWork } from '../../../src/faces/wallee/webhooks/tell-overdue.ts'
import { listenerSubscriberOf } from '../../../src/faces/wallee/webhooks/tell-listeners.ts'
import { startSubscribers } from '../../../src/events/index.ts'
import { claim, done } from '../receeve/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { client, type Client } from './sign.ts'

const it = world({ workers: false, webhookAllow: ['127.0.0.1/32'] })
const customers = 1_450_000_000_004
const invoices = 1_472_041_816_898
const noon = new Date('2026-03-10T12:00:00.000Z')
const patiently = { timeout: 20_000 }
let tenant: TestTenant
let us: Client

beforeEach(async () => {
  it.now = noon
  tenant = await it.tenant()
  us = client(it, tenant)
})

async function made(path: string, body: object): Promise<{ id: number }> {
  const answer = await us.v2('POST', path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}
async function listen(entity: number): Promise<number> {
  const { id: url } = await made('/webhooks/urls', { url: 'http://127.0.0.1:9/' })
  return (await made('/webhooks/listeners', { entity, url, notifyEveryChange: true })).id
}

/** What each listener is to be told of, as `listener state`. */
async function told(): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ listener: number; state: string }>(
    `select payload::json ->> 'webhookListenerId' as listener, payload::json ->> 'state' as state
     from quittance.webhook_delivery where tenant_id = $1 order by place`,
    [tenant.tenantId],
  )
  return rows.map(({ listener, state }) => `${listener} ${state}`)
}

async function readEvents(): Promise<void> {
  const { db, log } = it.assembly.services
  const subscribers = [listenerSubscriberOf(() => undefined)]
  const run = startSubscribers({
    db,
    log,
    nowOf: () => it.now,
    subscribers,
    sweepEveryMs: 3_600_000,
  })
  await run.drain()
  await run.close()
}

test('a listener is told of what is committed after it was made, whatever instant that bears', async () => {
  const listener = await listen(customers)
  // Begun a minute before the listener was made, committed after it.
  it.now = new Date(noon.getTime() - 60_000)
  await made('/customers', { familyName: 'Muster' })
  await expect.poll(async () => (await readEvents(), told()), patiently).toHaveLength(1)
  expect(await told()).toEqual([`${listener} ACTIVE`])
})

test('a listener that is made after an invoice became overdue is not told that it did', async () => {
  const early = await listen(invoices)
  const body = { C: claim(500, { originalDueDate: '2026-03-10', currentDueDate: '2026-03-10' }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  it.now = new Date(noon.getTime() + 24 * 60 * 60_000)
  await listen(invoices)
  const { db, clock } = it.assembly.services
  const work = overdueWork({ db, clock, nowOf: () => it.now, poke: () => undefined })
  await work.runDue(tenant.tenantId, new AbortController().signal)
  expect(await told()).toEqual([`${early} OVERDUE`])
})
