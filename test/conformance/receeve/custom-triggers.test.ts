import { pino } from 'pino'
import { afterAll, describe, expect, test } from 'vitest'
import { assemble } from '../../../src/assemble.ts'
import { publishedOperations } from '../../../src/faces/receeve/face.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { person, testConfig, type TestTenant, world } from '../../world.ts'
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

const queued = async ({ tenantId }: TestTenant) => {
  const { rows } = await it.database.ownerPool.query<{ n: number }>(
    'select count(*)::int as n from quittance.pending_command where tenant_id = $1',
    [tenantId],
  )
  return rows[0]?.n
}

/** The events of a call with a trigger, all of it done. */
function eventsOfCall(tenant: TestTenant, operation: string, of: { body: unknown; way?: string }) {
  return eventsDuring(it, tenant, async () => {
    const answer = await tenant.post(operation, of.body, `?triggerName=told${of.way ?? ''}`)
    expect(answer.status).toBe(200)
    await expect.poll(() => queued(tenant), { timeout: 20_000, interval: 20 }).toBe(0)
  })
}

/** Which claims a trigger was told for, in the order in which it was. */
const told = (events: Awaited<ReturnType<typeof eventsOf>>) =>
  events.filter(({ type }) => type === fired).map(({ data }) => String(data.claimRef))

describe('D-20: triggerName of a request', () => {
  const score = (type: string) => ({ accountReference: 'ACC', type, value: 'x' })
  const product = (productReference: string) => ({ accountReference: 'ACC', productReference })
  const payment = {
    accountReference: 'ACC',
    currency: 'EUR',
    totalAmount: 1,
    matchStrategy: 'ORDERED_LEDGER_ENTRIES',
  }
  const mandate = (mandateId: string) => ({
    mandateId,
    accountReference: 'ACC',
    providerName: 'trustly',
    debtorReference: 'D',
    productReferences: [],
  })
  const lists: [string, object[]][] = [
    ['set_account_scores', [score('INTERNAL'), score('EXTERNAL'), score('BEHAVIORAL')]],
    ['add_account_products', [product('P'), product('Q')]],
    ['add_account_products, the last of them refused', [product('P'), product('P')]],
    ['add_account_debtors', ['E', 'F'].map((one) => ({ accountReference: 'ACC', ...person(one) }))],
    ['match_account_payment', [payment, payment]],
    ['create_account_mandates', [mandate('M'), mandate('N')]],
  ]
  const ways = ['', '&sequential=true', '&async=true']
  const rows = lists.flatMap(([what, body]) => ways.map((way) => [what, way, body] as const))
  test.each(rows)('%s%s tells each claim of the account once', async (what, way, body) => {
    const tenant = await prepared()
    const [operation = ''] = what.split(',')
    const events = await eventsOfCall(tenant, operation, { body, way })
    expect(told(events).toSorted()).toEqual(['C', 'INV'])
  })

  test.each(ways)('%s, a claim is told after all that its request changes of it', async (way) => {
    const tenant = await prepared()
    const body = { C: { amount: 400 }, 'C-2026-01-15': { amount: 300 }, INV: { meta: { a: 1 } } }
    const events = await eventsOfCall(tenant, 'update_claims', { body, way })
    expect(told(events).toSorted()).toEqual(['C', 'INV'])
    const ofC = events.filter(({ data }) => data.claimRef === 'C').map(({ type }) => type)
    const changed = 'event.claimTotalAmount.updated'
    expect(ofC).toEqual([changed, changed, fired])
  })

  test('a request that is refused throughout tells nothing, and each request tells for itself', async () => {
    const tenant = await prepared()
    const refused = [{ ...score('INTERNAL'), accountReference: 'NOPE' }]
    const none = await eventsOfCall(tenant, 'set_account_scores', {
      body: [...refused, ...refused],
    })
    expect(told(none)).toEqual([])
    const two = await eventsDuring(it, tenant, async () => {
      const body = [score('INTERNAL'), score('EXTERNAL')]
      const post = () => tenant.post('set_account_scores', body, '?triggerName=told')
      await Promise.all([post(), post()])
    })
    expect(told(two).toSorted()).toEqual(['C', 'C', 'INV', 'INV'])
  })

  test('with an Idempotency-Key too', async () => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () =>
      tenant.post(
        'set_account_scores',
        [score('INTERNAL'), score('EXTERNAL')],
        '?triggerName=told',
        { 'idempotency-key': 'once' },
      ),
    )
    expect(told(events).toSorted()).toEqual(['C', 'INV'])
  })

  test('async, it is told once of a request that is longer than what is worked off at once', async () => {
    const tenant = await prepared()
    const before = Array.from({ length: 100 }, () => score('INTERNAL'))
    const body = Array.from({ length: 600 }, () => score('EXTERNAL'))
    const events = await eventsDuring(it, tenant, async () => {
      await tenant.post('set_account_scores', before, '?async=true')
      await tenant.post('set_account_scores', body, '?triggerName=told&async=true')
      await expect.poll(() => queued(tenant), { timeout: 20_000, interval: 20 }).toBe(0)
    })
    expect(told(events).toSorted()).toEqual(['C', 'INV'])
  })

  test('reads tell it in the order of what they read, all at once', async () => {
    const tenant = await prepared()
    const query = 'accountReference=ACC&triggerName=told&minorVersion=7'
    const events = await eventsDuring(it, tenant, () => tenant.get('get_account_claims', query))
    expect(told(events)).toEqual(['C', 'INV'])
    expect(events[0]?.data).toEqual({
      claimRef: 'C',
      receeveClaimRef: 'C-2026-01-15',
      accountReference: 'ACC',
      externalDebtorRef: 'D',
      triggerName: 'told',
      triggerContext: {},
    })
    expect(events[0]?.metadata).toEqual({ originator: 'ClientAPI', minorVersion: '7' })
  })

  test('a trigger that cannot be told changes no answer of a read, and is logged', async () => {
    const tenant = await prepared()
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) })
    const config = testConfig({ workers: false })
    const clock = () => new Date(it.now)
    const server = await assemble({ connection: it.database.connection, config, log, clock })
    const refusing = `alter table quittance.event add constraint no_triggers check (type <> '${fired}') not valid`
    await it.database.ownerPool.query(refusing)
    try {
      for (const operation of ['get_account', 'get_account_claims', 'get_account_mandates']) {
        const authorization = `Bearer ${tenant.token}`
        const url = `/v1/${tenant.tenantId}/${operation}?accountReference=ACC`
        const plain = await server.app.inject({ url, headers: { authorization } })
        const answer = await server.app.inject({
          url: `${url}&triggerName=told`,
          headers: { authorization },
        })
        expect(answer.statusCode, operation).toBe(200)
        expect(answer.body).toBe(plain.body)
      }
    } finally {
      await it.database.ownerPool.query('alter table quittance.event drop constraint no_triggers')
      await server.close()
    }
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain('no_triggers')
    expect(lines[0]).toContain(tenant.tenantId)
  })
})
