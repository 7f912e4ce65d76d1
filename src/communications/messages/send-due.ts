import { type Kysely, sql } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../../platform/db.ts'
import type { Tables } from '../../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../../platform/timed-work.ts'
import { beginTransfer } from './begin-transfer.ts'
import type { MailSender } from './compose.ts'
import { type Composed, readContent, type Written } from './message-content.ts'
import { putIntoOutbox } from './put-into-outbox.ts'
import { recoverLeases } from './recover-leases.ts'
import { recordTransfer, recordUncomposed } from './record-transfer.ts'
import { senderOf } from './sender-of.ts'
import { holdMs, type TakenMessage, takeDue } from './take-due.ts'
import type { PrepareTexts } from './texts.ts'
import { sendsAtOnce, type Transport, type Transports } from './transport.ts'
import { uncomposedOf, writeTexts } from './write-texts.ts'

export interface SendDeps {
  readonly db: Kysely<Tables>
  readonly log: Logger
  /** The machine's time. */
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
  readonly prepare: PrepareTexts
  readonly transports: Transports
  /** The installation's own sender, for tenants that name none. */
  readonly mailFrom: string | undefined
  readonly unsubscribeUrl: (tenantId: string, messageId: string) => string
}

/** Sends messages when they are due, if the gate lets them; those of a sender that died are taken up or given up. */
export function messageWork(deps: SendDeps): TimedWork {
  const { db, clock, nowOf } = deps
  return {
    name: 'messages',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'message_tenants_due'),
    runDue: (tenantId, signal) => sendOfTenant(deps, tenantId, signal),
    nextDueAt(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, nextDue)
    },
    isUnderWay(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, isAnySending)
    },
  }
}

