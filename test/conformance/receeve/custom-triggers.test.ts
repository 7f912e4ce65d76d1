import { afterAll, describe, expect, test } from 'vitest'
import { publishedOperations } from '../../../src/faces/receeve/face.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { type TestTenant, world } from '../../world.ts'
import {
  claim,
  deleteClaim,
  done,
  eventsDuring,
  eventsOf,
  invoice,
  openAccount,
  parameterError,
  polledEvents,
  refusedWith,
} from './given.ts'
import { isSeedPresent, missingFrom, readSamples } from './seed.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const fired = 'event.customClaimTrigger.executed'

/** The managed claim INV and the unmanaged claims C and GONE, the last of them deleted. */
async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openAccount(tenant, [invoice('INV', 1_000)])
  const own = claim(500, { accountReference: 'ACC' })
  await done(tenant, { operation: 'create_claims', body: { C: own, GONE: own }, key: 'C' })
  await deleteClaim(tenant, 'GONE')
  return tenant
}

const fire = (tenant: TestTenant, body: object, query = '') =>
  tenant.post('execute_custom_triggers', body, query)

describe('execute_custom_triggers', () => {
  test.runIf(isSeedPresent)('answers the published sample in the published shape', async () => {
    const sample = readSamples().get('execute_custom_triggers')
    const tenant = await it.tenant()
    await tenant.post('create_claims', { property1: claim(1), property2: claim(1) })
    const answer = await fire(tenant, sample?.body as object)
    expect(missingFrom(answer.body, sample?.answer)).toEqual([])
    const succeeded = { success: true, messages: ['Successfully processed action'] }
    expect(answer.body).toMatchObject({ property1: succeeded, property2: succeeded })
  })

  const names = {
    claimRef: 'C',
    receeveClaimRef: 'C-2026-01-15',
    accountReference: 'ACC',
    externalDebtorRef: 'D',
  }
  const triggerContext = { agent: 'Ada', nested: { list: [1, null, 'x'] } }
  test.each([
    ['a name', 'callDebtor', {}],
    ['an object', { triggerName: 'callDebtor' }, {}],
    ['an object with context', { triggerName: 'callDebtor', triggerContext }, triggerContext],
  ])('D-89: takes %s and says so in one event', async (_what, body, context) => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, async () => {
      const answer = await fire(tenant, { C: body })
      expect(answer.body.C).toEqual({
        success: true,
        messages: ['Successfully processed action'],
        messageIds: [expect.any(String)],
      })
    })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ type: fired })
    expect(events[0]?.data).toEqual({
      ...names,
      triggerName: 'callDebtor',
      triggerContext: context,
    })
  })

  test('D-89: a resolved claim takes it too, in either form of its reference', async () => {
    const tenant = await prepared()
    await tenant.post('resolve_claims', [{ ref: 'INV', reason: 'CLAIM_SOLD' }])
    const events = await eventsDuring(it, tenant, async () => {
      const answer = await fire(tenant, { 'INV-2026-01-31': 'thank' })
      expect(answer.body).toMatchObject({ 'INV-2026-01-31': { success: true } })
    })
    expect(events).toMatchObject([{ type: fired, data: { claimRef: 'INV' } }])
  })

  test.each(['GONE', 'NOPE'])(
    'D-89: refuses %s: 4003, its neighbour does not mind',
    async (key) => {
      const tenant = await prepared()
      const events = await eventsDuring(it, tenant, async () => {
        const answer = await fire(tenant, { [key]: 'call', C: 'call' })
        expect(answer.body[key]).toEqual(refusedWith(parameterError(4003, 'Claim not found')))
        expect(answer.body.C.success).toBe(true)
      })
      expect(events).toMatchObject([{ type: fired, data: { claimRef: 'C' } }])
    },
  )

  test('D-44: an invoice that waits for a debtor is no claim yet', async () => {
    const tenant = await it.tenant()
    await tenant.post('create_accounts', {
      ACC: { currency: 'EUR', ledgerEntries: [invoice('INV', 5)] },
    })
    const answer = await fire(tenant, { INV: 'call' })
    expect(answer.body.INV).toEqual(refusedWith(parameterError(4003, 'Claim not found')))
  })

  test.each([[''], [1], [null], [[]], [{}], [{ triggerName: '' }], [{ triggerContext: {} }]])(
    'refuses %j as a whole',
    async (body) => {
      const tenant = await prepared()
      const events = await eventsDuring(it, tenant, async () => {
        expect(await fire(tenant, { C: 'call', INV: body })).toMatchObject({ status: 400 })
      })
      expect(events).toEqual([])
    },
  )

  test.each([{ triggerContext: 'x' }, { triggerContext: [] }, { triggerContext: 1 }])(
    'refuses %j as a whole',
    async (more) => {
      const tenant = await prepared()
      const answer = await fire(tenant, { C: { triggerName: 'call', ...more } })
      expect(answer.status).toBe(400)
    },
  )

  test('D-19: sequential, they fire in body order', async () => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () =>
      fire(tenant, { INV: 'one', C: 'two', 'C-2026-01-15': 'three' }, '?sequential=true'),
    )
    expect(events.map(({ data }) => data.triggerName)).toEqual(['one', 'two', 'three'])
  })

  test('D-18: async, they fire later, and what is unknown is told by an event', async () => {
    const tenant = await prepared()
    const body = { C: { triggerName: 'late', triggerContext: { a: 1 } }, NOPE: 'late' }
    const answer = await fire(tenant, body, '?async=true')
    expect(answer.body).toMatchObject({ C: { success: true }, NOPE: { success: true } })
    const page = await polledEvents(tenant, { eventType: fired, date: '2026-03-10', count: 1 })
    expect(page.events[0].details).toMatchObject({ triggerName: 'late', triggerContext: { a: 1 } })
    const types = async () => (await eventsOf(it, tenant)).map(({ type }) => type)
    await expect.poll(types, { timeout: 10_000 }).toContain('event.command.failed')
  })

  test('3.4.3: has no triggerName of its own, and fires nothing for it', async () => {
    const contract = publishedOperations().find(({ id }) => id === 'execute_custom_triggers')
    expect(contract?.query).toHaveProperty('properties.async')
    expect(contract?.query).not.toHaveProperty('properties.triggerName')
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () =>
      fire(tenant, { C: 'call' }, '?triggerName=other'),
    )
    expect(events.map(({ data }) => data.triggerName)).toEqual(['call'])
  })
})
