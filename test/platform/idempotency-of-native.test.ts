import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { documents } from '../../src/docs.ts'
import { type FakeStripe, startFakeStripe } from '../fakes/stripe.ts'
import { assertBooksBalance } from '../invariants.ts'
import { type TestTenant, world } from '../world.ts'
import { contents, seedBooks } from './doors.ts'
import { type Given, given, sampled, writeOf } from './native-writes.ts'

// Without workers nothing changes by itself between two requests.
const quiet = world({ workers: false, webhookAllow: ['127.0.0.1/32'] })
const working = world()
/** What only a server with workers does. */
const needsWorkers = new Set(['test-clock.advance', 'webhooks.redeliver'])
/** Writes by name that take no key, and why. */
const keyless: Readonly<Record<string, string>> = {
  'bundles.preview': 'renders what would be sent and keeps nothing of it',
  'journeys.simulate': 'says what would happen and lets nothing happen',
}

type Method = 'POST' | 'PATCH' | 'DELETE'

interface Write {
  readonly id: string
  readonly method: Method
  readonly path: string
  readonly status: number
  readonly takesKey: boolean
}

/** Every operation of the published contract that may change something. */
const writes: readonly Write[] = Object.entries(documents().native.paths).flatMap(([path, item]) =>
  Object.entries(item as Record<string, any>)
    .filter(([method]) => method !== 'get')
    .map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase() as Method,
      path,
      status: Number(Object.keys(operation.responses).find((status) => status.startsWith('2'))),
      takesKey: operation.parameters.some(({ name }: any) => name === 'Idempotency-Key'),
    })),
)
const keyed = writes.filter(({ takesKey }) => takesKey)
const titled = (list: readonly Write[]) => list.map((write) => [write.id, write] as const)
const named = (...ids: string[]) => titled(writes.filter(({ id }) => ids.includes(id)))

let it = quiet
let tenant: TestTenant
let here: Given
const noon = quiet.now
const later = (minutes: number) => {
  it.now = new Date(it.now.getTime() + minutes * 60_000)
}
const ofTenant = () => contents(it.database.ownerPool, tenant.tenantId)
const owner = (text: string) => it.database.ownerPool.query(text)

async function prepare(on: typeof it): Promise<void> {
  it = on
  it.now = noon
  tenant = await it.tenant('Sandbox', {}, true)
  await seedBooks(tenant)
  here = await given(it, tenant)
}

/** The same request as often as it is called, under one key. */
async function asking(write: Write, key = 'k') {
  const { headers, ...request } = (await writeOf(here, write)) as InjectOptions
  const authorization = `Bearer ${tenant.token}`
  return async () => {
    const answer = await it.assembly.app.inject({
      ...request,
      method: write.method,
      headers: { authorization, 'idempotency-key': key, ...headers },
    })
    const isReplayed = answer.headers['idempotent-replayed'] === 'true'
    return { status: answer.statusCode, text: answer.body, isReplayed }
  }
}

describe('the published contract of our own door', () => {
  test('offers an Idempotency-Key to every write but those of which is said why', () => {
    const offersNone = writes.filter(({ takesKey }) => !takesKey).map(({ id }) => id)
    expect(offersNone.toSorted()).toEqual(Object.keys(keyless).toSorted())
    expect(keyed.map(({ id }) => id).toSorted()).toEqual(sampled.toSorted())
  })
})

describe.each(titled(keyed))('%s under an Idempotency-Key', (id, write) => {
  test('is done once, and answered the same again', async () => {
    await prepare(needsWorkers.has(id) ? working : quiet)
    const ask = await asking(write)
    const first = await ask()
    expect(first).toMatchObject({ status: write.status, isReplayed: false })
    const before = it === quiet ? await ofTenant() : undefined
    for (let count = 0; count < 2; count += 1)
      expect(await ask()).toEqual({ ...first, isReplayed: true })
    if (before) expect(await ofTenant()).toEqual(before)
  })
})

describe.each(
  named(
    'payments.start',
    'payments.refresh',
    'payments.disputeInSandbox',
    'agencies.collect',
    'payofin.payments.cancel',
  ),
)('%s, which commits in several steps,', (_id, write) => {
  beforeEach(() => prepare(quiet))

  test('is never done again where a crash took the answer', async () => {
    const ask = await asking(write)
    expect(await ask()).toMatchObject({ status: write.status })
    const { rowCount } = await it.database.ownerPool.query(
      `update quittance.idempotent_request set status = null, answer = null, answer_sealed = null
       where tenant_id = $1 and acted_at is not null`,
      [tenant.tenantId],
    )
    expect(rowCount).toBe(1)
    await expectRefusedForEver(ask)
  })

  test('is never done again where its answer could not be stored', async () => {
    const ask = await asking(write)
    await owner(
      'alter table quittance.idempotent_request add constraint no_answers check (status is null) not valid',
    )
    try {
      expect((await ask()).status).toBe(500)
    } finally {
      await owner('alter table quittance.idempotent_request drop constraint no_answers')
    }
    await expectRefusedForEver(ask)
  })

  async function expectRefusedForEver(ask: Awaited<ReturnType<typeof asking>>): Promise<void> {
    const before = await ofTenant()
    for (const minutes of [0, 2, 50]) {
      later(minutes)
      expect((await ask()).status).toBe(409)
    }
    expect(await ofTenant()).toEqual(before)
  }

  test('is done once though it comes ten times at once', async () => {
    const ask = await asking(write)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()))
    const done = answers.filter(({ status }) => status === write.status)
    expect(done.filter(({ isReplayed }) => !isReplayed)).toHaveLength(1)
    expect(answers.every(({ status }) => status === write.status || status === 409)).toBe(true)
  })

  test('shares its keys with the other writes of this door', async () => {
    const body = { name: 'Other' }
    const headers = { 'idempotency-key': 'k' }
    const unit = { method: 'POST' as const, url: '/q/v1/crm/units', headers, payload: body }
    expect((await tenant.call(unit)).status).toBe(201)
    const ask = await asking(write)
    const before = await ofTenant()
    expect((await ask()).status).toBe(422)
    expect(await ofTenant()).toEqual(before)
  })
})

