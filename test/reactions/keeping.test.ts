import { describe, expect, test } from 'vitest'
import { bundle, native } from '../journeys/given.ts'
import { type TestTenant, world } from '../world.ts'
import { reaction, refusal } from './given.ts'

const it = world()
const task = { type: 'createTask', kind: 'k', title: 't' }
const nobody = '0d0e63f6-5d1c-4a0c-9d2a-000000000001'

const patch = (tenant: TestTenant, id: string, body: object) =>
  tenant.call({
    method: 'PATCH',
    url: `/q/v1/reactions/${id}`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  })

describe('reactions', () => {
  test('are kept, shown, listed in pages, changed and ended', async () => {
    const tenant = await it.tenant()
    const ids = [
      await reaction(tenant, 'event.claim.created', [task], { name: 'One' }),
      await reaction(tenant, 'event.claim.created.v1', [task], { name: 'Two', position: 2 }),
    ]
    const [one, two] = ids
    expect(await native(tenant, { url: `/reactions/${two}` })).toMatchObject({
      id: two,
      name: 'Two',
      when: { event: 'event.claim.created' },
      actions: [task],
      isActive: true,
      position: 2,
      version: 1,
    })
    const first = await native(tenant, { url: '/reactions?limit=1' })
    const rest = await native(tenant, { url: `/reactions?limit=1&cursor=${first.nextCursor}` })
    expect([first.items[0].id, rest.items[0].id, rest.nextCursor]).toEqual([one, two, null])
    const taken = await patch(tenant, one ?? '', { name: 'Two' })
    expect([taken.status, taken.body.code]).toEqual([409, 'reaction_name_taken'])
    const changed = await patch(tenant, one ?? '', { name: 'Uno', isActive: false })
    expect(changed.body).toMatchObject({ name: 'Uno', isActive: false, version: 2 })
    await native(tenant, { method: 'DELETE', url: `/reactions/${one}`, status: 204 })
    await native(tenant, { url: `/reactions/${one}`, status: 404 })
    expect((await patch(tenant, one ?? '', { name: 'X' })).status).toBe(404)
    // The name of one that ended is free.
    await reaction(tenant, 'event.claim.created', [task], { name: 'Uno' })
  })

  test('that cannot be kept are refused in words that name the action', async () => {
    const tenant = await it.tenant()
    const wrong = (...actions: object[]) => refusal(tenant, { actions })
    expect(await wrong(task, { type: 'dance' })).toContain('action 2: "type" is one of email')
    expect(await wrong({ ...task, title: '' })).toContain('action 1 (createTask): title')
    expect(await wrong({ ...task, colour: 1 })).toContain('(colour)')
    expect(await wrong({ type: 'email', bundleId: nobody })).toContain(
      `action 1 (email): there is no bundle ${nobody}`,
    )
    const sms = await bundle(tenant, 'sms')
    expect(await wrong({ type: 'email', bundleId: sms })).toContain('is for sms')
    expect(await wrong({ type: 'outsource', partner: 'X' })).toContain('no active agency "X"')
    expect(await wrong({ type: 'startJourney', journeyId: nobody })).toContain('no journey')
    expect(await wrong({ type: 'pauseJourney', days: 1, hours: 1 })).toContain('days or hours')
    expect(await wrong({ type: 'setMeta', target: 'claim', meta: {} })).toContain('1 to 50 keys')
    const of = (when: object) => refusal(tenant, { when, actions: [task] })
    expect(await of({})).toContain('needs an event or a triggerName')
    expect(await of({ event: 'event.moon.rose' })).toContain('no event "event.moon.rose"')
    expect(await of({ event: 'event.claim.created', triggerName: 'x' })).toContain('triggerName')
    const condition = { field: 'colour', op: 'eq', value: 'red' }
    expect(await of({ triggerName: 'x', condition })).toContain('condition: there is no field')
    const perAccount = { event: 'event.accountMeta.set' }
    const meta = { type: 'setMeta', target: 'claim', meta: { a: 1 } }
    expect(await refusal(tenant, { when: perAccount, actions: [meta] })).toContain('perClaim')
    expect((await native(tenant, { url: '/reactions' })).items).toEqual([])
  })

  test('may be switched off when what they name is gone, but not on again', async () => {
    const tenant = await it.tenant()
    const bundleId = await bundle(tenant)
    const id = await reaction(tenant, 'event.claim.created', [{ type: 'email', bundleId }])
    await native(tenant, { method: 'DELETE', url: `/bundles/${bundleId}`, status: 204 })
    expect((await patch(tenant, id, { isActive: false })).body).toMatchObject({ isActive: false })
    const again = await patch(tenant, id, { isActive: true })
    expect([again.status, again.body.code]).toEqual([400, 'reaction_invalid'])
  })
})
