import { describe, expect, test } from 'vitest'
import { inTransaction } from '../../src/platform/db.ts'
import { paymentProvidersOf } from '../../src/journeys/index.ts'
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
} from '../journeys/given.ts'
import { type TestTenant, world } from '../world.ts'
import { fire, happen, logOf, reaction } from './given.ts'

const it = world()

/** A sandbox with the claim C. */
async function withClaim(references = ['C']): Promise<TestTenant> {
  const tenant = await sandbox(it)
  await claims(tenant, references)
  return tenant
}

async function letter(tenant: TestTenant, text: string): Promise<string> {
  const body = {
    name: `mail ${Math.random()}`,
    channel: 'email',
    fallbackLanguage: 'en',
    languages: { en: { subject: 'Hello', html: `<p>${text}</p>`, text } },
  }
  return (await native(tenant, { method: 'POST', url: '/bundles', body, status: 201 })).id
}

/** The messages of a tenant, the oldest first, as they left or stayed. */
async function mails(tenant: TestTenant): Promise<Loose[]> {
  const { items } = await native(tenant, { url: '/messages' })
  const texts = items.toReversed().map(async (one: Loose) => {
    const eml = one.messageUrl
      ? (await tenant.get('get_message', `messageURL=${encodeURIComponent(one.messageUrl)}`)).body
      : ''
    return { status: one.status, cause: one.cause, text: String(eml) }
  })
  return Promise.all(texts)
}

const metaOf = async (tenant: TestTenant, reference = 'C') => {
  const { rows } = await it.database.ownerPool.query(
    'select meta from quittance.claim where tenant_id = $1 and reference = $2',
    [tenant.tenantId, reference],
  )
  return rows[0].meta
}

async function resolve(tenant: TestTenant, ref: string, reason: string): Promise<void> {
  const answer = await tenant.post('resolve_claims', [{ ref, reason }])
  expect(answer.body[ref]).toMatchObject({ success: true })
}

const promise = (amount: number, dueDate: string) => ({ amount, currency: 'EUR', dueDate })

