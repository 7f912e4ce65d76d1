import { afterAll, afterEach, describe, expect, test } from 'vitest'
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
import { eventsOf } from '../../../test/conformance/receeve/given.ts'
import { assertBooksBalance } from '../../../test/invariants.ts'
import { person, type TestTenant, world } from '../../../test/world.ts'
import { inTransaction } from '../../platform/db.ts'
import { newId } from '../../kernel/id.ts'
import type { TimedWork } from '../../platform/timed-work.ts'
import { createPrepare, createRenderer, queueMessages, type QueuedMessage } from '../index.ts'

const it = world({ workers: false })
const noon = it.now
afterEach(() => {
  it.now = noon
})
afterAll(async () => {
  closeSenders(it)
  await assertBooksBalance(it.database.ownerPool)
})

async function prepared(contact: object = {}): Promise<{ tenant: TestTenant; bundleId: string }> {
  const tenant = await it.tenant()
  await openClaims(tenant, ['C'], { ...contact })
  return { tenant, bundleId: await bundle(tenant) }
}

const toldOf = async (tenant: TestTenant) =>
  (await eventsOf(it, tenant)).filter(({ type }) => type.startsWith('event.debtor'))
const credit = (tenant: TestTenant, amount: number) =>
  tenant.post('credit_claims', { C: { amount, currency: 'EUR', originator: 'CLIENT' } })

const claimIdOf = async (tenant: TestTenant, reference = 'C') => {
  const { rows } = await it.database.ownerPool.query<{ claim_id: string }>(
    'select claim_id from quittance.claim where tenant_id = $1 and reference = $2',
    [tenant.tenantId, reference],
  )
  return rows[0]!.claim_id
}
const queue = (tenant: TestTenant, messages: readonly QueuedMessage[]) =>
  inTransaction(it.assembly.services.db, { tenantId: tenant.tenantId, now: it.now }, (tx) =>
    queueMessages(tx, messages),
  )
