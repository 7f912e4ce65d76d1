import { afterAll, describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/conformance/receeve/given.ts'
import {
  bundle,
  closeSenders,
  messageOf,
  native,
  openClaims,
  sendDue,
  senderOf,
  write,
} from '../../../test/messages.ts'
import { type TestTenant, world } from '../../../test/world.ts'
import { newId } from '../../kernel/id.ts'
import { inTransaction } from '../../platform/db.ts'
import { setPreference } from '../../contacts/index.ts'
import { unsubscribeToken } from '../index.ts'

const it = world({ workers: false })
afterAll(() => closeSenders(it))

async function sent() {
  const tenant = await it.tenant()
  await openClaims(tenant)
  const bundleId = await bundle(tenant)
  const id = await write(tenant, { bundleId })
  await sendDue(senderOf(it), tenant)
  expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT' })
  return { tenant, bundleId, id }
}
/** A message of which nobody knows whether it was taken. */
async function failed() {
  const tenant = await it.tenant()
  await openClaims(tenant)
  const id = await write(tenant, { bundleId: await bundle(tenant) })
  const send = () => Promise.resolve({ outcome: 'unknown' as const, error: 'silence' })
  const email = { name: 'smtp' as const, isIdempotent: false, send }
  await sendDue(senderOf(it, { transports: { email, sms: undefined } }), tenant)
  expect(await messageOf(tenant, id)).toMatchObject({ status: 'FAILED', sentAt: null })
  return { tenant, id }
}
const again = async (tenant: TestTenant, bundleId: string) => {
  const id = await write(tenant, { bundleId })
  await sendDue(senderOf(it), tenant)
  const { status, decision } = await messageOf(tenant, id)
  return { status, because: decision.because }
}
const typesOf = async (tenant: TestTenant) => (await eventsOf(it, tenant)).map(({ type }) => type)
const bounce = (tenant: TestTenant, body: object, headers = {}) =>
  native(tenant, 'POST', '/messages/bounces', body, headers)

describe('a bounce', () => {
  test('that is hard marks the message and ends the address', async () => {
    const { tenant, bundleId, id } = await sent()
    const answer = await bounce(tenant, { messageId: id, kind: 'hard', diagnostic: '550 gone' })
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'BOUNCED', bounce: { kind: 'hard', diagnostic: '550 gone' } },
    })
    expect(await again(tenant, bundleId)).toEqual({
      status: 'WITHHELD',
      because: 'address_suppressed',
    })
    expect(await typesOf(tenant)).toContain('event.debtorEmailDelivery.failed')
    const listed = await native(tenant, 'GET', '/suppressed-addresses')
    expect(listed.body).toMatchObject({
      items: [{ channel: 'email', address: 'ada@example.com', reason: 'bounce', messageId: id }],
      nextCursor: null,
    })
  })

  test('told twice is recorded once', async () => {
    const { tenant, id } = await sent()
    await bounce(tenant, { messageId: id, kind: 'hard' })
    await bounce(tenant, { messageId: id, kind: 'hard' })
    const failed = (await typesOf(tenant)).filter((type) => type.endsWith('Delivery.failed'))
    expect(failed).toHaveLength(1)
  })

  test('that is soft leaves message and address as they are', async () => {
    const { tenant, bundleId, id } = await sent()
    expect((await bounce(tenant, { messageId: id, kind: 'soft' })).body).toMatchObject({
      status: 'SENT',
      bounce: { kind: 'soft' },
    })
    expect(await again(tenant, bundleId)).toMatchObject({ status: 'SENT' })
    expect(await typesOf(tenant)).toContain('event.debtorEmailDelivery.interrupted')
  })

  test('that is soft changes nothing of a message that failed already', async () => {
    const { tenant, id } = await failed()
    const before = await messageOf(tenant, id)
    const told = await typesOf(tenant)
    expect(await bounce(tenant, { messageId: id, kind: 'soft' })).toMatchObject({
      status: 200,
      body: before,
    })
    expect(await messageOf(tenant, id)).toEqual(before)
    expect(await typesOf(tenant)).toEqual(told)
    // One that is hard does: it proves that the message was taken.
    expect((await bounce(tenant, { messageId: id, kind: 'hard' })).body).toMatchObject({
      status: 'BOUNCED',
      sentAt: expect.any(String),
    })
  })

  test('comes as the notification of a mail server too', async () => {
    const { tenant, id } = await sent()
    const report = [
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
      '',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Action: failed',
      'Status: 5.1.1',
      '',
      '--b',
      'Content-Type: message/rfc822',
      '',
      `Message-ID: <${id}@acme.example>`,
      '',
      'x',
      '--b--',
      '',
    ].join('\r\n')
    const post = (text: string) =>
      native(tenant, 'POST', '/messages/bounces', text, { 'content-type': 'message/rfc822' })
    expect(await post(report)).toMatchObject({ status: 200, body: { id, status: 'BOUNCED' } })
    expect(await post('hello')).toMatchObject({ status: 400, body: { code: 'not_a_bounce' } })
  })

  test('of a message that never left, that is not there or of another tenant is refused', async () => {
    const { tenant, bundleId, id } = await sent()
    const queued = await write(tenant, { bundleId })
    const other = await it.tenant()
    const refused = async (who: TestTenant, messageId: string) =>
      (await bounce(who, { messageId, kind: 'hard' })).status
    expect(await refused(tenant, queued)).toBe(409)
    expect(await refused(tenant, newId())).toBe(404)
    expect(await refused(other, id)).toBe(404)
    expect((await bounce(tenant, { messageId: id, kind: 'odd' })).status).toBe(400)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT', bounce: null })
  })
})

