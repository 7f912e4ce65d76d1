import { createVerify } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { type Receiver, startReceiver } from '../../test/receiver.ts'
import { startSubscribers, type Subscribers } from '../events/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type NewEvent, type Tx } from '../platform/db.ts'
import { presentWork, runAs } from '../platform/keyed-work.ts'
import { createSealer } from '../platform/sealer.ts'
import { backOffMs } from './back-off.ts'
import {
  changeWebhook,
  createSender,
  createTargets,
  createWebhook,
  type Deliveries,
  findWebhook,
  listDeliveries,
  listKeys,
  makeKey,
  redeliverFailed,
  redeliverMessage,
  rotateKey,
  startDeliveries,
  webhookSubscriber,
} from './index.ts'
import { leaseDue } from './lease-due.ts'
import { recordDeliveries } from './record-events.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const never = 3_600_000

let database: TestDatabase
let receiver: Receiver
let subscribers: Subscribers
let now: Date
let tenantId: string
const opened: Deliveries[] = []
const clock = () => new Date(now)
const log = pino({ level: 'silent' })
const sealer = createSealer(Buffer.alloc(32, 7))
const targets = createTargets({ allow: ['127.0.0.1/32'] })

beforeAll(async () => {
  database = await testDatabase()
  subscribers = startSubscribers({
    db: database.db,
    log,
    nowOf: clock,
    subscribers: [webhookSubscriber(() => undefined)],
    sweepEveryMs: never,
  })
})
afterAll(async () => {
  await subscribers.close()
  await database.close()
})
beforeEach(async () => {
  now = new Date('2026-03-10T12:00:00.000Z')
  receiver = await startReceiver()
  tenantId = newId()
  await database.ownerPool.query(
    `insert into quittance.tenant (tenant_id, name, created_at) values ($1, 'T', now())`,
    [tenantId],
  )
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
  await receiver.close()
  await database.ownerPool.query('delete from quittance.webhook_subscription')
})

