import { createHash } from 'node:crypto'
import PostalMime from 'postal-mime'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/conformance/receeve/given.ts'
import {
  bundle,
  closeSenders,
  mailServer,
  type MailServer,
  messageOf,
  native,
  openClaims,
  sendDue,
  senderOf,
  smsProvider,
  write,
} from '../../../test/messages.ts'
import { type TestTenant, world } from '../../../test/world.ts'
import { createSmsTransport } from './sms-transport.ts'
import { createSmtpTransport, type SmtpOptions } from './smtp-transport.ts'
import type { Outgoing, Transport } from './transport.ts'

const it = world({ workers: false })
const noon = it.now
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  it.now = noon
  // Ways out first: a server waits for their connections.
  for (const close of closing.splice(0).toReversed()) await close()
})
afterAll(() => closeSenders(it))

async function smtp(...answers: Parameters<typeof mailServer>): Promise<MailServer> {
  const server = await mailServer(...answers)
  closing.push(() => server.close())
  return server
}
function smtpTransport(options: SmtpOptions): Transport {
  const made = createSmtpTransport(options)
  closing.push(async () => made.close?.())
  return made
}
async function sms(...answers: Parameters<typeof smsProvider>) {
  const provider = await smsProvider(...answers)
  closing.push(() => provider.close())
  return provider
}

async function prepared(settings: Record<string, unknown> = {}) {
  const tenant = await it.tenant('Acme', settings)
  await openClaims(tenant)
  return { tenant, bundleId: await bundle(tenant) }
}
const withMail = (email: Transport) => senderOf(it, { transports: { email, sms: undefined } })
const withSms = (transport: Transport) =>
  senderOf(it, { transports: { email: undefined, sms: transport } })
const told = async (tenant: TestTenant) =>
  (await eventsOf(it, tenant))
    .map(({ type }) => type)
    .filter((type) => /debtor(?:Email|SMS)/.test(type))
const keptOf = async (id: string) => {
  const { rows } = await it.database.ownerPool.query<{ eml: Buffer; sha256: Buffer }>(
    'select eml, sha256 from quittance.message_content where message_id = $1',
    [id],
  )
  return rows[0]!
}
const later = (minutes: number) => {
  it.now = new Date(it.now.getTime() + minutes * 60_000)
}