async function nextDue({ tenantId, db }: Tx): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(due_at) as at from message where tenant_id = ${tenantId} and status = 'QUEUED'`.execute(
    db,
  )
  return rows[0]?.at ?? undefined
}

async function isAnySending({ tenantId, db }: Tx): Promise<boolean> {
  const { rows } = await sql`
    select 1 from message where tenant_id = ${tenantId} and status = 'SENDING' limit 1`.execute(db)
  return rows.length > 0
}

async function sendOfTenant(deps: SendDeps, tenantId: string, signal: AbortSignal): Promise<void> {
  const { clock, transports } = deps
  const within = inTenant(deps, tenantId)
  await within((tx) => recoverLeases(tx, { now: clock(), transports }))
  while (!signal.aborted) {
    const { taken, sender } = await within((tx) => takeSome(tx, deps))
    if (taken.examined === 0) return
    if (!sender) continue
    await sendBatch(deps, { tenantId, messages: taken.messages, sender })
  }
}

async function takeSome(tx: Tx, deps: SendDeps) {
  const taken = await takeDue(tx, deps)
  const sender = taken.messages.length > 0 ? await senderOf(tx, deps.mailFrom) : undefined
  return { taken, sender }
}

interface Batch {
  readonly tenantId: string
  readonly messages: readonly TakenMessage[]
  readonly sender: MailSender
}

/** Sends what was taken together, and goes on saying that it is in our hands until it is done. */
async function sendBatch(deps: SendDeps, batch: Batch): Promise<void> {
  const { tenantId, messages, sender } = batch
  const tasks = messages.map((message) => {
    return { tenantId, message, sender, transport: transportFor(deps.transports, message) }
  })
  const staying = tasks.filter(({ transport }) => transport === undefined)
  const leaving = tasks.flatMap((task) => (hasTransport(task) ? [task] : []))
  const holding = setInterval(() => void hold(deps, batch), holdMs / 3)
  await Promise.all([
    keepAtHome(deps, staying),
    someAtOnce(leaving, (task) => sendOne(deps, task)),
  ]).finally(() => clearInterval(holding))
}

/** Says that the sender of messages lives: what it did not come to yet stays its own. */
async function hold(deps: SendDeps, { tenantId, messages }: Batch): Promise<void> {
  const until = new Date(deps.clock().getTime() + holdMs)
  const leases = [...new Set(messages.map(({ leaseId }) => leaseId))]
  // What is locked is being recorded, and not waited for: two who wait for each other's rows would wait for ever.
  await inTenant(
    deps,
    tenantId,
  )((tx) =>
    sql`update message set lease_until = greatest(lease_until, ${until}::timestamptz)
      where tenant_id = ${tenantId} and message_id in (
        select message_id from message
        where tenant_id = ${tenantId} and status = 'SENDING' and lease_id = any(${leases}::uuid[])
        for no key update skip locked)`.execute(tx.db),
  ).catch((error: unknown) => deps.log.warn({ err: error, tenantId }, 'messages could not be held'))
}

interface Task {
  readonly tenantId: string
  readonly message: TakenMessage
  readonly sender: MailSender
  /** Undefined: there is no way out for it. */
  readonly transport: Transport | undefined
}

interface LeavingTask extends Task {
  readonly transport: Transport
}

const hasTransport = (task: Task): task is LeavingTask => task.transport !== undefined

/** Letters are printed by people; nothing takes them from here. */
function transportFor(transports: Transports, { channel }: TakenMessage): Transport | undefined {
  return channel === 'letter' ? undefined : transports[channel]
}

/** Writes messages and puts them into the outbox together: a transaction for each took longer than all else. */
async function keepAtHome(deps: SendDeps, tasks: readonly Task[]): Promise<void> {
  const composed = new Map<Task, Composed>()
  await someAtOnce(tasks, async (task) => {
    const texts = await compose(deps, task)
    if (texts) composed.set(task, texts)
  })
  const written = tasks.flatMap((task) => {
    const texts = composed.get(task)
    return texts ? [{ message: task.message, composed: texts }] : []
  })
  const [first] = tasks
  if (first && written.length > 0) await keepTogether(deps, first.tenantId, written)
}

/** Whatever is wrong with one of them is found one by one, and is not the others' trouble. */
async function keepTogether(
  deps: SendDeps,
  tenantId: string,
  written: readonly Written[],
): Promise<void> {
  try {
    await inTenant(deps, tenantId)((tx) => putIntoOutbox(tx, written))
  } catch (error) {
    const messageIds = written.map(({ message }) => message.messageId)
    deps.log.error({ err: error, tenantId, messageIds }, 'messages could not be kept')
    if (written.length === 1) return
    for (const one of written) await keepTogether(deps, tenantId, [one])
  }
}

/** Composes, keeps, sends and records one message. Whatever goes wrong with it is not the next one's trouble. */
async function sendOne(deps: SendDeps, task: LeavingTask): Promise<void> {
  const { tenantId, message, sender, transport } = task
  const { messageId, recipient } = message
  const within = inTenant(deps, tenantId)
  try {
    const composed = await compose(deps, task)
    if (!composed) return
    const written = { message, composed }
    const isOurs = await within((tx) => beginTransfer(tx, written, deps.clock()))
    if (!isOurs) return
    const from = sender.address
    const transferred = await transport.send({ messageId, from, to: recipient, ...composed })
    await within((tx) => recordTransfer(tx, { message, transferred, transport: transport.name }))
  } catch (error) {
    deps.log.error({ err: error, tenantId, messageId }, 'a message could not be sent')
  }
}

/** The message as it leaves; undefined: it could not be written, and its row says so. */
async function compose(deps: SendDeps, task: Task): Promise<Composed | undefined> {
  const { tenantId, message, sender } = task
  const { messageId } = message
  try {
    // What may have left already must not leave with other words.
    const kept = message.prepared && message.mayHaveLeft ? await keptOf(deps, task) : undefined
    const unsubscribeUrl = deps.unsubscribeUrl(tenantId, messageId)
    const date = deps.nowOf(tenantId)
    return kept ?? (await writeTexts({ message, sender, date, unsubscribeUrl }))
  } catch (error) {
    await recordFailure(deps, task, error)
    return undefined
  }
}

async function recordFailure(
  deps: SendDeps,
  { tenantId, message }: Task,
  error: unknown,
): Promise<void> {
  const { messageId } = message
  const failure = uncomposedOf(error, messageId, deps.log)
  await inTenant(
    deps,
    tenantId,
  )((tx) => recordUncomposed(tx, message, failure)).catch((error: unknown) =>
    deps.log.error({ err: error, tenantId, messageId }, 'a failure could not be recorded'),
  )
}

function keptOf(deps: SendDeps, { tenantId, message }: Task): Promise<Composed | undefined> {
  const unit = { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }
  return inTransaction(deps.db, unit, (tx) => readContent(tx, message.messageId))
}

/** Transactions of a tenant, at its time. */
function inTenant({ db, nowOf }: SendDeps, tenantId: string) {
  return <R>(work: (tx: Tx) => Promise<R>): Promise<R> =>
    inTransaction(db, { tenantId, now: nowOf(tenantId) }, work)
}

/** Does all in their order, but some of them at the same time. */
async function someAtOnce<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values()
  const worker = async () => {
    for (const each of waiting) await work(each)
  }
  await Promise.all(Array.from({ length: sendsAtOnce }, worker))
}
