import assert from 'node:assert/strict'
import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction } from '../platform/db.ts'
import { inBackground } from '../platform/keyed-work.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Tables } from '../platform/tables.ts'
import type { TimedWork } from '../platform/timed-work.ts'
import { housekeep } from './housekeep.ts'
import { createKeyOpener, ensureKey, type SealedKey } from './keys.ts'
import { leaseDue, type LeasedMessage, leaseMs } from './lease-due.ts'
import { signatureHeader, signedBody } from './message.ts'
import { type Attempted, recordResults } from './record-results.ts'
import type { Sender, Sent } from './send.ts'

export interface DeliveriesOptions {
  readonly db: Kysely<Tables>
  readonly log: Logger
  /** The machine's time. */
  readonly clock: () => Date
  /** What time it is for a tenant: sandbox tenants may be ahead. */
  readonly nowOf: (tenantId: string) => Date
  readonly sealer: Sealer
  readonly sender: Sender
  /** From 0 up to 1; spreads attempts that would otherwise come at the same moment. */
  readonly random: () => number
  readonly sweepEveryMs?: number
}

export interface Deliveries {
  /** Says that a tenant has something new to deliver. */
  poke(tenantId: string): void
  /** Delivers all that is due at this moment of the clock, and ends when nothing more is. */
  drain(): Promise<void>
  /** Attempts that wait for their time, as a test clock asks for them. */
  readonly work: TimedWork
  /** Begins nothing more, and waits for what is on its way. */
  close(): Promise<void>
}

const processMax = 64
const sweepDefaultMs = 2_000
// Who pokes may be about to commit.
const pokeDelayMs = 50
const housekeepEveryMs = 3_600_000
const housekeepRoundsMax = 100

interface Finished extends Attempted {
  readonly tenantId: string
  readonly finishedAtMs: number
}

interface State {
  readonly options: DeliveriesOptions
  readonly open: ReturnType<typeof createKeyOpener>
  /** Tenants that may have something due. */
  readonly waiting: Set<string>
  readonly flying: Set<Promise<void>>
  finished: Finished[]
  running: Promise<void> | undefined
  isClosing: boolean
  housekeptAtMs: number
}

/**
 * Sends what is due, tenant by tenant: a short transaction leases messages, they are sent with nothing open, another one
 * records what came of it. Many processes may do so at once; what one of them drops, its leases give back.
 */
export function startDeliveries(options: DeliveriesOptions): Deliveries {
  const state: State = {
    options,
    open: createKeyOpener(options.sealer),
    waiting: new Set(),
    flying: new Set(),
    finished: [],
    running: undefined,
    isClosing: false,
    housekeptAtMs: options.clock().getTime(),
  }
  const timer = setInterval(() => {
    sweep(state).catch((error: unknown) => warn(state, error))
  }, options.sweepEveryMs ?? sweepDefaultMs)
  timer.unref()
  let poked: NodeJS.Timeout | undefined
  return {
    poke(tenantId) {
      state.waiting.add(tenantId)
      poked ??= setTimeout(() => {
        poked = undefined
        wakeQuietly(state)
      }, pokeDelayMs).unref()
    },
    drain: () => drain(state),
    work: attemptsOf(state),
    async close() {
      state.isClosing = true
      clearInterval(timer)
      clearTimeout(poked)
      await Promise.all(state.flying)
      await wake(state).catch((error: unknown) => warn(state, error))
      await options.sender.close()
    },
  }
}

async function drain(state: State): Promise<void> {
  await sweep(state)
  await settle(state)
}

async function settle(state: State): Promise<void> {
  while (state.flying.size > 0 || hasWork(state)) {
    if (state.flying.size > 0) await Promise.race(state.flying)
    await wake(state)
  }
}

/** Its sweep finds what is due in all tenants, so nobody else needs to look for it. */
function attemptsOf(state: State): TimedWork {
  return {
    name: 'webhooks',
    tenantsDue: () => Promise.resolve([]),
    async runDue(tenantId) {
      state.waiting.add(tenantId)
      await settle(state)
    },
    nextDueAt: (tenantId) => nextAttempt(state.options, tenantId),
  }
}

function nextAttempt(
  { db, nowOf }: DeliveriesOptions,
  tenantId: string,
): Promise<Date | undefined> {
  const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
  return inTransaction(db, unit, async (tx) => {
    const { rows } = await sql<{ at: Date | null }>`
      select min(coalesce(s.probe_at, d.next_at)) as at
      from webhook_subscription s join webhook_delivery d
        on d.tenant_id = s.tenant_id and d.subscription_id = s.subscription_id
      where s.tenant_id = ${tenantId} and s.is_active and d.state = 'PENDING' and d.is_ready`.execute(
      tx.db,
    )
    return rows[0]?.at ?? undefined
  })
}

async function sweep(state: State): Promise<void> {
  if (state.isClosing) return
  const { db, clock } = state.options
  await housekeepWhenDue(state)
  const { rows } = await sql<{ id: string }>`select webhook_tenants_due(${clock()}) as id`.execute(
    db,
  )
  for (const { id } of rows) state.waiting.add(id)
  await wake(state)
}

