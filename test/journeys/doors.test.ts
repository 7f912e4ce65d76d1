import { describe, expect, test } from 'vitest'
import { callContext } from '../../src/book/index.ts'
import { createClaim } from '../../src/claims/index.ts'
import { pauseJourney } from '../../src/journeys/index.ts'
import { parameterError, refusedWith } from '../conformance/receeve/given.ts'
import { isSeedPresent, missingFrom, readSamples } from '../conformance/receeve/seed.ts'
import { person, type TestTenant, world } from '../world.ts'
import {
  bundle,
  calls,
  changes,
  claims,
  eventsOf,
  journey,
  type Loose,
  native,
  pass,
  sandbox,
  webhook,
} from './given.ts'

const it = world()
const day = { type: 'wait', days: 1 }
const processed = { success: true, messages: ['Successfully processed action'] }
const stopped = parameterError(4012, 'The journey of this claim was stopped')
const nobody = parameterError(4003, 'Claim not found')

const call = async (tenant: TestTenant, operation: string, ref = 'C', more: object = {}) =>
  (await tenant.post(`${operation}_journeys`, [{ ref, ...more }])).body[ref]

/** C on a journey that calls, waits three days and calls again. */
async function onItsWay(): Promise<TestTenant> {
  const tenant = await sandbox(it)
  await journey(tenant, { main: [webhook('one'), { type: 'wait', days: 3 }, webhook('two')] })
  await claims(tenant, ['C'])
  await pass(tenant)
  return tenant
}

const statusOf = async (tenant: TestTenant, reference = 'C') =>
  (await native(tenant, { url: `/claims/${reference}/journey` })).status