describe('a reaction', () => {
  test('to a trigger name sends a mail that may say what the trigger was told (D-20, D-89)', async () => {
    const tenant = await withClaim()
    const bundleId = await letter(tenant, 'Agent {{ triggerContext.agent }} called you')
    const id = await reaction(tenant, { triggerName: 'called' }, [{ type: 'email', bundleId }])
    await fire(tenant, 'called', { agent: 'Grace' })
    await fire(tenant, 'another', { agent: 'Nobody' })
    const [mail, ...others] = await mails(tenant)
    expect(others).toEqual([])
    expect(mail.text).toContain('Agent Grace called you')
    expect(mail.cause).toMatchObject({ kind: 'reaction', id })
    expect(await logOf(tenant, id)).toEqual(['C DONE email:done'])
  })

  test('follows the trigger name of any operation that succeeded, and of none that was refused (D-20)', async () => {
    const tenant = await withClaim(['C', 'D'])
    const id = await reaction(tenant, { triggerName: 'credited' }, [
      { type: 'setMeta', target: 'claim', meta: { credited: true } },
    ])
    const answer = await tenant.post(
      'credit_claims',
      {
        C: { amount: 100, currency: 'EUR', originator: 'CLIENT' },
        D: { amount: 100, currency: 'USD', originator: 'CLIENT' },
      },
      '?triggerName=credited',
    )
    expect(answer.status).toBe(200)
    await pass(tenant)
    expect(await metaOf(tenant, 'C')).toEqual({ credited: true })
    expect(await logOf(tenant, id)).toEqual(['C DONE setMeta:done'])
  })

  test('holds the journey while a promise stands and lets it go on when it is broken (D-92)', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, { main: [{ type: 'wait', days: 2 }, webhook('chase')] })
    await claims(tenant, ['C'])
    await reaction(tenant, 'event.promiseToPay.created', [{ type: 'pauseJourney' }])
    await reaction(tenant, 'event.promiseToPay.expired', [{ type: 'resumeJourney' }])
    await pass(tenant)
    await tenant.post('create_promises_to_pay', { C: promise(500, '2026-03-15') })
    await pass(tenant, { days: 20 })
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C paused', 'C resumed', 'C finished'])
    const [paused, resumed] = await eventsOf(it, tenant, 'event.strategy.').then((events) =>
      events.filter(({ type }) => /paused|resumed/.test(type)),
    )
    expect(paused?.at.toISOString().slice(0, 10)).toBe('2026-03-10')
    // The last day of the promise is over at midnight in Berlin.
    expect(resumed?.at.toISOString()).toBe('2026-03-15T23:00:00.000Z')
    expect(await calls(it, tenant)).toEqual(['2026-03-17T23:00 C chase'])
  })

  test('thanks for a payment on the debtor’s page, whatever is owed by then', async () => {
    const tenant = await withClaim()
    const bundleId = await letter(tenant, 'Thank you')
    await reaction(tenant, 'event.landingPagePayment.succeeded.v1', [
      { type: 'email', bundleId, purpose: 'notice' },
    ])
    await resolve(tenant, 'C', 'CLAIM_PAID')
    await happen(it, tenant, 'event.landingPagePayment.succeeded', { claimRef: 'C' })
    await pass(tenant)
    const [mail] = await mails(tenant)
    expect(mail).toMatchObject({ status: 'SENT' })
    expect(mail.text).toContain('Thank you')
  })

  test('does nothing where its condition does not hold, and says so in its log', async () => {
    const tenant = await sandbox(it)
    const condition = { field: 'amount', op: 'gte', value: 1_000 }
    const id = await reaction(tenant, { event: 'event.claim.created', condition }, [
      { type: 'createTask', kind: 'call', title: 'Call' },
    ])
    await claims(tenant, ['SMALL'])
    await claims(tenant, ['LARGE'], { amount: 1_000 })
    await pass(tenant)
    expect(await logOf(tenant, id)).toEqual([
      'SMALL SKIPPED CONDITION',
      'LARGE DONE createTask:done',
    ])
    const { items } = await native(tenant, { url: '/tasks' })
    expect(items.map((task: Loose) => task.title)).toEqual(['Call'])
  })

  test('looks at what the event says and at the state of the claim', async () => {
    const tenant = await withClaim()
    const task = { type: 'createTask', kind: 'check', title: 'Check' }
    const sold = await reaction(
      tenant,
      { event: 'event.claim.resolved', data: { reason: 'CLAIM_SOLD' } },
      [task],
    )
    const active = await reaction(
      tenant,
      { event: 'event.claim.resolved', claimStatus: ['ACTIVE'] },
      [task],
    )
    await resolve(tenant, 'C', 'FRAUDULENT')
    await pass(tenant)
    expect(await logOf(tenant, sold)).toEqual([])
    expect(await logOf(tenant, active)).toEqual(['C SKIPPED CLAIM_STATUS'])
  })

  test('does its actions in their order, and goes on after one that is refused', async () => {
    const tenant = await withClaim()
    const id = await reaction(tenant, { triggerName: 'close' }, [
      { type: 'setMeta', target: 'claim', meta: { closing: 1 } },
      { type: 'startJourney' },
      { type: 'resolveClaim', reason: 'CLAIM_SOLD' },
      { type: 'pauseJourney' },
      { type: 'webhook', name: 'closed', data: { by: 'us' } },
    ])
    await fire(tenant, 'close', { why: 'sold' })
    expect(await logOf(tenant, id)).toEqual([
      'C DONE setMeta:done startJourney:refused resolveClaim:done pauseJourney:refused webhook:done',
    ])
    const { items } = await native(tenant, { url: `/reactions/${id}/log` })
    expect(items[0].results[1].detail).toMatch(/^journey_not_assigned: /)
    const [resolved] = await eventsOf(it, tenant, 'event.claim.resolved')
    expect(resolved?.data).toMatchObject({ claimRef: 'C', reason: 'CLAIM_SOLD' })
    const [told] = await eventsOf(it, tenant, 'event.reactionWebhook')
    expect(told?.data).toMatchObject({
      claimRef: 'C',
      reactionId: id,
      name: 'closed',
      data: { by: 'us' },
      triggerContext: { why: 'sold' },
    })
  })

  test('sends a claim on its way through another path, and back to what it waited for', async () => {
    const tenant = await sandbox(it)
    await journey(tenant, {
      main: [{ type: 'wait', days: 10 }, webhook('end')],
      extra: [webhook('extra'), { type: 'wait', days: 1 }, webhook('after')],
      hard: [webhook('hard')],
    })
    await reaction(tenant, { triggerName: 'insert' }, [{ type: 'insertPath', path: 'extra' }])
    await reaction(tenant, { triggerName: 'switch' }, [{ type: 'switchPath', path: 'hard' }])
    const lost = await reaction(tenant, { triggerName: 'lost' }, [
      { type: 'switchPath', path: 'nowhere' },
    ])
    await claims(tenant, ['C', 'D'])
    await pass(tenant, { days: 3 })
    await fire(tenant, 'insert')
    await fire(tenant, 'lost')
    await fire(tenant, 'switch', {}, 'D')
    await pass(tenant, { days: 10 })
    expect(await calls(it, tenant)).toEqual([
      '2026-03-13T12:00 C extra',
      '2026-03-13T12:00 D hard',
      '2026-03-14T12:00 C after',
      // The ten days that it waited before go on, they do not begin anew.
      '2026-03-20T12:00 C end',
    ])
    expect(await logOf(tenant, lost)).toEqual(['C DONE switchPath:refused'])
  })

  test('begins another journey, hands the claim over and says how it may be paid', async () => {
    const tenant = await withClaim()
    const other = await journey(
      tenant,
      { main: [webhook('other')] },
      { name: 'Other', isDefault: false },
    )
    const agency = { name: 'Agency', email: 'agency@example.com' }
    const made = await tenant.call({
      method: 'POST',
      url: '/q/v1/agencies',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ name: agency.name }),
    })
    expect(made.status).toBe(201)
    const id = await reaction(tenant, { triggerName: 'go' }, [
      { type: 'paymentProviders', providers: ['stripe'] },
      { type: 'outsource', partner: 'Agency' },
      { type: 'outsource', partner: 'Agency' },
      { type: 'revertOutsource' },
      { type: 'startJourney', journeyId: other.id },
      { type: 'notifyClient', subject: 'Done', text: 'All of it' },
    ])
    await fire(tenant, 'go')
    expect(await logOf(tenant, id)).toEqual([
      'C DONE paymentProviders:done outsource:done outsource:refused revertOutsource:done ' +
        'startJourney:done notifyClient:done',
    ])
    expect(await changes(it, tenant)).toEqual(['C assigned', 'C finished'])
    const { db, clocks } = it.assembly.services
    const { tenantId } = tenant
    const now = clocks.nowOf(tenantId)
    const { rows } = await it.database.ownerPool.query(
      'select claim_id as id from quittance.claim where tenant_id = $1',
      [tenantId],
    )
    const providers = await inTransaction(db, { tenantId, now }, (tx) =>
      paymentProvidersOf(tx, rows[0].id),
    )
    expect(providers).toEqual(['stripe'])
    const [notice] = await eventsOf(it, tenant, 'event.reactionNotice')
    expect(notice?.data).toMatchObject({ claimRef: 'C', subject: 'Done', text: 'All of it' })
  })

  test('deletes a claim', async () => {
    const tenant = await withClaim()
    await reaction(tenant, { triggerName: 'forget' }, [{ type: 'deleteClaim' }])
    await fire(tenant, 'forget')
    const [deleted] = await eventsOf(it, tenant, 'event.claim.deleted')
    expect(deleted?.data).toMatchObject({ claimRef: 'C' })
  })

  test('to an event of an account looks at each active claim, or at none', async () => {
    const tenant = await withClaim(['A', 'B', 'GONE'])
    await resolve(tenant, 'GONE', 'CLAIM_SOLD')
    const event = 'event.accountMeta.set'
    const each = await reaction(tenant, { event, perClaim: true }, [
      { type: 'setMeta', target: 'claim', meta: { told: true } },
    ])
    const once = await reaction(tenant, event, [{ type: 'createTask', kind: 'k', title: 't' }])
    const answer = await tenant.post('update_account_meta', { D: { vip: true } })
    expect(answer.status).toBe(200)
    await pass(tenant)
    expect(await logOf(tenant, each)).toEqual(['A DONE setMeta:done', 'B DONE setMeta:done'])
    expect(await logOf(tenant, once)).toEqual(['D DONE createTask:done'])
  })

  test('has no interest in what happened before it was there, or while it was switched off', async () => {
    const tenant = await withClaim()
    await fire(tenant, 'x')
    const id = await reaction(tenant, { triggerName: 'x' }, [{ type: 'webhook', name: 'x' }])
    const change = (isActive: boolean) =>
      tenant.call({
        method: 'PATCH',
        url: `/q/v1/reactions/${id}`,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ isActive }),
      })
    await pass(tenant, { minutes: 1 })
    expect((await change(false)).body).toMatchObject({ isActive: false, version: 2 })
    await fire(tenant, 'x')
    await pass(tenant, { minutes: 1 })
    await change(true)
    expect(await logOf(tenant, id)).toEqual([])
    await fire(tenant, 'x')
    expect(await logOf(tenant, id)).toEqual(['C DONE webhook:done'])
  })

  test('of another tenant sees nothing', async () => {
    const [tenant, other] = [await withClaim(), await withClaim()]
    const id = await reaction(other, { triggerName: 'x' }, [{ type: 'webhook', name: 'x' }])
    await fire(tenant, 'x')
    await pass(other)
    expect(await logOf(other, id)).toEqual([])
    await native(tenant, { url: `/reactions/${id}`, status: 404 })
    await native(tenant, { url: `/reactions/${id}/log`, status: 404 })
    await native(tenant, { method: 'DELETE', url: `/reactions/${id}`, status: 404 })
  })
})

