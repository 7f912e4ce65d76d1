import { afterAll, describe, expect, test } from 'vitest'
import {
  bundle,
  closeSenders,
  native,
  openClaims,
  sendDue,
  senderOf,
  write,
} from '../../../test/messages.ts'
import { world } from '../../../test/world.ts'
import { newId } from '../../kernel/id.ts'

const it = world({ workers: false })
afterAll(() => closeSenders(it))

async function prepared() {
  const tenant = await it.tenant()
  await openClaims(tenant, ['C', 'E'])
  return { tenant, bundleId: await bundle(tenant) }
}

describe('messages', () => {
  test('are listed by claim and status in pages, the newest first', async () => {
    const { tenant, bundleId } = await prepared()
    const ids: string[] = []
    for (const claimReference of ['C', 'C', 'E', 'C'])
      ids.push(await write(tenant, { bundleId, claimReference }))
    const first = await native(tenant, 'GET', '/messages?claimReference=C&limit=2')
    expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual([ids[3], ids[1]])
    const cursor = first.body.nextCursor as string
    const rest = await native(tenant, 'GET', `/messages?claimReference=C&limit=2&cursor=${cursor}`)
    expect(rest.body).toMatchObject({ items: [{ id: ids[0] }], nextCursor: null })
    await sendDue(senderOf(it), tenant)
    const queued = await native(tenant, 'GET', '/messages?status=QUEUED')
    expect(queued.body.items).toEqual([])
    expect((await native(tenant, 'GET', '/messages?status=SENT')).body.items).toHaveLength(4)
  })

  test('take the reference of the claim in either form (D-41)', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId, claimReference: 'C-2026-01-15' })
    const listed = await native(tenant, 'GET', '/messages?claimReference=C')
    expect(listed.body.items).toMatchObject([{ id, claimReference: 'C' }])
  })

  test('are made once by a repeated request with the same key', async () => {
    const { tenant, bundleId } = await prepared()
    const body = { claimReference: 'C', channel: 'email', bundleId }
    const key = { 'idempotency-key': 'once' }
    const first = await native(tenant, 'POST', '/messages', body, key)
    const second = await native(tenant, 'POST', '/messages', body, key)
    expect(second.body).toEqual(first.body)
    expect((await native(tenant, 'GET', '/messages')).body.items).toHaveLength(1)
  })

  test.each([
    [404, { claimReference: 'NOPE' }],
    [404, { bundleId: newId() }],
    [400, { channel: 'sms' }],
    [400, { channel: 'fax' }],
    [400, { dueAt: 'tomorrow' }],
    [400, { dueAt: '0000-01-01T00:00:00Z' }],
    [400, { dueAt: '2026-12-31T23:59:60Z' }],
    [400, { customBody: '' }],
    [400, { more: 1 }],
  ])('are refused with %i for %j, and none is left behind', async (status, more) => {
    const { tenant, bundleId } = await prepared()
    const body = { claimReference: 'C', channel: 'email', bundleId, ...more }
    expect((await native(tenant, 'POST', '/messages', body)).status).toBe(status)
    expect((await native(tenant, 'GET', '/messages')).body.items).toEqual([])
  })

  test('of another tenant do not exist', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    const other = await it.tenant()
    for (const path of [`/messages/${id}`, `/messages/${id}/eml`])
      expect((await native(other, 'GET', path)).status).toBe(404)
    expect((await native(other, 'GET', '/messages')).body.items).toEqual([])
  })
})

describe('send rules', () => {
  const rule = { kind: 'contact_cap', value: { max: 3, days: 7 }, validFrom: '2026-01-01' }

  test('are added, shown with those built in behind them, and removed', async () => {
    const { tenant } = await prepared()
    const made = await native(tenant, 'POST', '/send-rules', { ...rule, country: 'AT' })
    expect(made).toMatchObject({ status: 201, body: { country: 'AT', channel: null } })
    const listed = await native(tenant, 'GET', '/send-rules')
    expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual([
      made.body.id,
      'built-in:quiet-hours-email',
      'built-in:quiet-hours-sms',
      'built-in:contact-cap',
    ])
    const path = `/send-rules/${made.body.id}`
    expect((await native(tenant, 'GET', path)).body).toEqual(made.body)
    expect((await native(await it.tenant(), 'GET', path)).status).toBe(404)
    expect((await native(tenant, 'DELETE', path)).status).toBe(204)
    expect((await native(tenant, 'DELETE', path)).status).toBe(404)
    expect((await native(tenant, 'DELETE', '/send-rules/built-in:contact-cap')).status).toBe(409)
  })

  test.each([
    [{ ...rule, value: { max: 0, days: 7 } }],
    [{ ...rule, value: { sendFrom: '08:00', sendUntil: '20:00' } }],
    [{ ...rule, kind: 'moon', value: {} }],
    [{ ...rule, country: 'XX' }],
    [{ ...rule, country: 'de' }],
    [{ ...rule, validFrom: '2026-02-30' }],
    [{ ...rule, validUntil: '2025-12-31' }],
    [
      {
        kind: 'quiet_hours',
        value: { sendFrom: '20:00', sendUntil: '08:00' },
        validFrom: '2026-01-01',
      },
    ],
    [
      {
        kind: 'quiet_hours',
        value: { sendFrom: '8:00', sendUntil: '25:00' },
        validFrom: '2026-01-01',
      },
    ],
    [{ kind: 'weekdays', value: { days: [] }, validFrom: '2026-01-01' }],
    [{ kind: 'weekdays', value: { days: [1, 1] }, validFrom: '2026-01-01' }],
    [{ kind: 'consent', value: { isRequired: 'yes' }, validFrom: '2026-01-01' }],
  ])('cannot be %j', async (body) => {
    const { tenant } = await prepared()
    expect((await native(tenant, 'POST', '/send-rules', body)).status).toBe(400)
    expect((await native(tenant, 'GET', '/send-rules')).body.items).toHaveLength(3)
  })
})

describe('contacts', () => {
  test('that nobody knows are not found, and nothing is kept for them', async () => {
    const { tenant } = await prepared()
    const change = { channel: 'email', preference: 'denied' }
    expect((await native(tenant, 'GET', '/contacts/NOPE')).status).toBe(404)
    expect((await native(tenant, 'POST', '/contacts/NOPE/preferences', change)).status).toBe(404)
    expect(
      (await native(tenant, 'POST', '/contacts/D/preferences', { channel: 'email' })).status,
    ).toBe(400)
    expect((await native(tenant, 'GET', '/contacts/D')).body.preferences).toEqual([])
  })

  test('say something else later, and the later word counts', async () => {
    const { tenant } = await prepared()
    for (const preference of ['denied', 'unset'])
      await native(tenant, 'POST', '/contacts/D/preferences', {
        channel: 'sms',
        preference,
        source: 'call',
      })
    expect((await native(tenant, 'GET', '/contacts/D')).body).toEqual({
      debtorReference: 'D',
      preferences: [
        { channel: 'sms', preference: 'unset', source: 'call', changedAt: it.now.toISOString() },
      ],
    })
  })
})