function worker(timeoutMs?: number): Deliveries {
  const sender = createSender({ targets, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
  const options = { db: database.db, log, clock, nowOf: clock, sealer, sender, random: () => 0.5 }
  const started = startDeliveries({ ...options, sweepEveryMs: never })
  opened.push(started)
  return started
}

const within = <R>(work: (tx: Tx) => Promise<R>) =>
  inTransaction(database.db, { tenantId, now: clock() }, work)

const subscribe = (eventTypes = ['*'], url = receiver.url) =>
  within((tx) => createWebhook(tx, { url, eventTypes }))

async function happen(...events: NewEvent[]): Promise<void> {
  await within(async (tx) => {
    for (const event of events) await tx.emit(event)
  })
  await recorded()
}

/** Events are read once no older transaction runs, and those of other databases on the same server count too. */
async function recorded(): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const { rows } = await database.ownerPool.query(
      `select count(*) filter (where xid >= pg_snapshot_xmin(pg_current_snapshot())) as held
       from quittance.event where tenant_id = $1`,
      [tenantId],
    )
    if (rows[0].held === 0) break
    if (Date.now() > deadline) throw new Error('another transaction did not end in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await subscribers.drain()
}

const created = (claimRef: string, n = 0): NewEvent => ({
  type: 'event.claim.created',
  data: { claimRef, accountReference: 'ACC', n },
  metadata: { originator: 'ClientAPI' },
})

const logOf = async (webhookId: string) =>
  (await within((tx) => listDeliveries(tx, { webhookId, limit: 200 }))).items

async function publicKeys(): Promise<string[]> {
  const { items } = await within(listKeys)
  return items.map(({ publicKey }) => publicKey)
}

/** As the vendor's page does it. */
function verifies(body: { payloadAsString: string; signature: string }, publicKey: string) {
  return createVerify('SHA256')
    .update(body.payloadAsString)
    .verify(publicKey, body.signature, 'base64')
}

const byText = (a: string, b: string) => (a < b ? -1 : 1)

const passMs = (ms: number) => {
  now = new Date(now.getTime() + ms)
}

const eventsOf = async (type: string) => {
  const { rows } = await database.ownerPool.query(
    'select data from quittance.event where tenant_id = $1 and type = $2 order by seq',
    [tenantId, type],
  )
  return rows.map((row) => row.data)
}

describe('a message', () => {
  test('D-101: has payload, the same as text, and a signature that createVerify accepts', async () => {
    await subscribe()
    const data = { claimRef: 'C-ä€😀', accountReference: 'A"\\', amount: 12_345, 10: 1, 9: 'x' }
    await happen({
      type: 'event.claim.created',
      data,
      metadata: { originator: 'ClientAPI', commandId: 'x' },
    })
    await worker().drain()
    const { body, text, headers } = receiver.received[0]!
    expect(Object.keys(body)).toEqual(['payload', 'payloadAsString', 'signature'])
    expect(body.payload).toEqual({
      details: { messageType: 'event.claim.created.v1', ...data },
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      timestamp: '2026-03-10T12:00:00.000Z',
      user: { originator: 'ClientAPI' },
    })
    expect(JSON.stringify(body.payload)).toBe(body.payloadAsString)
    expect(text.startsWith(`{"payload":${body.payloadAsString},"payloadAsString":`)).toBe(true)
    const [key] = await publicKeys()
    expect(key).toMatch(/^-----BEGIN PUBLIC KEY-----/)
    expect(verifies(body, key!)).toBe(true)
    expect(verifies({ ...body, payloadAsString: `${body.payloadAsString} ` }, key!)).toBe(false)
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'quittance-message-id': body.payload.messageId,
    })
  })

  test('D-102: goes to those who asked for its bare name, and not to others', async () => {
    const versioned = await subscribe(['event.claim.created.v1', 'event.claim.created'])
    await subscribe(['event.claim.resolved'], `${receiver.url}/resolved`)
    await subscribe(['*'], `${receiver.url}/all`)
    expect(versioned.eventTypes).toEqual(['event.claim.created'])
    await happen(created('C'), { type: 'event.note.created', data: {} })
    await worker().drain()
    const seen = receiver.received.map(({ path, body }) => [path, body.payload.details.messageType])
    expect(seen.toSorted((a, b) => byText(a.join(), b.join()))).toEqual([
      ['/hook', 'event.claim.created.v1'],
      ['/hook/all', 'event.claim.created.v1'],
      ['/hook/all', 'event.note.created.v1'],
    ])
  })

  test('is told neither of the past, nor while a webhook is not active, nor twice', async () => {
    await happen(created('BEFORE'))
    passMs(1)
    const { id } = await subscribe()
    await happen(created('FIRST'))
    await within((tx) => changeWebhook(tx, id, { isActive: false }))
    await happen(created('MEANWHILE'))
    await within((tx) => changeWebhook(tx, id, { isActive: true }))
    // As if nothing had been read yet: what was recorded is not recorded again, and MEANWHILE stays unheard.
    await database.ownerPool.query(
      `update quittance.event_cursor set xid = '0', seq = 0 where tenant_id = $1`,
      [tenantId],
    )
    await happen(created('LAST'))
    const run = worker()
    await run.drain()
    await run.drain()
    const claims = receiver.received.map(({ body }) => body.payload.details.claimRef)
    expect(claims.toSorted(byText)).toEqual(['FIRST', 'LAST'])
  })

  test('that a request under an Idempotency-Key pokes is sent as nobody’s keyed work', async () => {
    await subscribe()
    await happen(created('C'))
    const works: unknown[] = []
    const sender = {
      send() {
        works.push(presentWork(tenantId))
        return Promise.resolve({ status: 200, error: null })
      },
      close: () => Promise.resolve(),
    }
    const options = { db: database.db, log, clock, nowOf: clock, sealer, sender, random: () => 0.5 }
    const run = startDeliveries({ ...options, sweepEveryMs: never })
    opened.push(run)
    const work = { tenantId, key: 'k', holder: newId(), now, isActed: false, isOver: false }
    // The request goes on until the message is sent.
    await runAs(work, async () => {
      run.poke(tenantId)
      await expect.poll(() => works.length, { timeout: 10_000 }).toBeGreaterThan(0)
    })
    expect(works).toEqual([undefined])
    expect(work.isActed).toBe(false)
  })

  test('a private key is kept sealed', async () => {
    await subscribe()
    await happen(created('C'))
    await worker().drain()
    const { rows } = await database.ownerPool.query(
      'select private_sealed from quittance.webhook_key where tenant_id = $1',
      [tenantId],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0].private_sealed.toString('latin1')).not.toContain('PRIVATE')
    expect(() => sealer.open(rows[0].private_sealed, 'another context')).toThrow('does not open')
  })
})