describe('the Receeve door', () => {
  test.runIf(isSeedPresent)('answers the published samples in the published shape', async () => {
    const tenant = await it.tenant()
    await claims(tenant, ['CLAIM_REF_002'])
    for (const operation of ['pause_journeys', 'resume_journeys', 'stop_journeys']) {
      const sample = readSamples().get(operation)
      const answer = await tenant.post(operation, sample?.body)
      expect(answer.status, operation).toBe(200)
      expect(answer.body.CLAIM_REF_002).toMatchObject(processed)
      const named = { property1: answer.body.CLAIM_REF_002, property2: answer.body.CLAIM_REF_002 }
      expect(missingFrom(named, sample?.answer)).toEqual([])
    }
  })

  test('holds a journey and lets it go on where it left off: the rest of a wait stays as long', async () => {
    const tenant = await onItsWay()
    await pass(tenant, { days: 1 })
    expect(await call(tenant, 'pause')).toMatchObject(processed)
    await pass(tenant, { days: 21 })
    expect(await calls(it, tenant)).toHaveLength(1)
    expect(await call(tenant, 'resume')).toMatchObject(processed)
    await pass(tenant, { days: 5 })
    expect((await calls(it, tenant)).at(-1)).toBe('2026-04-03T12:00 C two')
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C paused', 'C resumed', 'C finished'])
  })

  test('takes pausing what is paused and resuming what runs, and tells of nothing (D-84)', async () => {
    const tenant = await onItsWay()
    expect(await call(tenant, 'resume')).toMatchObject(processed)
    expect(await call(tenant, 'pause')).toMatchObject(processed)
    expect(await call(tenant, 'pause')).toMatchObject(processed)
    expect(await call(tenant, 'resume')).toMatchObject(processed)
    expect(await call(tenant, 'resume')).toMatchObject(processed)
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C paused', 'C resumed'])
  })

  test('stops for good: only a new beginning helps (D-84)', async () => {
    const tenant = await onItsWay()
    expect(await call(tenant, 'stop')).toMatchObject(processed)
    expect(await call(tenant, 'stop')).toMatchObject(processed)
    expect(await call(tenant, 'resume')).toEqual(refusedWith(stopped))
    expect(await call(tenant, 'pause')).toEqual(refusedWith(stopped))
    await pass(tenant, { days: 5 })
    expect(await calls(it, tenant)).toHaveLength(1)
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C stopped'])
    await native(tenant, { method: 'POST', url: '/claims/C/journey/start', body: {} })
    await pass(tenant)
    expect(await calls(it, tenant)).toHaveLength(2)
  })

  test('resolves the claim when a stop has a reason, and keeps the description (D-85)', async () => {
    const tenant = await onItsWay()
    const more = { reason: 'CLAIM_SOLD', description: 'To a bank' }
    expect(await call(tenant, 'stop', 'C', more)).toMatchObject(processed)
    const [event] = await eventsOf(it, tenant, 'event.strategy.stopped')
    expect(event?.data).toMatchObject({ claimRef: 'C', strategyName: 'Dunning', ...more })
    const [resolved] = await eventsOf(it, tenant, 'event.claim.resolved')
    expect(resolved?.data).toMatchObject({ claimRef: 'C', reason: 'CLAIM_SOLD' })
    await pass(tenant)
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C stopped CLAIM_SOLD'])
    const notActive = refusedWith(parameterError(4012, 'Claim is not active'))
    expect(await call(tenant, 'pause')).toEqual(notActive)
    expect(await call(tenant, 'resume')).toEqual(notActive)
    expect(await call(tenant, 'stop', 'C', more)).toMatchObject(processed)
  })

  test('keeps what is said of a claim that no journey was assigned to', async () => {
    const tenant = await it.tenant()
    await claims(tenant, ['A', 'B', 'GONE'])
    expect(await call(tenant, 'resume', 'A')).toMatchObject(processed)
    expect(await call(tenant, 'pause', 'A')).toMatchObject(processed)
    expect(await call(tenant, 'pause', 'A')).toMatchObject(processed)
    expect(await statusOf(tenant, 'A')).toBe('PAUSED')
    expect(await call(tenant, 'resume', 'A')).toMatchObject(processed)
    expect(await call(tenant, 'stop', 'B')).toMatchObject(processed)
    expect(await call(tenant, 'resume', 'B')).toEqual(refusedWith(stopped))
    expect(await changes(it, tenant)).toEqual(['A paused', 'A resumed', 'B stopped'])
    const [event] = await eventsOf(it, tenant, 'event.strategy.paused')
    expect(Object.keys(event?.data)).not.toContain('strategyId')
    await native(tenant, { method: 'DELETE', url: '/claims/GONE', status: 204 })
    const gone = refusedWith(parameterError(4011, 'Claim is deleted'))
    for (const operation of ['pause', 'resume', 'stop']) {
      expect(await call(tenant, operation, 'GONE')).toEqual(gone)
      expect(await call(tenant, operation, 'NOBODY')).toEqual(refusedWith(nobody))
    }
    const other = await it.tenant('Other')
    expect(await call(other, 'pause', 'A')).toEqual(refusedWith(nobody))
  })

  test('holds a claim that is paused before its journey is assigned', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, { main: [webhook('one')] })
    // As if nobody had come to tell of the claim yet.
    await claims(tenant, ['C'])
    const { ownerPool } = it.database
    await ownerPool.query('delete from quittance.journey_run where tenant_id = $1', [
      tenant.tenantId,
    ])
    await ownerPool.query(
      `update quittance.event_cursor set xid = '0' where tenant_id = $1 and subscriber = 'journeys'`,
      [tenant.tenantId],
    )
    await call(tenant, 'pause')
    await pass(tenant, { days: 1 })
    const run = await native(tenant, { url: '/claims/C/journey' })
    expect(run).toMatchObject({ status: 'PAUSED', name: 'Dunning', step: 'one' })
    const before = (await calls(it, tenant)).length
    await call(tenant, 'resume')
    await pass(tenant)
    expect(await calls(it, tenant)).toHaveLength(before + 1)
  })

  test('holds a claim that is created in the same batch', async () => {
    const tenant = await it.tenant()
    const { bookkeeper } = it.assembly
    const context = () =>
      callContext(
        { tenantId: tenant.tenantId, timeZone: 'Europe/Berlin', settings: {} },
        { originator: 'Test' },
      )
    const data = {
      amount: 500,
      currency: 'EUR',
      originalDueDate: '2026-03-01',
      currentDueDate: '2026-03-01',
      primaryDebtor: person('D'),
    }
    const outcomes = await bookkeeper.submitGroup([
      createClaim(context(), { reference: 'C', data }),
      pauseJourney(context(), { reference: 'C' }),
    ])
    expect(outcomes).toEqual([{ result: undefined }, { result: undefined }])
    expect(await statusOf(tenant, 'C')).toBe('PAUSED')
  })

  test('refuses a body that is not a list of references, and an unknown reason', async () => {
    const tenant = await it.tenant()
    expect((await tenant.post('pause_journeys', { ref: 'C' })).status).toBe(400)
    expect((await tenant.post('resume_journeys', [{}])).status).toBe(400)
    expect((await tenant.post('stop_journeys', [{ ref: 'C', reason: 'BORED' }])).status).toBe(400)
  })

  test('fires the custom trigger that a call names', async () => {
    const tenant = await onItsWay()
    await tenant.post('pause_journeys', [{ ref: 'C' }], '?triggerName=held')
    const [event] = await eventsOf(it, tenant, 'event.customClaimTrigger')
    expect(event?.data).toMatchObject({ claimRef: 'C', triggerName: 'held' })
  })
})