describe('mail', () => {
  test('arrives byte for byte as it is kept', async () => {
    const server = await smtp()
    const { tenant } = await prepared()
    const hard = {
      subject: 'Fällig: {{ totalAmount }} – „jetzt“',
      text: '.\n..two dots\n{{ customBody }}\nGrüße, 漢字, 👋\n',
      html: '<p>Grüße {{ debtor.lastName }}</p>',
    }
    const bundleId = await bundle(tenant, 'email', hard)
    const customBody = `${'x'.repeat(1_500)}\r\n.\r\nQUIT\r\n\ttab `
    const id = await write(tenant, { bundleId, customBody })
    await sendDue(withMail(smtpTransport({ url: server.url })), tenant)
    const [mail] = server.received
    const kept = await keptOf(id)
    expect(mail?.bytes.equals(kept.eml)).toBe(true)
    expect(createHash('sha256').update(mail!.bytes).digest().equals(kept.sha256)).toBe(true)
    expect(server.received).toHaveLength(1)
    expect(mail).toMatchObject({ from: 'collections@acme.example', to: ['ada@example.com'] })
    const parsed = await PostalMime.parse(mail!.bytes)
    expect(parsed.subject).toBe('Fällig: €123.45 – „jetzt“')
    expect(parsed.text).toContain('..two dots')
    expect(parsed.text).toContain('\n.\nQUIT\n')
    expect(parsed.html).toContain('Grüße Byron')
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'SENT',
      transport: 'smtp',
      deliveredAt: it.now.toISOString(),
    })
    expect(await told(tenant)).toEqual(['event.debtorEmail.queued', 'event.debtorEmail.delivered'])
  })

  test('comes from whom the tenant names, and no header hides in a name', async () => {
    const server = await smtp()
    const { tenant, bundleId } = await prepared({
      mail: {
        from: 'hello@tenant.example',
        name: 'Acme\r\nBcc: x@y.example',
        replyTo: 'answers@tenant.example',
      },
    })
    await write(tenant, { bundleId })
    await sendDue(withMail(smtpTransport({ url: server.url })), tenant)
    const parsed = await PostalMime.parse(server.received[0]!.bytes)
    expect(parsed.from).toMatchObject({ address: 'hello@tenant.example' })
    expect(parsed.replyTo).toMatchObject([{ address: 'answers@tenant.example' }])
    expect(parsed.bcc ?? []).toEqual([])
    expect(server.received[0]).toMatchObject({ from: 'hello@tenant.example' })
  })

  test('of a tenant whose sender is no address is given up, and says so', async () => {
    const server = await smtp()
    const { tenant, bundleId } = await prepared({ mail: { from: 'a@b.example\r\nx' } })
    const id = await write(tenant, { bundleId })
    await sendDue(withMail(smtpTransport({ url: server.url })), tenant)
    expect(server.received).toEqual([])
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('is no address'),
    })
  })

  test('that is refused for now is tried again later, through the gate', async () => {
    const server = await smtp(() => (server.received.length === 1 ? 451 : undefined))
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    const work = withMail(smtpTransport({ url: server.url }))
    await sendDue(work, tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'QUEUED',
      attempts: 1,
      dueAt: '2026-03-10T12:05:00.000Z',
    })
    await tenant.post('credit_claims', {
      C: { amount: 2_345, currency: 'EUR', originator: 'CLIENT' },
    })
    later(5)
    await sendDue(work, tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT', attempts: 2, error: null })
    // What was paid in between is no longer asked for, and what is kept is what was taken.
    expect(server.received[1]?.bytes.toString()).toContain('100.00')
    expect(server.received[1]?.bytes.equals((await keptOf(id)).eml)).toBe(true)
    expect(await told(tenant)).toEqual([
      'event.debtorEmail.queued',
      'event.debtorEmailDelivery.interrupted',
      'event.debtorEmail.delivered',
    ])
  })

  test('that is refused for now does not count as a contact', async () => {
    const server = await smtp(undefined, () => 450)
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await sendDue(withMail(smtpTransport({ url: server.url })), tenant)
    const { rows } = await it.database.ownerPool.query(
      'select contacted_at, transfer_began_at from quittance.message where message_id = $1',
      [id],
    )
    expect(rows).toEqual([{ contacted_at: null, transfer_began_at: null }])
  })

  test.each([
    ['the recipient', undefined, () => 550],
    ['the message', () => 554, undefined],
  ])('is given up where the server refuses %s for good', async (_what, answer, recipient) => {
    const server = await smtp(answer, recipient)
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await sendDue(withMail(smtpTransport({ url: server.url })), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'FAILED', attempts: 1 })
    expect(await told(tenant)).toContain('event.debtorEmailDelivery.failed')
  })

  test('waits for a server that cannot be reached, and is given up after nine attempts', async () => {
    const server = await mailServer()
    await server.close()
    const { tenant, bundleId } = await prepared()
    await native(tenant, 'POST', '/send-rules', {
      kind: 'quiet_hours',
      value: { sendFrom: '00:00', sendUntil: '24:00' },
      validFrom: '2026-01-01',
    })
    const id = await write(tenant, { bundleId })
    const work = withMail(smtpTransport({ url: server.url }))
    await sendDue(work, tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'QUEUED', attempts: 1 })
    for (let attempt = 2; attempt <= 9; attempt += 1) {
      it.now = (await work.nextDueAt(tenant.tenantId))!
      await sendDue(work, tenant)
    }
    const { rows } = await it.database.ownerPool.query(
      'select status, attempts from quittance.message where message_id = $1',
      [id],
    )
    expect(rows).toEqual([{ status: 'FAILED', attempts: 9 }])
    expect(await work.nextDueAt(tenant.tenantId)).toBeUndefined()
  })

  test('is never sent twice where nobody knows whether it was taken', async () => {
    const server = await smtp(() => 'hang up')
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    const work = withMail(smtpTransport({ url: server.url, timeoutMs: 5_000 }))
    await sendDue(work, tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('not known whether'),
    })
    later(24 * 60)
    await sendDue(work, tenant)
    expect(server.received).toHaveLength(1)
  })
})

