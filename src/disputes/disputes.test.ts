import { describe, expect, test, vi } from 'vitest'
import { eventsSeen, makeClaim, nativeCalls } from '../../test/native-calls.ts'
import { person, type TestTenant, world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { openDisputesOf } from './index.ts'

const it = world()

async function prepared() {
  const tenant = await it.tenant()
  await makeClaim(tenant, 'C')
  return { tenant, api: nativeCalls(tenant) }
}

const contest = (more: object = {}) => ({ claimReference: 'C', reason: 'NOT_MINE', ...more })

async function upload(tenant: TestTenant): Promise<string> {
  const boundary = 'b'
  const part = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const payload = `${part('accountId', 'D-C')}${part('externalClaimRef', 'C')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\na;b\n1;2\n\r\n--${boundary}--\r\n`
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
  const url = `/v1/${tenant.tenantId}/upload_files`
  const answer = await tenant.call({ method: 'POST', url, headers, payload })
  expect(answer.status).toBe(200)
  const listed = await nativeCalls(tenant).get('/files?accountReference=D-C')
  return listed.body.items[0].fileId
}

describe('a dispute', () => {
  test('is opened with its files, shown and closed', async () => {
    const { tenant, api } = await prepared()
    const fileId = await upload(tenant)
    const opened = await api.post(
      '/disputes',
      contest({ text: 'No', fileIds: [fileId], by: 'Eve' }),
    )
    expect(opened).toMatchObject({
      status: 201,
      body: {
        claimReference: 'C',
        reason: 'NOT_MINE',
        text: 'No',
        fileIds: [fileId],
        openedBy: 'Eve',
        closedAt: null,
        outcome: null,
      },
    })
    const path = `/disputes/${opened.body.id}`
    const closed = await api.post(`${path}/close`, {
      outcome: 'REJECTED',
      note: 'signed',
      by: 'Bob',
    })
    expect(closed.body).toEqual({
      ...opened.body,
      outcome: 'REJECTED',
      note: 'signed',
      closedBy: 'Bob',
      closedAt: it.now.toISOString(),
    })
    expect((await api.get(path)).body).toEqual(closed.body)
    expect((await api.post(`${path}/close`, { outcome: 'ACCEPTED' })).body.code).toBe(
      'dispute_closed',
    )
    const names = { claimRef: 'C', accountReference: 'D-C', disputeId: opened.body.id }
    expect(await eventsSeen(it, tenant, 'event.claimDispute.')).toMatchObject([
      { type: 'event.claimDispute.opened', data: { ...names, reason: 'NOT_MINE', by: 'Eve' } },
      { type: 'event.claimDispute.closed', data: { ...names, outcome: 'REJECTED' } },
    ])
  })

  test('is the only open one of its claim, with two at once too, and may come again', async () => {
    const { tenant, api } = await prepared()
    const both = await Promise.all([1, 2].map(() => api.post('/disputes', contest())))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]))
    const open = both.find(({ status }) => status === 201)
    const { rows } = await it.database.ownerPool.query<{ id: string }>(
      `select claim_id as id from quittance.claim where tenant_id = $1 and reference = 'C'`,
      [tenant.tenantId],
    )
    const claimId = rows[0]!.id
    const openOf = () =>
      inTransaction(it.database.db, { tenantId: tenant.tenantId, now: it.now }, (tx) =>
        openDisputesOf(tx, [claimId, newId()]),
      )
    expect([...(await openOf()).values()]).toMatchObject([{ disputeId: open!.body.id }])
    await api.post(`/disputes/${open!.body.id}/close`, { outcome: 'WITHDRAWN' })
    expect((await openOf()).size).toBe(0)
    expect((await api.post('/disputes', contest())).status).toBe(201)
    const count = async (query: string) => (await api.get(`/disputes?${query}`)).body.items.length
    expect(await count('isOpen=true')).toBe(1)
    expect(await count('isOpen=false')).toBe(1)
    expect(await count('claimReference=C')).toBe(2)
    const page = await api.get('/disputes?limit=1')
    expect(await count(`limit=1&cursor=${page.body.nextCursor}`)).toBe(1)
  })

  const remove = async (api: ReturnType<typeof nativeCalls>) =>
    expect((await api.delete('/claims/C')).status).toBe(204)
  const recreate = async (tenant: TestTenant) => {
    const data = { amount: 700, currency: 'EUR', originalDueDate: '2026-01-31' }
    const body = { C: { ...data, currentDueDate: '2026-01-31', primaryDebtor: person('D-C') } }
    expect((await tenant.post('recreate_claims', body)).body.C).toMatchObject({ success: true })
  }
  const later = () => {
    it.now = new Date(it.now.getTime() + 1_000)
  }

  test('D-78: is withdrawn when its claim is deleted, and what is contested of the new one stays', async () => {
    const { tenant, api } = await prepared()
    const { id } = (await api.post('/disputes', contest())).body
    later()
    await remove(api)
    await vi.waitFor(
      async () =>
        expect((await api.get(`/disputes/${id}`)).body).toMatchObject({
          outcome: 'WITHDRAWN',
          closedBy: 'SYSTEM',
          closedAt: it.now.toISOString(),
        }),
      { timeout: 10_000 },
    )
    const closed = { claimRef: 'C', disputeId: id, outcome: 'WITHDRAWN' }
    const told = await eventsSeen(it, tenant, 'event.claimDispute.closed')
    expect(told.map(({ data }) => data)).toEqual([expect.objectContaining(closed)])
    later()
    await recreate(tenant)
    later()
    expect((await api.post('/disputes', contest())).status).toBe(201)
    expect((await api.post('/disputes', contest())).body.code).toBe('dispute_open')
  })

  test('D-78: of a claim that began anew at once stands in the way of no other', async () => {
    const { tenant, api } = await prepared()
    const { id } = (await api.post('/disputes', contest())).body
    later()
    await remove(api)
    await recreate(tenant)
    later()
    const again = await api.post('/disputes', contest())
    expect(again.status, JSON.stringify(again.body)).toBe(201)
    expect((await api.get(`/disputes/${id}`)).body.outcome).toBe('WITHDRAWN')
    // The deletion that is told of meanwhile ends none that was opened after it.
    const behind = `select count(*)::int as count from quittance.event e
      join quittance.event_cursor c on c.tenant_id = e.tenant_id and c.subscriber = 'disputes'
      where e.tenant_id = $1 and e.type = 'event.claim.deleted' and (e.xid, e.seq) > (c.xid, c.seq)`
    await vi.waitFor(
      async () => {
        const { rows } = await it.database.ownerPool.query(behind, [tenant.tenantId])
        expect(rows).toEqual([{ count: 0 }])
      },
      { timeout: 10_000 },
    )
    expect((await api.get(`/disputes/${again.body.id}`)).body.closedAt).toBeNull()
  })

  test('is refused where there is nothing to contest or nothing to show, and leaves no trace', async () => {
    const { tenant, api } = await prepared()
    const refused = async (more: object) => {
      const answer = await api.post('/disputes', contest(more))
      return `${answer.status} ${answer.body.code}`
    }
    expect(await refused({ claimReference: 'X' })).toBe('404 claim_not_found')
    expect(await refused({ fileIds: [newId()] })).toBe('404 file_not_found')
    expect(await refused({ reason: '' })).toBe('400 invalid_request')
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_PAID' }])
    expect(await refused({})).toBe('409 claim_not_active')
    expect((await api.get('/disputes')).body.items).toEqual([])
    expect(await eventsSeen(it, tenant, 'event.claimDispute.')).toEqual([])
  })

  test('of another tenant does not exist', async () => {
    const { api } = await prepared()
    const { id } = (await api.post('/disputes', contest())).body
    const other = nativeCalls(await it.tenant())
    expect((await other.get(`/disputes/${id}`)).status).toBe(404)
    expect((await other.post(`/disputes/${id}/close`, { outcome: 'ACCEPTED' })).status).toBe(404)
    expect((await other.get('/disputes')).body.items).toEqual([])
  })
})