const statuses = async (tenant: TestTenant) => {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select status || coalesce(' ' || (decision ->> 'because'), '') as line from quittance.message
     where tenant_id = $1 order by key`,
    [tenant.tenantId],
  )
  return rows.map(({ line }) => line)
}

describe('without a way out', () => {
  test('a message goes into the outbox, whole, and says why it was sent', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId, customBody: 'Call me & <soon>.' })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'SENT',
      transport: 'outbox',
      recipient: 'ada@example.com',
      bundleVersion: 1,
      attempts: 1,
      messageUrl: `/email/Message/${id}.eml`,
      deliveredAt: null,
      decision: { verdict: 'send', because: 'all_clear' },
    })
    const eml = await native(tenant, 'GET', `/messages/${id}/eml`)
    expect(eml.headers['content-type']).toBe('message/rfc822')
    expect(eml.body).toContain('Subject: Claim C\r\n')
    expect(eml.body).toContain(`Message-ID: <${id}@acme.example>\r\n`)
    expect(eml.body).toMatch(/^List-Unsubscribe: <https:\/\/pay\.example\/u\/[\w-]{80,}>\r$/m)
    expect(eml.body).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n')
    expect(eml.body).toContain('123.45')
    expect(eml.body).toContain('Call me & <soon>.')
  })

  test('is told as queued and not as delivered: nothing left the house', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await toldOf(tenant)).toMatchObject([
      {
        type: 'event.debtorEmail.queued',
        data: {
          claimRef: 'C',
          receeveClaimRef: 'C-2026-01-15',
          messageURL: `/email/Message/${id}.eml`,
          bundleId,
          recipient: 'ada@example.com',
        },
      },
    ])
  })

  test('two senders at once put a message there once', async () => {
    const { tenant, bundleId } = await prepared()
    await write(tenant, { bundleId })
    await Promise.all([sendDue(senderOf(it), tenant), sendDue(senderOf(it), tenant)])
    expect(await toldOf(tenant)).toHaveLength(1)
    const { rows } = await it.database.ownerPool.query(
      'select attempts from quittance.message where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ attempts: 1 }])
  })

  test('SMS and letters are kept as .eml too (D-98), a letter with its PDF', async () => {
    const { tenant } = await prepared()
    const sms = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    const letter = await write(tenant, {
      bundleId: await bundle(tenant, 'letter'),
      channel: 'letter',
    })
    await sendDue(senderOf(it), tenant)
    const emlOf = async (id: string) =>
      String((await native(tenant, 'GET', `/messages/${id}/eml`)).body)
    expect(await emlOf(sms)).toContain('X-Quittance-To: +491701234567\r\n')
    expect(await emlOf(letter)).toContain('Content-Type: application/pdf')
    expect(await messageOf(tenant, letter)).toMatchObject({
      recipient: 'Hauptstr. 1, 10115 Berlin, DE',
    })
    expect((await toldOf(tenant)).map(({ type }) => type).toSorted()).toEqual([
      'event.debtorLetter.generated',
      'event.debtorSMS.queued',
    ])
  })
})

const order = async (tenant: TestTenant, key: string, more: Partial<QueuedMessage> = {}) => ({
  key,
  claimId: more.claimId ?? (await claimIdOf(tenant)),
  channel: 'email' as const,
  bundleId: newId(),
  cause: { kind: 'reaction' as const, id: 'r' },
  ...more,
})

const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => `C-${String(n).padStart(2, '0')}`)

/** Notices, whose number no cap limits, about claims of their own, in the order of their keys. */
async function notices(tenant: TestTenant, count: number, bundleId: string): Promise<void> {
  const references = numbered(count)
  await openClaims(tenant, references)
  const messages = references.map(async (reference) => ({
    ...(await order(tenant, reference, { claimId: await claimIdOf(tenant, reference) })),
    bundleId,
    purpose: 'notice' as const,
  }))
  await queue(tenant, await Promise.all(messages))
}

/** A sender whose texts are changed, each by its claim, when they are written. */
async function withTexts(
  change: (claimId: string, text: string) => Promise<string> | string,
  work: (sender: TimedWork) => Promise<void>,
): Promise<void> {
  const renderer = createRenderer()
  const own = createPrepare({ renderer, publicUrl: () => 'https://pay.example' })
  const sender = senderOf(it, {
    async prepare(tx, wanted) {
      const texts = await own(tx, wanted)
      const changed = wanted.flatMap(({ messageId, claimId }) => {
        const text = texts.get(messageId)
        if (!text) return []
        const render = async () => {
          const rendered = await text.render()
          return { ...rendered, text: await change(claimId, rendered.text) }
        }
        return [[messageId, { ...text, render }] as const]
      })
      return new Map(changed)
    },
  })
  await work(sender).finally(() => renderer.close())
}

describe('messages that go into the outbox together', () => {
  test('are kept in one transaction, and told in their order', async () => {
    const tenant = await it.tenant()
    await notices(tenant, 20, await bundle(tenant))
    await sendDue(senderOf(it), tenant)
    const { rows } = await it.database.ownerPool.query<{ count: number }>(
      `select count(distinct (m.xmin::text, c.xmin::text))::integer as count from quittance.message m
       join quittance.message_content c using (tenant_id, message_id) where tenant_id = $1`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ count: 1 }])
    const claims = (await toldOf(tenant)).map(({ data }) => data['claimRef'])
    expect(claims).toEqual(numbered(20))
  })

  test('do not wait for one that cannot be written', async () => {
    const { tenant, bundleId } = await prepared()
    const known = await Promise.all(['1', '3'].map((key) => order(tenant, key, { bundleId })))
    await queue(tenant, [...known, await order(tenant, '2')])
    await sendDue(senderOf(it), tenant)
    expect(await statuses(tenant)).toEqual(['SENT all_clear', 'FAILED all_clear', 'SENT all_clear'])
  })

  test('do not wait for one that cannot be kept, which is tried again', async () => {
    const tenant = await it.tenant()
    await notices(tenant, 3, await bundle(tenant))
    const second = await claimIdOf(tenant, 'C-01')
    // PostgreSQL keeps no text with a zero in it.
    const change = (claimId: string, text: string) => (claimId === second ? '\0' : text)
    await withTexts(change, (sender) => sendDue(sender, tenant))
    expect(await statuses(tenant)).toEqual([
      'SENT all_clear',
      'SENDING all_clear',
      'SENT all_clear',
    ])
    it.now = new Date(it.now.getTime() + 60_000)
    await sendDue(senderOf(it), tenant)
    expect(new Set(await statuses(tenant))).toEqual(new Set(['SENT all_clear']))
    const claims = (await toldOf(tenant)).map(({ data }) => data['claimRef'])
    expect(claims).toEqual(['C-00', 'C-02', 'C-01'])
  })

  test('leave out the one whose debtor pays while they are written', async () => {
    const tenant = await it.tenant()
    const references = ['C-0', 'C-1', 'C-2']
    await openClaims(tenant, references)
    const bundleId = await bundle(tenant)
    for (const claimReference of references) await write(tenant, { bundleId, claimReference })
    const paying = await claimIdOf(tenant, 'C-1')
    const change = async (claimId: string, text: string) => {
      if (claimId !== paying) return text
      const paid = { 'C-1': { amount: 12_345, currency: 'EUR', originator: 'CLIENT' } }
      expect((await tenant.post('credit_claims', paid)).body['C-1']).toMatchObject({
        success: true,
      })
      return text
    }
    await withTexts(change, (sender) => sendDue(sender, tenant))
    expect((await statuses(tenant)).toSorted()).toEqual([
      'SENT all_clear',
      'SENT all_clear',
      'WITHHELD claim_not_active',
    ])
    expect(await toldOf(tenant)).toHaveLength(2)
  })
})

describe('the queue', () => {
  test('takes a key once, however often and together with whatever else it comes', async () => {
    const { tenant, bundleId } = await prepared()
    const one = await order(tenant, 'run/1', { bundleId })
    await queue(tenant, [one, one, { ...one, key: 'run/2' }])
    await queue(tenant, [{ ...one, key: 'run/2' }])
    expect(await statuses(tenant)).toEqual(['QUEUED', 'QUEUED'])
  })

  test('passes over claims that are not there', async () => {
    const { tenant } = await prepared()
    await queue(tenant, [await order(tenant, 'k', { claimId: newId() })])
    expect(await statuses(tenant)).toEqual([])
  })

  test('gives up a message whose bundle is gone, and says so', async () => {
    const { tenant } = await prepared()
    await queue(tenant, [await order(tenant, 'k')])
    await sendDue(senderOf(it), tenant)
    expect(await statuses(tenant)).toEqual(['FAILED all_clear'])
    expect(await toldOf(tenant)).toMatchObject([
      { type: 'event.debtorEmailProcessing.failed', data: { error: 'Its bundle is gone' } },
    ])
  })

  test('knows when the next message is due and leaves it until then', async () => {
    const { tenant, bundleId } = await prepared()
    const dueAt = new Date(it.now.getTime() + 3_600_000)
    await write(tenant, { bundleId, dueAt: dueAt.toISOString() })
    const work = senderOf(it)
    await sendDue(work, tenant)
    expect(await statuses(tenant)).toEqual(['QUEUED'])
    expect(await work.nextDueAt(tenant.tenantId)).toEqual(dueAt)
    expect(await work.tenantsDue()).not.toContain(tenant.tenantId)
    it.now = dueAt
    expect(await work.tenantsDue()).toContain(tenant.tenantId)
    await sendDue(work, tenant)
    expect(await statuses(tenant)).toEqual(['SENT all_clear'])
    expect(await work.nextDueAt(tenant.tenantId)).toBeUndefined()
  })

  test('sends more messages than fit into one batch', async () => {
    const tenant = await it.tenant()
    await notices(tenant, 45, await bundle(tenant))
    await sendDue(senderOf(it), tenant)
    expect(new Set(await statuses(tenant))).toEqual(new Set(['SENT all_clear']))
  })
})

describe('the gate asks at the moment of sending', () => {
  test('a payment that settles the claim stops the message that waits', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await credit(tenant, 12_345)
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'WITHHELD',
      messageUrl: null,
      decision: { verdict: 'withhold', because: 'claim_not_active', says: 'The claim is settled' },
    })
    expect(await native(tenant, 'GET', `/messages/${id}/eml`)).toMatchObject({ status: 409 })
    expect(await toldOf(tenant)).toEqual([])
  })

  test('a payment in part is in the words of the message', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    await credit(tenant, 2_345)
    await sendDue(senderOf(it), tenant)
    expect((await native(tenant, 'GET', `/messages/${id}/eml`)).body).toContain('100.00')
  })

  test('a payment that is being booked is waited for and seen', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    const { ownerPool } = it.database
    const holder = await ownerPool.connect()
    try {
      await holder.query('begin')
      await holder.query(`select from quittance.account where tenant_id = $1 for update`, [
        tenant.tenantId,
      ])
      const paid = credit(tenant, 12_345)
      await expect.poll(() => waiting(holder), { timeout: 20_000 }).toBe(1)
      const sent = sendDue(senderOf(it), tenant)
      await expect.poll(() => waiting(holder), { timeout: 20_000 }).toBe(2)
      await holder.query('commit')
      expect((await paid).body.C).toMatchObject({ success: true })
      await sent
    } finally {
      holder.release()
    }
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'WITHHELD' })
  })

  test.each(['an outbox', 'a transport'])(
    'what happens while the message is being written stops it before %s',
    async (way) => {
      const { tenant, bundleId } = await prepared()
      const id = await write(tenant, { bundleId })
      const renderer = createRenderer()
      const own = createPrepare({ renderer, publicUrl: () => 'https://pay.example' })
      const left: string[] = []
      const email = {
        name: 'smtp' as const,
        isIdempotent: false,
        send: async ({ to }: { to: string }) => {
          left.push(to)
          return { outcome: 'accepted' as const }
        },
      }
      const sender = senderOf(it, {
        transports: { email: way === 'a transport' ? email : undefined, sms: undefined },
        async prepare(tx, wanted) {
          const texts = await own(tx, wanted)
          const paying = [...texts].map(([messageId, text]) => {
            const render = async () => {
              expect((await credit(tenant, 12_345)).body.C).toMatchObject({ success: true })
              return text.render()
            }
            return [messageId, { ...text, render }] as const
          })
          return new Map(paying)
        },
      })
      await sendDue(sender, tenant).finally(() => renderer.close())
      expect(left).toEqual([])
      expect(await messageOf(tenant, id)).toMatchObject({
        status: 'WITHHELD',
        decision: { verdict: 'withhold', because: 'claim_not_active' },
        messageUrl: null,
      })
      expect(await toldOf(tenant)).toEqual([])
    },
  )

  test('an open dispute withholds, a closed one does not', async () => {
    const { tenant, bundleId } = await prepared()
    const opened = await native(tenant, 'POST', '/disputes', {
      claimReference: 'C',
      reason: 'NOT_MINE',
      text: 'Never bought it',
    })
    expect(opened.status).toBe(201)
    const first = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, first)).toMatchObject({ decision: { because: 'disputed' } })
    await native(tenant, 'POST', `/disputes/${opened.body.id}/close`, { outcome: 'REJECTED' })
    const second = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, second)).toMatchObject({ status: 'SENT' })
  })

  test('D-105: a claim that is with an agency is written to by the agency only', async () => {
    const { tenant, bundleId } = await prepared()
    await native(tenant, 'POST', '/agencies', { name: 'DCA', defaultChannel: 'FILE' })
    const placed = await native(tenant, 'POST', '/claims/C/placement', { agency: 'DCA' })
    expect(placed.status).toBeLessThan(300)
    const id = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ decision: { because: 'placed' } })
  })

  test('a journey that is paused holds its message back, one that is stopped withholds it', async () => {
    const { tenant, bundleId } = await prepared()
    const claimId = await claimIdOf(tenant)
    const runOf = async (status: string) => {
      const runId = newId()
      await it.database.ownerPool.query(
        `insert into quittance.journey_run (tenant_id, run_id, claim_id, status, state, started_at, paused_at, ended_at)
         values ($1, $2, $3, $4, '{}', now(), case when $4 = 'PAUSED' then now() end,
           case when $4 = 'STOPPED' then now() end)`,
        [tenant.tenantId, runId, claimId, status],
      )
      return {
        key: status,
        claimId,
        channel: 'email' as const,
        bundleId,
        cause: { kind: 'journey' as const, id: runId },
      }
    }
    await queue(tenant, [await runOf('PAUSED'), await runOf('STOPPED')])
    await sendDue(senderOf(it), tenant)
    expect(await statuses(tenant)).toEqual(['QUEUED journey_paused', 'WITHHELD journey_stopped'])
  })

  test('what the debtor said counts whose the claim is by then', async () => {
    const { tenant, bundleId } = await prepared()
    const id = await write(tenant, { bundleId })
    // The claim is deleted and made anew for somebody who does not want to be written to.
    await native(tenant, 'DELETE', '/claims/C')
    const primaryDebtor = person('E', {
      contactInformation: { country: 'DE', email: 'eve@example.com' },
    })
    const claim = {
      amount: 100,
      currency: 'EUR',
      originalDueDate: '2026-01-15',
      currentDueDate: '2026-01-20',
      primaryDebtor,
    }
    expect((await tenant.post('recreate_claims', { C: claim })).body.C).toMatchObject({
      success: true,
    })
    const denied = { channel: 'email', preference: 'denied' }
    expect(await native(tenant, 'POST', '/contacts/E/preferences', denied)).toMatchObject({
      status: 200,
    })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'WITHHELD',
      decision: { because: 'opted_out' },
    })
  })

  test.each(['+49 170 123-45 67', '0049 (170) 1234567', '+491701234567'])(
    'nothing is sent to a number that was suppressed as %s',
    async (address) => {
      const { tenant } = await prepared()
      const suppressed = await native(tenant, 'POST', '/suppressed-addresses', {
        channel: 'sms',
        address,
      })
      expect(suppressed.status).toBeLessThan(300)
      await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
      await sendDue(senderOf(it), tenant)
      expect(await statuses(tenant)).toEqual(['WITHHELD address_suppressed'])
    },
  )

  test('what the debtor said about a channel counts for that channel', async () => {
    const { tenant, bundleId } = await prepared()
    const said = await native(tenant, 'POST', '/contacts/D/preferences', {
      channel: 'email',
      preference: 'denied',
    })
    expect(said).toMatchObject({
      status: 200,
      body: { preferences: [{ channel: 'email', preference: 'denied', source: 'agent' }] },
    })
    const mail = await write(tenant, { bundleId })
    const sms = await write(tenant, { bundleId: await bundle(tenant, 'sms'), channel: 'sms' })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, mail)).toMatchObject({ decision: { because: 'opted_out' } })
    expect(await messageOf(tenant, sms)).toMatchObject({ status: 'SENT' })
  })

  test('an address in which a second recipient hides is no address', async () => {
    const { tenant, bundleId } = await prepared({ email: 'a@b.example\r\nRCPT TO:<x@y.example>' })
    const id = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ decision: { because: 'no_address' } })
  })

  test('what comes in the night waits for the morning at the debtor, and is asked again then', async () => {
    const { tenant, bundleId } = await prepared({ country: 'JP' })
    const id = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    const morning = '2026-03-10T23:00:00.000Z'
    expect(await messageOf(tenant, id)).toMatchObject({
      status: 'QUEUED',
      dueAt: morning,
      attempts: 0,
      decision: { verdict: 'wait', because: 'quiet_hours', until: morning },
    })
    await credit(tenant, 12_345)
    it.now = new Date(morning)
    await sendDue(senderOf(it), tenant)
    expect(await statuses(tenant)).toEqual(['WITHHELD claim_not_active'])
  })

  test('a rule of the tenant goes before the one built in, and the decision keeps what it said', async () => {
    const { tenant, bundleId } = await prepared()
    const rule = {
      kind: 'quiet_hours',
      country: 'DE',
      value: { sendFrom: '14:00', sendUntil: '15:00' },
      note: 'House rule',
      validFrom: '2026-01-01',
    }
    const made = await native(tenant, 'POST', '/send-rules', rule)
    expect(made).toMatchObject({ status: 201, body: { ...rule, isBuiltIn: false } })
    const id = await write(tenant, { bundleId })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({
      dueAt: '2026-03-10T13:00:00.000Z',
      decision: { rules: [{ id: made.body.id, note: 'House rule', value: rule.value }] },
    })
  })

  test('a notice goes out although nothing is owed', async () => {
    const { tenant, bundleId } = await prepared()
    await credit(tenant, 12_345)
    const id = await write(tenant, { bundleId, purpose: 'notice' })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, id)).toMatchObject({ status: 'SENT' })
  })
})

describe('the contact cap', () => {
  test('counts over all claims and channels, also when two senders decide at once', async () => {
    const tenant = await it.tenant()
    const references = Array.from({ length: 12 }, (_, n) => `C-${n}`)
    await openClaims(tenant, references)
    const mail = await bundle(tenant)
    const sms = await bundle(tenant, 'sms')
    for (const [index, claimReference] of references.entries())
      await write(tenant, {
        claimReference,
        ...(index % 2 === 0 ? { bundleId: mail } : { bundleId: sms, channel: 'sms' }),
      })
    await Promise.all(Array.from({ length: 3 }, () => sendDue(senderOf(it), tenant)))
    const lines = await statuses(tenant)
    expect(lines.filter((line) => line === 'SENT all_clear')).toHaveLength(7)
    expect(lines.filter((line) => line === 'QUEUED contact_cap')).toHaveLength(5)
    it.now = new Date(it.now.getTime() + 7 * 86_400_000)
    await sendDue(senderOf(it), tenant)
    expect(new Set(await statuses(tenant))).toEqual(new Set(['SENT all_clear']))
  })

  test('of another debtor is another one', async () => {
    const { tenant, bundleId } = await prepared()
    await native(tenant, 'POST', '/send-rules', {
      kind: 'contact_cap',
      value: { max: 1, days: 1 },
      validFrom: '2026-01-01',
    })
    const other = await tenant.post('create_claims', {
      OTHER: {
        amount: 5,
        currency: 'EUR',
        originalDueDate: '2026-01-15',
        currentDueDate: '2026-01-20',
        primaryDebtor: {
          debtorReference: 'E',
          firstName: 'E',
          lastName: 'E',
          contactInformation: { country: 'DE', email: 'e@example.com' },
        },
      },
    })
    expect(other.body.OTHER).toMatchObject({ success: true })
    const first = await write(tenant, { bundleId })
    const second = await write(tenant, { bundleId })
    const others = await write(tenant, { bundleId, claimReference: 'OTHER' })
    await sendDue(senderOf(it), tenant)
    expect(await messageOf(tenant, first)).toMatchObject({ status: 'SENT' })
    expect(await messageOf(tenant, second)).toMatchObject({ status: 'QUEUED' })
    expect(await messageOf(tenant, others)).toMatchObject({ status: 'SENT' })
  })
})

/** How many sessions of this database wait for a lock. */
async function waiting(client: { query: (text: string) => Promise<{ rows: unknown[] }> }) {
  const { rows } = await client.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows.length
}