describe('an address', () => {
  test('that an agent suppresses gets nothing until it is released, in whatever case', async () => {
    const { tenant, bundleId } = await sent()
    const address = 'ADA@Example.com'
    expect(
      await native(tenant, 'POST', '/suppressed-addresses', { channel: 'email', address }),
    ).toMatchObject({ status: 204 })
    expect(await again(tenant, bundleId)).toMatchObject({ because: 'address_suppressed' })
    const path = `/suppressed-addresses/email/${encodeURIComponent(address)}`
    expect(await native(tenant, 'DELETE', path)).toMatchObject({ status: 204 })
    expect(await native(tenant, 'DELETE', path)).toMatchObject({ status: 404 })
    expect(await again(tenant, bundleId)).toMatchObject({ status: 'SENT' })
  })

  test('list comes in pages', async () => {
    const tenant = await it.tenant()
    for (const name of ['a', 'b', 'c'])
      await native(tenant, 'POST', '/suppressed-addresses', {
        channel: 'email',
        address: `${name}@x.example`,
      })
    const first = await native(tenant, 'GET', '/suppressed-addresses?limit=2')
    expect(first.body.items).toHaveLength(2)
    const rest = await native(
      tenant,
      'GET',
      `/suppressed-addresses?limit=2&cursor=${first.body.nextCursor}`,
    )
    expect(rest.body).toMatchObject({ items: [{ address: 'c@x.example' }], nextCursor: null })
    const broken = await native(tenant, 'GET', '/suppressed-addresses?cursor=nonsense')
    expect(broken).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
  })
})

describe('the link that unsubscribes', () => {
  const open = (method: 'GET' | 'POST', token: string, body?: string) =>
    it.inject({
      method,
      url: `/u/${token}`,
      ...(body === undefined
        ? {}
        : { payload: body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    })
  const tokenOf = (tenant: TestTenant, messageId: string) =>
    unsubscribeToken(it.assembly.sealer, { tenantId: tenant.tenantId, messageId })

  test('asks when it is looked at and changes nothing: scanners look at every link', async () => {
    const { tenant, bundleId, id } = await sent()
    const page = await open('GET', tokenOf(tenant, id))
    expect(page.status).toBe(200)
    expect(page.body).toContain('<form method="post">')
    expect(page.headers['referrer-policy']).toBe('no-referrer')
    expect(page.headers['content-security-policy']).toContain(`default-src 'none'`)
    expect(String(page.body)).not.toMatch(/Ada|Byron|123|Acme|example\.com/)
    expect(await again(tenant, bundleId)).toMatchObject({ status: 'SENT' })
  })

  test('RFC 8058: unsubscribes with one POST, and says so once', async () => {
    const { tenant, bundleId, id } = await sent()
    const token = tokenOf(tenant, id)
    expect((await open('POST', token, 'List-Unsubscribe=One-Click')).status).toBe(200)
    expect((await open('POST', token)).status).toBe(200)
    expect(await again(tenant, bundleId)).toEqual({ status: 'WITHHELD', because: 'opted_out' })
    const contact = await native(tenant, 'GET', '/contacts/D')
    expect(contact.body.preferences).toMatchObject([
      { channel: 'email', preference: 'denied', source: 'unsubscribe-link' },
    ])
    const told = (await eventsOf(it, tenant)).filter(
      ({ type }) => type === 'event.debtorEmailUnsubscribe.requested',
    )
    expect(told).toMatchObject([{ data: { claimRef: 'C', externalDebtorRef: 'D' } }])
  })

  test('in an SMS ends SMS and leaves e-mail as it is', async () => {
    const { tenant, bundleId } = await sent()
    const message = { bundleId: await bundle(tenant, 'sms'), channel: 'sms' }
    const id = await write(tenant, message)
    await sendDue(senderOf(it), tenant)
    expect((await open('POST', tokenOf(tenant, id))).status).toBe(200)
    const next = await write(tenant, message)
    expect(await again(tenant, bundleId)).toMatchObject({ status: 'SENT' })
    expect(await messageOf(tenant, next)).toMatchObject({ decision: { because: 'opted_out' } })
    expect(await typesOf(tenant)).not.toContain('event.debtorEmailUnsubscribe.requested')
  })

  test('is taken back by the debtor who allows it again', async () => {
    const { tenant, bundleId, id } = await sent()
    await open('POST', tokenOf(tenant, id))
    await inTransaction(it.assembly.services.db, { tenantId: tenant.tenantId, now: it.now }, (tx) =>
      setPreference(tx, {
        debtorReference: 'D',
        channel: 'email',
        preference: 'allowed',
        source: 'debtor-page',
      }),
    )
    expect(await again(tenant, bundleId)).toMatchObject({ status: 'SENT' })
  })

  test('cannot be made or changed by anybody else', async () => {
    const { tenant, id } = await sent()
    const token = tokenOf(tenant, id)
    const flipped = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`
    for (const wrong of ['x', flipped, tokenOf(tenant, newId())]) {
      expect((await open('POST', wrong)).status).toBe(404)
    }
    expect((await open('GET', flipped)).status).toBe(404)
    const contact = await native(tenant, 'GET', '/contacts/D')
    expect(contact.body.preferences).toEqual([])
  })
})