/** A way out that takes messages and then never answers, as if the server died. */
function dying(isIdempotent: boolean) {
  const taken: Outgoing[] = []
  let end: () => void = () => undefined
  const died = new Promise<never>((_resolve, reject) => {
    end = () => reject(new Error('the test is over'))
  })
  const transport: Transport = {
    name: isIdempotent ? 'sms' : 'smtp',
    isIdempotent,
    send(message) {
      taken.push(message)
      return died
    },
  }
  return { taken, transport, end }
}

describe('a sender that dies', () => {
  test('in the middle of a mail leaves it to nobody: whether it left is not known', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    const first = dying(false)
    const lost = sendDue(withMail(first.transport), tenant)
    await expect.poll(() => first.taken.length, { timeout: 20_000 }).toBe(1)
    const second = dying(false)
    await sendDue(withMail(second.transport), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENDING' })
    later(16)
    await sendDue(withMail(second.transport), tenant)
    expect(second.taken).toEqual([])
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('not known'),
    })
    expect(await told(tenant)).toContain('event.debtorEmailDelivery.failed')
    first.end()
    await lost
  })

  test('in the middle of an SMS leaves it to the next: the provider takes its key once', async () => {
    const { tenant } = await prepared()
    const id = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    const first = dying(true)
    const lost = sendDue(withSms(first.transport), tenant)
    await expect.poll(() => first.taken.length, { timeout: 20_000 }).toBe(1)
    await tenant.post('credit_claims', {
      C: { amount: 2_345, currency: 'EUR', originator: 'CLIENT' },
    })
    later(16)
    const provider = await sms()
    await sendDue(withSms(createSmsTransport({ url: provider.url, token: undefined })), tenant)
    expect(provider.received).toHaveLength(1)
    expect(provider.received[0]?.body['text']).toBe(first.taken[0]?.text)
    expect(provider.received[0]?.headers['idempotency-key']).toBe(id)
    first.end()
    await lost
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT', attempts: 2 })
  })

  test('before a byte has left hands the message back', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await it.database.ownerPool.query(
      `update quittance.message set status = 'SENDING', lease_id = gen_random_uuid(), lease_until = $2
       where message_id = $1`,
      [id, it.now],
    )
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT', transport: 'outbox' })
  })
})

describe('SMS', () => {
  test('goes to the provider with its key and token', async () => {
    const provider = await sms()
    const { tenant } = await prepared()
    const id = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    await sendDue(withSms(createSmsTransport({ url: provider.url, token: 'secret' })), tenant)
    expect(provider.received).toMatchObject([
      {
        headers: { 'idempotency-key': id, authorization: 'Bearer secret' },
        body: {
          to: '+491701234567',
          reference: id,
          text: expect.stringMatching(/123\.45.*https:\/\/pay\.example\/c\//),
        },
      },
    ])
    expect(await told(tenant)).toEqual(['event.debtorSMS.queued', 'event.debtorSMS.delivered'])
  })

  test('is tried again with the same words where the provider may have taken it', async () => {
    const provider = await sms((attempt) => (attempt === 1 ? 503 : 202))
    const { tenant } = await prepared()
    const id = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    const work = withSms(createSmsTransport({ url: provider.url, token: undefined }))
    await sendDue(work, tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'QUEUED' })
    later(5)
    await sendDue(work, tenant)
    expect(provider.received).toHaveLength(2)
    expect(provider.taken.size).toBe(1)
    expect(await told(tenant)).toEqual([
      'event.debtorSMS.queued',
      'event.debtorSMSDelivery.temporaryFailed',
      'event.debtorSMS.delivered',
    ])
  })

  test('is given up where the provider refuses it', async () => {
    const provider = await sms(() => 422)
    const { tenant } = await prepared()
    const id = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    await sendDue(withSms(createSmsTransport({ url: provider.url, token: undefined })), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'FAILED',
      error: 'The provider answered 422',
    })
  })
})
