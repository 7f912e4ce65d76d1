import { describe, expect, test } from 'vitest'
import { eventsSeen, makeClaim, nativeCalls, sandboxTenant } from '../../test/native-calls.ts'
import { world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { createTasks } from './index.ts'

const it = world()

describe('a task', () => {
  test('is made, shown, changed and done', async () => {
    const tenant = await it.tenant()
    const api = nativeCalls(tenant)
    await makeClaim(tenant, 'C')
    const made = await api.post('/tasks', {
      title: 'Call Ada',
      claimReference: 'C',
      actions: ['REACHED', 'NOT_REACHED'],
    })
    expect(made).toMatchObject({
      status: 201,
      body: { kind: 'MANUAL', claimReference: 'C', status: 'OPEN', dueAt: null },
    })
    const path = `/tasks/${made.body.id}`
    const dueAt = '2026-03-12T00:00:00.000Z'
    const changed = await api.patch(path, { details: 'At noon', dueAt })
    expect(changed.body).toEqual({ ...made.body, details: 'At noon', dueAt })
    expect((await api.patch(path, { dueAt: null })).body.dueAt).toBeNull()
    expect((await api.post(`${path}/complete`, {})).body.code).toBe('unknown_action')
    const unknown = await api.post(`${path}/complete`, { action: 'FAXED' })
    expect(unknown).toMatchObject({ status: 400, body: { code: 'unknown_action' } })
    const done = await api.post(`${path}/complete`, { action: 'REACHED', note: 'ok', by: 'Eve' })
    expect(done.body).toMatchObject({ status: 'DONE', action: 'REACHED', doneBy: 'Eve' })
    expect((await api.get(path)).body).toEqual(done.body)
    expect((await api.post(`${path}/complete`, { action: 'REACHED' })).body.code).toBe(
      'task_not_open',
    )
    expect((await api.patch(path, { title: 'x' })).status).toBe(409)
    expect(await eventsSeen(it, tenant, 'event.task.')).toMatchObject([
      { type: 'event.task.created', data: { claimRef: 'C', taskId: made.body.id } },
      { type: 'event.task.done', data: { claimRef: 'C', action: 'REACHED' } },
    ])
  })

  test('is found by state, kind and claim, and by nobody else', async () => {
    const tenant = await it.tenant()
    const api = nativeCalls(tenant)
    await makeClaim(tenant, 'C')
    const { body: first } = await api.post('/tasks', { title: '1', kind: 'CALL' })
    await api.post('/tasks', { title: '2', claimReference: 'C' })
    await api.post(`/tasks/${first.id}/complete`, {})
    const titles = async (query: string) =>
      (await api.get(`/tasks?${query}`)).body.items.map(({ title }: any) => title)
    expect(await titles('')).toEqual(['2', '1'])
    expect(await titles('status=DONE')).toEqual(['1'])
    expect(await titles('kind=CALL')).toEqual(['1'])
    expect(await titles('claimReference=C')).toEqual(['2'])
    const page = await api.get('/tasks?limit=1')
    expect(await titles(`limit=1&cursor=${page.body.nextCursor}`)).toEqual(['1'])
    expect((await api.get('/tasks?cursor=1')).body.code).toBe('invalid_cursor')
    const other = nativeCalls(await it.tenant())
    expect((await other.get(`/tasks/${first.id}`)).status).toBe(404)
    expect((await other.post(`/tasks/${first.id}/complete`, {})).status).toBe(404)
    expect((await other.get('/tasks')).body.items).toEqual([])
  })

  test('is refused where it makes no sense', async () => {
    const api = nativeCalls(await it.tenant())
    const refused = async (body: object) => {
      const answer = await api.post('/tasks', { title: 'x', ...body })
      return `${answer.status} ${answer.body.code}`
    }
    expect(await refused({ claimReference: 'X' })).toBe('404 claim_not_found')
    expect(await refused({ dueAt: '2026-03-10T11:59:59Z' })).toBe('400 due_in_past')
    expect(await refused({ dueAt: '9999-12-31T23:59:59-12:00' })).toBe('400 invalid_due')
    expect(await refused({ dueAt: '2026-12-31T23:59:60Z' })).toBe('400 invalid_due')
    expect(await refused({ title: '' })).toBe('400 invalid_request')
    expect(await refused({ colour: 'red' })).toBe('400 invalid_request')
    expect((await api.get('/tasks?kind=a%00b')).status).toBe(400)
    expect((await api.get('/tasks?claimReference=%00')).status).toBe(400)
    expect((await api.get('/tasks')).body.items).toEqual([])
  })

  test('is made once for its key, by two at once too', async () => {
    const tenant = await it.tenant()
    const unit = { tenantId: tenant.tenantId, now: it.now }
    const order = { key: 'run/1', kind: 'STEP', title: 'Look', cause: { run: newId() } }
    const make = () =>
      inTransaction(it.database.db, unit, (tx) =>
        createTasks(tx, [order, { ...order, key: 'run/2' }]),
      )
    const [one, two] = await Promise.all([make(), make()])
    expect([...two]).toEqual([...one])
    expect(one.size).toBe(2)
    expect(await eventsSeen(it, tenant, 'event.task.created')).toHaveLength(2)
  })

  test('expires at its time, and others do not', async () => {
    const tenant = await sandboxTenant(it)
    const api = nativeCalls(tenant)
    await makeClaim(tenant, 'C')
    const make = async (title: string, dueAt?: string) =>
      (await api.post('/tasks', { title, claimReference: 'C', ...(dueAt ? { dueAt } : {}) })).body
    const soon = await make('soon', '2026-03-11T12:00:00Z')
    const done = await make('done', '2026-03-11T12:00:00Z')
    const later = await make('later', '2026-03-20T12:00:00Z')
    const never = await make('never')
    await api.post(`/tasks/${done.id}/complete`, {})
    expect((await api.advance({ days: 5 })).status).toBe(200)
    const states = await Promise.all(
      [soon, done, later, never].map(async ({ id }) => (await api.get(`/tasks/${id}`)).body),
    )
    expect(states.map(({ status }) => status)).toEqual(['EXPIRED', 'DONE', 'OPEN', 'OPEN'])
    expect(states[0].endedAt).toBe('2026-03-11T12:00:00.000Z')
    expect(await eventsSeen(it, tenant, 'event.task.expired')).toMatchObject([
      { data: { claimRef: 'C', taskId: soon.id } },
    ])
    expect((await api.post(`/tasks/${soon.id}/complete`, {})).status).toBe(409)
  })
})