describe('keys', () => {
  test('a new one signs at once; the one before is listed for 48 hours', async () => {
    await subscribe()
    await happen(created('ONE'))
    const run = worker()
    await run.drain()
    const [before] = await publicKeys()
    const made = await makeKey(sealer, tenantId)
    await within((tx) => rotateKey(tx, made))
    await happen(created('TWO'))
    await run.drain()
    const [first, second] = receiver.received
    expect(await publicKeys()).toEqual([made.publicPem, before])
    expect(verifies(first!.body, before!)).toBe(true)
    expect(verifies(second!.body, before!)).toBe(false)
    expect(verifies(second!.body, made.publicPem)).toBe(true)
    passMs(48 * hourMs - 1)
    expect(await publicKeys()).toEqual([made.publicPem, before])
    passMs(1)
    expect(await publicKeys()).toEqual([made.publicPem])
  })

  test('two rotations at once leave one key that signs', async () => {
    const made = await Promise.all([makeKey(sealer, tenantId), makeKey(sealer, tenantId)])
    await Promise.all(made.map((key) => within((tx) => rotateKey(tx, key))))
    const { items } = await within(listKeys)
    expect(items.filter(({ isSigning }) => isSigning)).toHaveLength(1)
    expect(items).toHaveLength(2)
  })
})

describe('a failure', () => {
  test('is tried again after 30 seconds, then after twice as long, up to 6 hours', () => {
    const waits = Array.from({ length: 12 }, (_, index) => backOffMs(index + 1, () => 0.5) / 1_000)
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600, 21_600])
    expect(backOffMs(1, () => 0)).toBe(27_000)
    expect(backOffMs(1, () => 1)).toBe(33_000)
    expect(backOffMs(5_000, () => 0.5)).toBe(6 * hourMs)
  })

  test.each([
    { what: 'a status', reaction: 500, status: 500, error: 'answered 500' },
    { what: 'a redirect', reaction: 307, status: 307, error: 'answered 307' },
    {
      what: 'a broken connection',
      reaction: (response: ServerResponse) => void response.destroy(),
      status: null,
      error: /./,
    },
    { what: 'silence', reaction: () => undefined, status: null, error: 'no answer within 0.2 s' },
  ])(
    '$what counts as one, and the message id stays the same',
    async ({ reaction, status, error }) => {
      const { id } = await subscribe()
      await happen(created('C'))
      receiver.react = () => reaction
      const run = worker(200)
      await run.drain()
      expect(await logOf(id)).toMatchObject([
        {
          state: 'PENDING',
          attempts: 1,
          responseStatus: status,
          error: expect.stringMatching(error),
          nextAttemptAt: '2026-03-10T12:00:30.000Z',
        },
      ])
      receiver.react = () => 204
      passMs(29_999)
      await run.drain()
      expect(receiver.received).toHaveLength(1)
      passMs(1)
      await run.drain()
      expect(await logOf(id)).toMatchObject([
        { state: 'DELIVERED', attempts: 2, responseStatus: 204, error: null, nextAttemptAt: null },
      ])
      const [first, second] = receiver.received
      expect(second!.body.payload.messageId).toBe(first!.body.payload.messageId)
      expect(second!.body.payloadAsString).toBe(first!.body.payloadAsString)
    },
  )

  test('is given up after 5 days, and lets what waits behind it go', async () => {
    const { id } = await subscribe()
    await happen(created('C', 1))
    passMs(4 * 24 * hourMs)
    await happen(created('C', 2))
    receiver.react = ({ body }) => (body.payload.details.n === 1 ? 500 : 200)
    const run = worker()
    await run.drain()
    expect(receiver.acknowledged).toEqual([])
    passMs(24 * hourMs)
    await run.drain()
    expect((await logOf(id)).map(({ state }) => state)).toEqual(['DELIVERED', 'FAILED'])
  })

  test('410 Gone deactivates the webhook at once and says so', async () => {
    const { id } = await subscribe()
    await happen(created('C'), created('D'))
    receiver.react = () => 410
    const run = worker()
    await run.drain()
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({
      isActive: false,
      inactiveReason: 'GONE',
      isPaused: false,
    })
    expect(await eventsOf('event.webhook.deactivated')).toEqual([{ webhookId: id, reason: 'GONE' }])
    const attempts = receiver.received.length
    passMs(24 * hourMs)
    await run.drain()
    expect(receiver.received).toHaveLength(attempts)
    receiver.react = () => 200
    await within((tx) => changeWebhook(tx, id, { isActive: true }))
    await run.drain()
    expect(
      receiver.acknowledged.map(({ body }) => body.payload.details.claimRef).toSorted(byText),
    ).toEqual(['C', 'D'])
  })
})