describe('a test clock', () => {
  const [[, advance]] = named('test-clock.advance') as [readonly [string, Write]]
  const clockNow = async () => (await here.call('GET', '/test-clock')).now

  test('stays where it was brought when it is asked for again, though the answer was lost', async () => {
    await prepare(working)
    const ask = await asking(advance)
    const { now } = JSON.parse((await ask()).text)
    expect(now).toBe('2026-03-20T12:00:00.000Z')
    expect(await clockNow()).toBe(now)
    await owner(
      'update quittance.idempotent_request set status = null, answer = null, answer_sealed = null',
    )
    expect((await ask()).status).toBe(409)
    later(2)
    expect(JSON.parse((await ask()).text)).toMatchObject({ code: 'key_unanswered' })
    expect(await clockNow()).toBe('2026-03-20T12:02:00.000Z')
  })
})

describe('a key', () => {
  const secretKey = 'sk_test_world'
  let stripe: FakeStripe
  beforeAll(async () => {
    stripe = await startFakeStripe(secretKey)
  })
  afterAll(() => stripe.close())
  beforeEach(() => prepare(quiet))

  test('is free again when the provider did not take a payment up, which nobody can pay then', async () => {
    const { apiBase } = stripe
    const settings = { name: 'stripe', secretKey, webhookSecret: 'whsec_1', apiBase }
    await here.call('POST', '/payment-providers', settings)
    const [[, start]] = named('payments.start') as [readonly [string, Write]]
    const ask = await asking(start)
    stripe.failures.push(500)
    expect((await ask()).status).toBe(503)
    expect(await ask()).toMatchObject({ status: 201, isReplayed: false })
    expect((await ask()).isReplayed).toBe(true)
    const { items } = await here.call('GET', '/payments?claim=CLAIM')
    const states = items.map(({ state }: { state: string }) => state)
    expect(states.slice(0, 2)).toEqual(['open', 'failed'])
    expect(stripe.sessions.size).toBe(1)
  })

  test('is free again when a list was booked in part, and the list goes on where it ended', async () => {
    const [[, collect]] = named('agencies.collect') as [readonly [string, Write]]
    await writeOf(here, collect)
    const rows = Array.from({ length: 101 }, (_, row) => `CLAIM,0.01,EUR,X-${row}`)
    const ask = () =>
      tenant.call({
        method: 'POST',
        url: `/q/v1/agencies/${here.made.get('/agencies')}/collections`,
        headers: { 'content-type': 'text/csv', 'idempotency-key': 'k' },
        payload: ['claimReference,amount,currency,externalId', ...rows].join('\n'),
      })
    await owner(
      `alter table quittance.placement_collection add constraint no_last check (external_id <> 'X-100') not valid`,
    )
    try {
      expect((await ask()).status).toBe(500)
    } finally {
      await owner('alter table quittance.placement_collection drop constraint no_last')
    }
    const again = await ask()
    expect(again).toMatchObject({ status: 200, body: { booked: 1, alreadyBooked: 100 } })
    expect((await ask()).headers['idempotent-replayed']).toBe('true')
  })

  test('answers once more though what was asked for is gone since', async () => {
    const { id } = await here.call('POST', '/bundles', bundle)
    const ask = () =>
      tenant.call({
        method: 'POST',
        url: `/q/v1/bundles/${id}/versions`,
        headers: { 'idempotency-key': 'k' },
        payload: { fallbackLanguage: 'en', languages: bundle.languages },
      })
    const first = await ask()
    expect(first.status).toBe(201)
    expect((await tenant.call({ method: 'DELETE', url: `/q/v1/bundles/${id}` })).status).toBe(204)
    expect(await ask()).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'idempotent-replayed': 'true' },
    })
  })

  const bundle = {
    name: 'Other',
    channel: 'email',
    fallbackLanguage: 'en',
    languages: { en: { subject: 'S', text: 'T' } },
  }
})

test('the books of all these tenants balance', async () => {
  for (const one of [quiet, working]) await assertBooksBalance(one.database.ownerPool)
})