async function housekeepWhenDue(state: State): Promise<void> {
  const { db, clock } = state.options
  const now = clock()
  if (now.getTime() - state.housekeptAtMs < housekeepEveryMs) return
  state.housekeptAtMs = now.getTime()
  const { rows } = await sql<{ tenantId: string }>`select all_tenant_ids() as "tenantId"`.execute(
    db,
  )
  for (const { tenantId } of rows) {
    for (let round = 0; round < housekeepRoundsMax && !state.isClosing; round += 1) {
      if (!(await inTransaction(db, { tenantId, now }, housekeep))) break
    }
  }
}

const hasWork = ({ finished, waiting, flying, isClosing }: State): boolean =>
  finished.length > 0 || (!isClosing && waiting.size > 0 && flying.size < processMax)

/** One pump runs at a time; whoever wakes it meanwhile waits for the same one. */
function wake(state: State): Promise<void> {
  state.running ??= inBackground(() => runPump(state))
  return state.running
}

async function runPump(state: State): Promise<void> {
  try {
    await pump(state)
  } finally {
    state.running = undefined
  }
  // Something may have come in since its last look.
  if (hasWork(state)) wakeQuietly(state)
}

function wakeQuietly(state: State): void {
  wake(state).catch((error: unknown) => warn(state, error))
}

function warn({ options }: State, error: unknown): void {
  options.log.warn({ err: error }, 'webhooks could not be looked after')
}

async function pump(state: State): Promise<void> {
  while (hasWork(state)) {
    if (state.finished.length > 0) await recordFinished(state)
    else await leaseNext(state)
  }
}

async function leaseNext(state: State): Promise<void> {
  const { db, nowOf, sealer } = state.options
  const [tenantId] = state.waiting
  if (tenantId === undefined) return
  state.waiting.delete(tenantId)
  const unit = { tenantId, now: nowOf(tenantId) }
  const leased = await inTransaction(db, unit, (tx) => leaseDue(tx, processMax - state.flying.size))
  if ('needsKey' in leased) {
    if (!leased.needsKey) return
    await ensureKey(db, sealer, unit)
    state.waiting.add(tenantId)
    return
  }
  for (const message of leased.messages) launch(state, tenantId, { message, key: leased.key })
  // There may be more than there was room for.
  if (leased.messages.length > 0) state.waiting.add(tenantId)
}

function launch(state: State, tenantId: string, signed: Signed): void {
  const flight = fly(state, tenantId, signed).finally(() => {
    state.flying.delete(flight)
    wakeQuietly(state)
  })
  state.flying.add(flight)
}

interface Signed {
  readonly message: LeasedMessage
  readonly key: SealedKey | undefined
}

async function fly(state: State, tenantId: string, signed: Signed): Promise<void> {
  const sent = await sendOne(state, tenantId, signed)
  const { subscriptionId, messageId, leaseId, attempts, expiresAt, format } = signed.message
  const attempted = { subscriptionId, messageId, leaseId, attempts, expiresAt, format, sent }
  const finishedAtMs = state.options.nowOf(tenantId).getTime()
  state.finished.push({ ...attempted, tenantId, finishedAtMs })
}

async function sendOne(state: State, tenantId: string, signed: Signed): Promise<Sent> {
  const { options } = state
  const { url, messageId } = signed.message
  try {
    return await options.sender.send({ url, ...(await wordedOf(state, tenantId, signed)) })
  } catch (error) {
    options.log.error({ err: error, tenantId, messageId }, 'a webhook message could not be signed')
    return { status: null, error: 'it could not be signed' }
  }
}

/** What goes over the wire, in the format of who is told. */
async function wordedOf(
  { open }: State,
  tenantId: string,
  { message, key }: Signed,
): Promise<{ body: string; headers: Record<string, string> }> {
  const { format, payload, messageId, attempts, ownKey } = message
  const headers = { 'user-agent': 'Quittance-Webhooks/1' }
  if (format === 'wallee') {
    const signature =
      ownKey && (await signatureHeader(payload, ownKey.keyId, open(tenantId, ownKey)))
    return {
      body: payload,
      headers: { ...headers, ...(signature && { 'x-signature': signature }) },
    }
  }
  assert(key)
  return {
    body: await signedBody(payload, open(tenantId, key)),
    headers: {
      ...headers,
      'quittance-message-id': messageId,
      'quittance-key-id': key.keyId,
      'quittance-attempt': String(attempts),
    },
  }
}

/** Records what has come back, all of one tenant in one transaction. */
async function recordFinished(state: State): Promise<void> {
  const { db, nowOf, random } = state.options
  const [first] = state.finished
  if (!first) return
  const unit = { tenantId: first.tenantId, now: nowOf(first.tenantId) }
  const results = state.finished.filter(({ tenantId }) => tenantId === unit.tenantId)
  state.finished = state.finished.filter(({ tenantId }) => tenantId !== unit.tenantId)
  try {
    await inTransaction(db, unit, (tx) => recordResults(tx, results, random))
    state.waiting.add(unit.tenantId)
  } catch (error) {
    // Kept for the next turn as long as the leases last; then the messages go again.
    const keptAfterMs = unit.now.getTime() - leaseMs
    state.finished.push(...results.filter(({ finishedAtMs }) => finishedAtMs > keptAfterMs))
    throw error
  }
}