describe('our own door', () => {
  const document = { paths: { main: [webhook('one')] } }
  const post = (tenant: TestTenant, url: string, body: unknown, status = 200): Promise<Loose> =>
    native(tenant, { method: 'POST', url, body, status })

  test('keeps a journey with its versions, and refuses what is wrong in words that name the step', async () => {
    const tenant = await it.tenant()
    const made = await post(tenant, '/journeys', { name: 'A', document }, 201)
    expect(made).toMatchObject({ name: 'A', version: 1, assignments: [], running: {} })
    expect(made.document).toEqual(document)
    const second = { paths: { main: [{ type: 'wait', days: 1 }] } }
    const changed = await post(tenant, `/journeys/${made.id}/versions`, { document: second }, 201)
    expect(changed).toMatchObject({ version: 2, document: { paths: { main: [{ id: 'main.1' }] } } })
    const first = await native(tenant, { url: `/journeys/${made.id}/versions/1` })
    expect(first).toMatchObject({ version: 1, document })
    await native(tenant, { url: `/journeys/${made.id}/versions/3`, status: 404 })
    const taken = await post(tenant, '/journeys', { name: 'A', document }, 409)
    expect(taken.code).toBe('journey_name_taken')
    const wrong = { paths: { main: [{ id: 'x', type: 'fax' }] } }
    for (const [url, body] of [
      ['/journeys', { name: 'B', document: wrong }],
      [`/journeys/${made.id}/versions`, { document: wrong }],
    ] as const) {
      const refused = await post(tenant, url, body, 400)
      expect(refused).toMatchObject({ code: 'journey_invalid' })
      expect(refused.detail).toContain('step "x": "type" is one of')
    }
    const other = await it.tenant('Other')
    await native(other, { url: `/journeys/${made.id}`, status: 404 })
    await post(other, `/journeys/${made.id}/versions`, { document }, 404)
    await post(other, `/journeys/${made.id}/assignments`, { default: true }, 404)
  })

  test('refuses steps that name a bundle or an agency which is not there', async () => {
    const tenant = await it.tenant()
    const sms = await bundle(tenant, 'sms')
    const foreign = await bundle(await it.tenant('Other'))
    const main = [
      { id: 'a', type: 'email', bundleId: sms },
      { id: 'b', type: 'email', bundleId: foreign },
      { id: 'c', type: 'outsource', partner: 'Nobody' },
      { id: 'd', type: 'sms', bundleId: sms },
    ]
    const refused = await post(
      tenant,
      '/journeys',
      { name: 'A', document: { paths: { main } } },
      400,
    )
    for (const problem of [
      `step "a": bundle`,
      `step "b": there is no bundle`,
      `step "c": there is`,
    ])
      expect(refused.detail).toContain(problem)
    expect(refused.detail).not.toContain('step "d"')
  })

  test('lists journeys page by page', async () => {
    const tenant = await it.tenant()
    for (const name of ['A', 'B', 'C']) await post(tenant, '/journeys', { name, document }, 201)
    const page = await native(tenant, { url: '/journeys?limit=2' })
    expect(page.items.map(({ name }: Loose) => name)).toEqual(['A', 'B'])
    const next = await native(tenant, { url: `/journeys?limit=2&cursor=${page.nextCursor}` })
    expect(next).toMatchObject({ items: [{ name: 'C' }], nextCursor: null })
    await native(tenant, { url: '/journeys?cursor=x', status: 400 })
  })

  test('deletes a journey only when no claim is on it', async () => {
    const tenant = await onItsWay()
    const { items } = await native(tenant, { url: '/journeys' })
    const url = `/journeys/${items[0].id}`
    expect(await native(tenant, { url })).toMatchObject({
      running: { '1': 1 },
      assignments: [{ portfolioReference: null, isDefault: true }],
    })
    await native(tenant, { method: 'DELETE', url, status: 409 })
    await native(tenant, { method: 'DELETE', url: `${url}/assignments`, status: 204 })
    expect(await native(tenant, { url })).toMatchObject({ assignments: [] })
    await call(tenant, 'stop')
    await native(tenant, { method: 'DELETE', url, status: 204 })
    await native(tenant, { url, status: 404 })
    const run = await native(tenant, { url: '/claims/C/journey' })
    expect(run).toMatchObject({ name: 'Dunning', journeyId: null, status: 'STOPPED' })
  })

  test('pauses until a time and goes on by itself, no later than that', async () => {
    const tenant = await onItsWay()
    await pass(tenant, { days: 1 })
    const url = '/claims/C/journey/pause'
    const past = await post(tenant, url, { pausedUntil: '2026-03-11T12:00:00Z' }, 400)
    expect(past.code).toBe('pause_over')
    await post(tenant, url, { pausedUntil: '2026-03-15T12:00:00Z' }, 204)
    expect(await native(tenant, { url: '/claims/C/journey' })).toMatchObject({
      status: 'PAUSED',
      step: 'main.2',
      pausedUntil: '2026-03-15T12:00:00.000Z',
    })
    await pass(tenant, { days: 10 })
    expect((await calls(it, tenant)).at(-1)).toBe('2026-03-17T12:00 C two')
    const [resumed] = await eventsOf(it, tenant, 'event.strategy.resumed')
    expect(resumed?.at.toISOString()).toBe('2026-03-15T12:00:00.000Z')
  })

  test('gives a pause another end, and says so without an event', async () => {
    const tenant = await onItsWay()
    await post(tenant, '/claims/C/journey/pause', {}, 204)
    await post(tenant, '/claims/C/journey/pause', { pausedUntil: '2026-03-11T12:00:00Z' }, 204)
    await pass(tenant, { days: 2 })
    expect(await statusOf(tenant)).toBe('RUNNING')
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C paused', 'C resumed'])
    await post(tenant, '/claims/C/journey/resume', undefined, 204)
    await post(tenant, '/claims/C/journey/stop', { reason: 'CLAIM_DISCHARGED' }, 204)
    expect(await statusOf(tenant)).toBe('STOPPED')
  })

  test('does a keyed pause once', async () => {
    const tenant = await onItsWay()
    const request = {
      method: 'POST' as const,
      url: '/q/v1/claims/C/journey/pause',
      headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
      payload: '{}',
    }
    expect((await tenant.call(request)).status).toBe(204)
    await post(tenant, '/claims/C/journey/resume', undefined, 204)
    const again = await tenant.call(request)
    expect(again).toMatchObject({ status: 204, headers: { 'idempotent-replayed': 'true' } })
    expect(await statusOf(tenant)).toBe('RUNNING')
  })

  test('leaves a claim on its version unless it is moved, to the step of the same id', async () => {
    const tenant = await sandbox(it)
    const rest = { id: 'rest', type: 'wait', days: 3 }
    const made = await journey(tenant, { main: [webhook('one'), rest, webhook('two')] })
    await claims(tenant, ['STAYS', 'MOVES', 'JUMPS'])
    await pass(tenant)
    const paths = { main: [webhook('new'), webhook('newer'), rest, webhook('three')] }
    await post(tenant, `/journeys/${made.id}/versions`, { document: { paths } }, 201)
    const moved = await post(tenant, '/claims/MOVES/journey/move', {})
    expect(moved).toMatchObject({ version: 2, step: 'rest', nextAt: '2026-03-13T12:00:00.000Z' })
    await post(tenant, '/claims/JUMPS/journey/move', { version: 2, step: 'newer' })
    await pass(tenant, { days: 4 })
    expect((await calls(it, tenant)).slice(3).toSorted()).toEqual([
      '2026-03-10T12:00 JUMPS newer',
      '2026-03-13T12:00 JUMPS three',
      '2026-03-13T12:00 MOVES three',
      '2026-03-13T12:00 STAYS two',
    ])
  })

  test('refuses to move to where the step is not, and what is on no journey', async () => {
    const tenant = await onItsWay()
    const { items } = await native(tenant, { url: '/journeys' })
    const paths = { main: [{ ...day, id: 'other' }] }
    await post(tenant, `/journeys/${items[0].id}/versions`, { document: { paths } }, 201)
    const url = '/claims/C/journey/move'
    expect((await post(tenant, url, {}, 409)).code).toBe('journey_step_unknown')
    expect((await post(tenant, url, { step: 'nope' }, 409)).code).toBe('journey_step_unknown')
    expect((await post(tenant, url, { version: 9 }, 404)).code).toBe('journey_version_not_found')
    await call(tenant, 'stop')
    expect((await post(tenant, url, {}, 409)).code).toBe('journey_not_live')
    await post(tenant, '/claims/NOBODY/journey/move', {}, 404)
  })

  test('starts a named journey, or the assigned one, in place of what the claim was on', async () => {
    const tenant = await onItsWay()
    const other = await journey(
      tenant,
      { main: [webhook('o'), day] },
      { name: 'O', isDefault: false },
    )
    const started = await post(tenant, '/claims/C/journey/start', { journeyId: other.id })
    expect(started).toMatchObject({ name: 'O', status: 'RUNNING', version: 1 })
    await pass(tenant)
    expect(await changes(it, tenant)).toEqual([
      'C assigned',
      'C stopped JOURNEY_REPLACED',
      'C assigned',
    ])
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }])
    await post(tenant, '/claims/C/journey/start', {}, 409)
    const bare = await it.tenant()
    await claims(bare, ['X'])
    const refused = await post(bare, '/claims/X/journey/start', {}, 409)
    expect(refused.code).toBe('journey_not_assigned')
    expect(await native(bare, { url: '/claims/X/journey' })).toMatchObject({ status: null })
  })

  test('says who would get what and when, as it then happens, and does nothing', async () => {
    const tenant = await sandbox(it)
    const bundleId = await bundle(tenant)
    const made = await journey(tenant, {
      main: [
        { id: 'mail', type: 'email', bundleId },
        { type: 'setMeta', target: 'claim', meta: { stage: 2 } },
        {
          id: 'split',
          type: 'segmentation',
          segments: [
            { name: 'a', weight: 1, go: { insertPath: 'a' } },
            { name: 'b', weight: 1, go: { insertPath: 'b' } },
          ],
        },
        day,
        {
          type: 'if',
          condition: { field: 'meta.stage', op: 'eq', value: 2 },
          go: { insertPath: 'stage' },
        },
        { type: 'wait', days: 300 },
        webhook('far'),
      ],
      a: [webhook('a')],
      b: [webhook('b')],
      stage: [webhook('stage')],
    })
    const references = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6']
    await journey(tenant, { main: [] }, { name: 'Nothing' })
    await claims(tenant, references, { portfolioReference: 'P' })
    await claims(tenant, ['OTHER'], { portfolioReference: 'Q' })
    await pass(tenant)
    const before = (await eventsOf(it, tenant)).length
    const url = `/journeys/${made.id}/simulate`
    const until = '2026-04-01T00:00:00Z'
    const simulated = await post(tenant, url, { until, portfolioReference: 'P' })
    expect(simulated).toMatchObject({ claims: 6, isPartial: false, finished: 0, version: 1 })
    expect(simulated.byStep).toMatchObject({ mail: 6, 'main.2': 6, stage: 6 })
    expect(simulated.byStep.far).toBeUndefined()
    expect(simulated.events.find(({ step }: Loose) => step === 'mail')).toEqual({
      claimReference: 'C1',
      at: '2026-03-10T12:00:00.000Z',
      step: 'mail',
      type: 'email',
      details: { bundleId },
    })
    expect((await eventsOf(it, tenant)).length).toBe(before)
    const some = await post(tenant, url, { until, limit: 2 })
    expect(some).toMatchObject({ claims: 2, isPartial: true })
    const named = await post(tenant, url, { until, claimReferences: ['C3', 'NOBODY'] })
    expect(named).toMatchObject({ claims: 1, isPartial: false })
    const round = [
      { type: 'wait', minutes: 1 },
      { type: 'switchPath', path: 'main' },
    ]
    const endless = await journey(tenant, { main: round }, { name: 'Endless', isDefault: false })
    const far = { until: '9999-01-01T00:00:00Z' }
    expect(await post(tenant, `/journeys/${endless.id}/simulate`, far)).toMatchObject({
      isPartial: true,
      finished: 0,
    })
    await post(tenant, url, { until: '2026-13-01T00:00:00Z' }, 400)
    await post(tenant, url, { until: '2026-12-31T23:59:60Z' }, 400)
    expect(await post(tenant, url, { until: '2026-03-10T12:00:00Z' }, 400)).toMatchObject({
      code: 'until_over',
      detail: expect.stringContaining('it is 2026-03-10T12:00:00.000Z already'),
    })
    // What was foretold comes true, the halves of the split included.
    for (const reference of references)
      await post(tenant, `/claims/${reference}/journey/start`, { journeyId: made.id })
    await pass(tenant, { days: 20 })
    const foretold = simulated.events
      .filter(({ type }: Loose) => type === 'webhook')
      .map(({ at, claimReference, step }: Loose) => `${at.slice(0, 16)} ${claimReference} ${step}`)
    expect((await calls(it, tenant)).toSorted()).toEqual(foretold.toSorted())
  })
})