describe('a circle (D-90)', () => {
  test('of a reaction with what itself does ends after one round', async () => {
    const tenant = await withClaim()
    const id = await reaction(tenant, 'event.claimMeta.updated', [
      { type: 'setMeta', target: 'claim', meta: { seen: true } },
    ])
    await reaction(tenant, { triggerName: 'x' }, [
      { type: 'setMeta', target: 'claim', meta: { x: 1 } },
    ])
    await fire(tenant, 'x')
    expect(await logOf(tenant, id)).toEqual(['C DONE setMeta:done', 'C SKIPPED LOOP'])
  })

  test('of two reactions that set each other off ends after each had its turn', async () => {
    const tenant = await withClaim()
    await journey(tenant, { main: [{ type: 'wait', days: 9 }] }, { isDefault: false, name: 'J' })
    const { items } = await native(tenant, { url: '/journeys' })
    const first = await reaction(tenant, 'event.strategy.paused', [{ type: 'resumeJourney' }])
    const second = await reaction(tenant, 'event.strategy.resumed', [{ type: 'pauseJourney' }])
    await native(tenant, {
      method: 'POST',
      url: '/claims/C/journey/start',
      body: { journeyId: items[0].id },
    })
    await native(tenant, { method: 'POST', url: '/claims/C/journey/pause', body: {}, status: 204 })
    await pass(tenant)
    expect(await logOf(tenant, first)).toEqual(['C DONE resumeJourney:done', 'C SKIPPED LOOP'])
    expect(await logOf(tenant, second)).toEqual(['C DONE pauseJourney:done'])
  })

  test('through a journey that begins and ends at once comes to an end', async () => {
    const tenant = await withClaim()
    const { id: journeyId } = await journey(
      tenant,
      { main: [{ type: 'setMeta', target: 'claim', meta: { a: 1 } }, webhook('hi')] },
      { isDefault: false },
    )
    const types = ['strategy.finished', 'claimMeta.updated', 'journeyWebhook.requested']
    const ids = await Promise.all(
      types.map((type) => reaction(tenant, `event.${type}`, [{ type: 'startJourney', journeyId }])),
    )
    await native(tenant, { method: 'POST', url: '/claims/C/journey/start', body: { journeyId } })
    await pass(tenant)
    const logs = (await Promise.all(ids.map((id) => logOf(tenant, id)))).flat()
    expect(logs.length).toBeLessThan(60)
    expect(logs).toContain('C SKIPPED LOOP')
    expect(logs.filter((line) => line.includes('WAITING'))).toEqual([])
  })

  test('through a message that is told of when it leaves ends with the first message', async () => {
    const tenant = await withClaim()
    const bundleId = await bundle(tenant)
    const mail = [{ type: 'email', bundleId }]
    const queued = await reaction(tenant, 'event.debtorEmail.queued', mail)
    await reaction(tenant, { triggerName: 'x' }, mail)
    await fire(tenant, 'x')
    expect(await logOf(tenant, queued)).toEqual(['C DONE email:done', 'C SKIPPED LOOP'])
    expect(await mails(tenant)).toHaveLength(2)
  })

  test('through an account does not come back through its other claims', async () => {
    const tenant = await withClaim(['A', 'B', 'C'])
    const id = await reaction(tenant, 'event.claimMeta.updated', [
      { type: 'setMeta', target: 'account', meta: { seen: true } },
    ])
    await reaction(tenant, { triggerName: 'x' }, [
      { type: 'setMeta', target: 'claim', meta: { x: 1 } },
    ])
    await fire(tenant, 'x')
    const log = await logOf(tenant, id)
    expect(log.filter((line) => line.includes('DONE'))).toEqual(['C DONE setMeta:done'])
    expect(log.filter((line) => line.includes('LOOP'))).toHaveLength(3)
  })

  test('of six reactions in a row ends after five', async () => {
    const tenant = await withClaim()
    const ids: string[] = []
    for (let at = 0; at < 7; at += 1)
      ids.push(
        await reaction(
          tenant,
          { event: 'event.reactionWebhook.requested', data: { name: `${at}` } },
          [{ type: 'webhook', name: `${at + 1}` }],
        ),
      )
    await happen(it, tenant, 'event.reactionWebhook.requested', { claimRef: 'C', name: '0' })
    await pass(tenant)
    const logs = await Promise.all(ids.map((id) => logOf(tenant, id)))
    const done = ['C DONE webhook:done']
    expect(logs).toEqual([done, done, done, done, done, ['C SKIPPED CHAIN_TOO_LONG'], []])
  })

  test('that no chain tells of ends after a hundred rounds in an hour', async () => {
    const tenant = await withClaim()
    const id = await reaction(tenant, 'event.task.created', [{ type: 'webhook', name: 'x' }])
    for (let round = 0; round < 101; round += 1)
      await happen(it, tenant, 'event.task.created', { claimRef: 'C' })
    await pass(tenant)
    const log = await logOf(tenant, id)
    expect(log.filter((line) => line.includes('DONE'))).toHaveLength(100)
    expect(log.at(-1)).toBe('C SKIPPED TOO_OFTEN')
  })
})