describe('order', () => {
  test('a later message of a claim waits for the earlier one; other claims go on', async () => {
    await subscribe()
    await happen(
      created('A', 1),
      created('A', 2),
      created('B', 1),
      created('A', 3),
      created('B', 2),
    )
    let refusals = 1
    receiver.react = ({ body }) => {
      const { claimRef, n } = body.payload.details
      return claimRef === 'A' && n === 1 && refusals-- > 0 ? 503 : 200
    }
    const run = worker()
    await run.drain()
    const seen = () =>
      receiver.acknowledged.map(({ body }) => {
        const { claimRef, n } = body.payload.details
        return `${claimRef}${n}`
      })
    expect(seen()).toEqual(['B1', 'B2'])
    await happen(created('A', 4))
    await run.drain()
    expect(seen()).toEqual(['B1', 'B2'])
    passMs(30_000)
    await run.drain()
    expect(seen()).toEqual(['B1', 'B2', 'A1', 'A2', 'A3', 'A4'])
  })

  test('a message that joins a line while the one before it leaves is not forgotten', async () => {
    await subscribe()
    await happen(created('C', 1))
    const held: ServerResponse[] = []
    receiver.react = () => (response) => void held.push(response)
    const run = worker()
    const first = run.drain()
    await until(() => held.length === 1)
    const later = {
      ...created('C', 2),
      messageId: newId(),
      metadata: {},
      occurredAt: clock(),
      xid: '9000000000',
    }
    let commit = () => undefined as void
    const committing = new Promise<void>((resolve) => {
      commit = resolve
    })
    let isRecorded = false
    const joining = within(async (tx) => {
      await recordDeliveries(tx, [later])
      isRecorded = true
      await committing
    })
    await until(() => isRecorded)
    receiver.react = () => 200
    held[0]!.writeHead(200).end()
    await until(async () => {
      const { rows } = await database.ownerPool.query(
        `select count(*) as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows[0].waiting > 0
    })
    commit()
    await joining
    await first
    await run.drain()
    expect(receiver.received.map(({ body }) => body.payload.details.n)).toEqual([1, 2])
  })

  test('an endpoint is asked eight at a time, one that fails two at a time', async () => {
    await subscribe()
    await happen(...Array.from({ length: 20 }, (_, n) => created(`C${n}`)))
    let most = 0
    let status = 500
    let open: (() => void)[] = []
    // Answers nobody until no more come: however slow the machine is, those asked at once are counted together.
    let quiet: NodeJS.Timeout | undefined
    const answerAll = () => {
      for (const answer of open) answer()
      open = []
    }
    receiver.react = () => (response) => {
      open.push(() => response.writeHead(status).end())
      most = Math.max(most, open.length)
      clearTimeout(quiet)
      quiet = setTimeout(answerAll, 300)
    }
    const run = worker()
    await run.drain()
    expect(most).toBe(8)
    expect(receiver.received).toHaveLength(20)
    most = 0
    passMs(minuteMs)
    await run.drain()
    expect(most).toBe(2)
    expect(receiver.received).toHaveLength(40)
    status = 200
    passMs(24 * hourMs)
    await run.drain()
    expect(receiver.received).toHaveLength(60)
  })

  test('a receiver that is down for 72 hours gets everything, in order for each claim', async () => {
    const { id } = await subscribe()
    const claims = Array.from({ length: 50 }, (_, index) => `CLAIM-${index}`)
    receiver.react = () => 503
    for (let n = 1; n <= 5; n += 1) await happen(...claims.map((claim) => created(claim, n)))
    const run = worker()
    for (let waitedMs = 0; waitedMs < 72 * hourMs; waitedMs += hourMs) {
      await run.drain()
      passMs(hourMs)
    }
    await recorded()
    expect(receiver.acknowledged).toEqual([])
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({ isPaused: true })
    receiver.react = () => 200
    // The next probe comes within the hour.
    passMs(hourMs)
    await run.drain()
    await recorded()
    await run.drain()
    const told = receiver.acknowledged.map(({ body }) => body.payload)
    for (const claim of claims) {
      const own = told.filter(({ details }) => details.claimRef === claim)
      expect([claim, own.map(({ details }) => details.n)]).toEqual([claim, [1, 2, 3, 4, 5]])
    }
    const ids = told.map(({ messageId }) => messageId)
    expect(new Set(ids).size).toBe(ids.length)
    const { rows } = await database.ownerPool.query(
      `select state, count(*) from quittance.webhook_delivery where tenant_id = $1 group by state`,
      [tenantId],
    )
    // The 250, and the notices of the pause and its end.
    expect(rows).toEqual([{ state: 'DELIVERED', count: 252 }])
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({
      isPaused: false,
      failingSince: null,
    })
  }, 120_000)
})

describe('a pause', () => {
  async function paused(): Promise<{ id: string; run: Deliveries }> {
    const { id } = await subscribe(['event.claim.created'])
    await happen(created('A'), created('B'))
    receiver.react = () => 500
    const run = worker()
    await run.drain()
    passMs(24 * hourMs)
    await run.drain()
    return { id, run }
  }

  test('comes after 24 hours of nothing but failures, is told, and probes once an hour', async () => {
    const { id, run } = await paused()
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({
      isActive: true,
      isPaused: true,
      pauseReason: 'FAILED_FOR_24_HOURS',
      failingSince: '2026-03-10T12:00:00.000Z',
      pausedAt: '2026-03-11T12:00:00.000Z',
    })
    expect(await eventsOf('event.webhook.paused')).toEqual([
      { webhookId: id, reason: 'FAILED_FOR_24_HOURS', failingSince: '2026-03-10T12:00:00.000Z' },
    ])
    const attempts = receiver.received.length
    passMs(hourMs - 1)
    await run.drain()
    expect(receiver.received).toHaveLength(attempts)
    passMs(1)
    await run.drain()
    await run.drain()
    expect(receiver.received).toHaveLength(attempts + 1)
    passMs(hourMs)
    await run.drain()
    expect(receiver.received).toHaveLength(attempts + 2)
  })

  test('does not come while something succeeds', async () => {
    const { id } = await subscribe()
    receiver.react = ({ body }) => (body.payload.details.claimRef === 'BAD' ? 500 : 200)
    await happen(created('BAD'))
    const run = worker()
    for (let hour = 0; hour < 30; hour += 1) {
      await happen(created(`GOOD-${hour}`))
      await run.drain()
      passMs(hourMs)
    }
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({ isPaused: false })
    expect(receiver.acknowledged).toHaveLength(30)
  })

  test('ends when a probe is answered: all that waits goes at once', async () => {
    const { id, run } = await paused()
    receiver.react = () => 200
    passMs(hourMs)
    await run.drain()
    expect(receiver.acknowledged).toHaveLength(2)
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({
      isPaused: false,
      pauseReason: null,
      failingSince: null,
    })
    expect(await eventsOf('event.webhook.resumed')).toEqual([{ webhookId: id, reason: 'ANSWERED' }])
  })

  test.each([
    ['another URL', () => ({ url: `${receiver.url}/new` })],
    ['isActive once more', () => ({ isActive: true })],
  ])('ends by %s', async (_what, patch) => {
    const { id, run } = await paused()
    receiver.react = () => 200
    const changed = await within((tx) => changeWebhook(tx, id, patch()))
    expect(changed).toMatchObject({ isPaused: false, failingSince: null })
    await run.drain()
    expect(receiver.acknowledged).toHaveLength(2)
    expect(await eventsOf('event.webhook.resumed')).toEqual([{ webhookId: id, reason: 'CHANGED' }])
  })

  test('does not keep messages for ever: after 5 days they are given up', async () => {
    const { id, run } = await paused()
    passMs(5 * 24 * hourMs)
    await run.drain()
    expect((await logOf(id)).map(({ state }) => state)).toEqual(['FAILED', 'FAILED'])
  })
})

describe('a lease', () => {
  test('that a killed process leaves behind runs out after 60 seconds, then the message goes again', async () => {
    const { id } = await subscribe()
    await happen(created('C', 1), created('C', 2))
    const run = worker()
    const key = await makeKey(sealer, tenantId)
    await within((tx) => rotateKey(tx, key))
    const taken = await within((tx) => leaseDue(tx, 64))
    expect(taken.messages).toHaveLength(1)
    passMs(59_999)
    await run.drain()
    expect(receiver.received).toEqual([])
    await expect(
      within((tx) =>
        redeliverMessage(tx, { webhookId: id, messageId: taken.messages[0]!.messageId }),
      ),
    ).rejects.toMatchObject({ code: 'delivery_running' })
    passMs(1)
    await run.drain()
    expect(receiver.acknowledged.map(({ body }) => body.payload.details.n)).toEqual([1, 2])
    expect((await logOf(id)).map(({ attempts }) => attempts)).toEqual([1, 2])
  })

  test('keeps other workers away: two of them send each message once', async () => {
    await subscribe()
    const claims = Array.from({ length: 30 }, (_, index) => created(`C${index % 10}`, index))
    await happen(...claims)
    receiver.react = (message) => (response) => {
      receiver.acknowledged.push(message)
      setTimeout(() => response.writeHead(200).end(), 5)
    }
    const runs = [worker(), worker()]
    const deadline = Date.now() + 20_000
    while (receiver.received.length < claims.length && Date.now() < deadline) {
      await Promise.all(runs.map((run) => run.drain()))
    }
    await Promise.all(runs.map((run) => run.drain()))
    const ns = receiver.received.map(({ body }) => body.payload.details.n as number)
    expect(ns.toSorted((a, b) => a - b)).toEqual(claims.map((_, index) => index))
    for (let claim = 0; claim < 10; claim += 1) {
      expect(ns.filter((n) => n % 10 === claim)).toEqual([claim, claim + 10, claim + 20])
    }
  })

  test('that ran out while an answer was on its way leaves the answer without effect', async () => {
    const { id } = await subscribe()
    await happen(created('C'))
    const held: ServerResponse[] = []
    receiver.react = () => (response) => void held.push(response)
    const slow = worker()
    const slowRun = slow.drain()
    await until(() => held.length === 1)
    passMs(minuteMs)
    receiver.react = () => 200
    const other = worker()
    await other.drain()
    expect(await logOf(id)).toMatchObject([{ state: 'DELIVERED', attempts: 2 }])
    held[0]!.writeHead(500).end()
    await slowRun
    expect(await logOf(id)).toMatchObject([{ state: 'DELIVERED', responseStatus: 200 }])
  })
})

describe('redelivery', () => {
  test('sends the same message id and payload again, whatever became of it before', async () => {
    const { id } = await subscribe()
    await happen(created('C'))
    const run = worker()
    await run.drain()
    const { messageId } = (await logOf(id))[0]!
    passMs(hourMs)
    await within((tx) => redeliverMessage(tx, { webhookId: id, messageId }))
    expect(await logOf(id)).toMatchObject([{ state: 'PENDING', deliveredAt: null }])
    await run.drain()
    const [first, second, ...more] = receiver.received
    expect(more).toEqual([])
    expect(second!.body).toEqual(first!.body)
    expect(await logOf(id)).toMatchObject([{ state: 'DELIVERED' }])
  })

  test('of all that was given up goes in order, also to one that is paused', async () => {
    const { id } = await subscribe(['event.claim.created'])
    await happen(created('C', 1), created('C', 2), created('C', 3))
    receiver.react = () => 500
    const run = worker()
    for (let day = 0; day < 7; day += 1) {
      await run.drain()
      passMs(24 * hourMs)
    }
    expect((await logOf(id)).map(({ state }) => state)).toEqual(['FAILED', 'FAILED', 'FAILED'])
    receiver.react = () => 200
    expect(await within((tx) => redeliverFailed(tx, id))).toBe(3)
    await run.drain()
    expect(receiver.acknowledged.map(({ body }) => body.payload.details.n)).toEqual([1, 2, 3])
    expect(await within((tx) => findWebhook(tx, id))).toMatchObject({ isPaused: false })
  })

  test('is refused while the webhook is not active, and for what it was not sent', async () => {
    const { id } = await subscribe()
    const wanted = { webhookId: id, messageId: newId() }
    await expect(within((tx) => redeliverMessage(tx, wanted))).rejects.toMatchObject({
      code: 'delivery_not_found',
    })
    await within((tx) => changeWebhook(tx, id, { isActive: false }))
    await expect(within((tx) => redeliverFailed(tx, id))).rejects.toMatchObject({
      code: 'webhook_inactive',
    })
  })
})

test('the log is kept 30 days', async () => {
  const { id } = await subscribe()
  await happen(created('C'))
  const run = worker()
  await run.drain()
  passMs(30 * 24 * hourMs)
  await run.drain()
  expect(await logOf(id)).toHaveLength(1)
  passMs(hourMs)
  await run.drain()
  expect(await logOf(id)).toEqual([])
})

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
