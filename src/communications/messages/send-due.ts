import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Logger } from 'pino'
import type { Channel } from '../../contacts/schema.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Tables } from '../../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../../platform/timed-work.ts'
import { mayStillLeave } from './ask-again.ts'
import { AddressError, composeEml, type MailSender } from './compose.ts'
import { recoverLeases } from './recover-leases.ts'
import { recordTransfer, recordUncomposed, type Uncomposed } from './record-transfer.ts'
import { senderOf } from './sender-of.ts'
import { holdMs, type TakenMessage, takeDue } from './take-due.ts'
import { tell } from './tell.ts'
import type { PrepareTexts } from './texts.ts'
import type { Transport, Transports } from './transport.ts'

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

const sendsAtOnce = 5
// Ten times as long as a transfer may take.
const transferLeaseMs = 15 * 60_000

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
  const { db, clock, nowOf } = deps
  const within = <R>(work: (tx: Tx) => Promise<R>) =>
    inTransaction(db, { tenantId, now: nowOf(tenantId) }, work)
  await within((tx) => recoverLeases(tx, { now: clock(), transports: deps.transports }))
  while (!signal.aborted) {
    const taken = await within((tx) => takeDue(tx, deps))
    if (taken.examined === 0) return
    if (taken.messages.length === 0) continue
    const sender = await within((tx) => senderOf(tx, deps.mailFrom))
    const waiting = taken.messages.map((message) => ({ tenantId, message, sender }))
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await sendOne(deps, next)
    }
    const holding = setInterval(() => void hold(deps, tenantId, taken.messages), holdMs / 3)
    await Promise.all(Array.from({ length: sendsAtOnce }, work)).finally(() =>
      clearInterval(holding),
    )
  }
}

/** Says that the sender of messages lives: what it did not come to yet stays its own. */
async function hold(
  { db, log, clock, nowOf }: SendDeps,
  tenantId: string,
  messages: readonly TakenMessage[],
): Promise<void> {
  const until = new Date(clock().getTime() + holdMs)
  const leases = [...new Set(messages.map(({ leaseId }) => leaseId))]
  await inTransaction(db, { tenantId, now: nowOf(tenantId) }, (tx) =>
    sql`update message set lease_until = greatest(lease_until, ${until}::timestamptz)
      where tenant_id = ${tenantId} and status = 'SENDING' and lease_id = any(${leases}::uuid[])`.execute(
      tx.db,
    ),
  ).catch((error: unknown) => log.warn({ err: error, tenantId }, 'messages could not be held'))
}

interface Task {
  readonly tenantId: string
  readonly message: TakenMessage
  readonly sender: MailSender
}

interface Composed {
  readonly eml: Buffer
  readonly text: string
}

/** Composes, keeps, sends and records one message. Whatever goes wrong with it is not the next one's trouble. */
async function sendOne(deps: SendDeps, task: Task): Promise<void> {
  const { db, log, nowOf } = deps
  const { tenantId, message, sender } = task
  const within = <R>(work: (tx: Tx) => Promise<R>) =>
    inTransaction(db, { tenantId, now: nowOf(tenantId) }, work)
  try {
    const composed = await compose(deps, task).catch((error: unknown) =>
      failureOf(error, task, log),
    )
    if ('failure' in composed) {
      const { failure } = composed
      await within((tx) => recordUncomposed(tx, message, failure))
      return
    }
    const transport = transportFor(deps.transports, message.channel)
    if (!transport) {
      await within((tx) => putIntoOutbox(tx, message, composed))
      return
    }
    const isOurs = await within((tx) => beginTransfer(tx, message, { composed, clock: deps.clock }))
    if (!isOurs) return
    const { messageId, recipient } = message
    const transferred = await transport.send({
      messageId,
      from: sender.address,
      to: recipient,
      ...composed,
    })
    await within((tx) => recordTransfer(tx, { message, transferred, transport: transport.name }))
  } catch (error) {
    log.error({ err: error, tenantId, messageId: message.messageId }, 'a message could not be sent')
  }
}

function transportFor(transports: Transports, channel: Channel): Transport | undefined {
  // Letters are printed by people; nothing takes them from here.
  return channel === 'letter' ? undefined : transports[channel]
}

async function compose(deps: SendDeps, task: Task): Promise<Composed> {
  const { message, tenantId, sender } = task
  const { prepared, messageId, channel, recipient } = message
  if (!prepared) throw new Refusal('bundle_not_found', 'not_found', 'Its bundle is gone')
  // What may have left already must not leave with other words.
  const kept = message.mayHaveLeft ? await keptContent(deps, task) : undefined
  if (kept) return kept
  const rendered = await prepared.render()
  const eml = await composeEml({
    messageId,
    channel,
    recipient,
    rendered,
    sender,
    date: deps.nowOf(tenantId),
    unsubscribeUrl: deps.unsubscribeUrl(tenantId, messageId),
    bundleName: prepared.bundleName,
  })
  return { eml, text: rendered.text }
}

function keptContent(deps: SendDeps, { tenantId, message }: Task): Promise<Composed | undefined> {
  const unit = { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }
  return inTransaction(deps.db, unit, (tx) => readContent(tx, message.messageId))
}

/** The bytes of a message and its words, if it was composed. */
export async function readContent(tx: Tx, messageId: string): Promise<Composed | undefined> {
  const row = await tx.db
    .selectFrom('message_content')
    .select(['eml', 'words'])
    .where('tenant_id', '=', tx.tenantId)
    .where('message_id', '=', messageId)
    .executeTakeFirst()
  return row && { eml: row.eml, text: row.words }
}

/** What a template cannot say or an address cannot be stays so; anything else may be better later. */
function failureOf(error: unknown, { message }: Task, log: Logger): { failure: Uncomposed } {
  const isRefused = error instanceof Refusal && error.kind !== 'unavailable'
  if (isRefused || error instanceof AddressError)
    return { failure: { error: error.message, isFinal: true } }
  if (!(error instanceof Refusal))
    log.error({ err: error, messageId: message.messageId }, 'a message could not be composed')
  return { failure: { error: 'The message could not be written', isFinal: false } }
}

/** Keeps what leaves and marks that it does. False: it must not leave any more, or somebody else has the message. */
async function beginTransfer(
  tx: Tx,
  message: TakenMessage,
  { composed, clock }: { composed: Composed; clock: () => Date },
): Promise<boolean> {
  if (!(await mayStillLeave(tx, message))) return false
  const leaseUntil = new Date(clock().getTime() + transferLeaseMs)
  const { rows } = await sql`
    update message set transfer_began_at = ${tx.now}, lease_until = ${leaseUntil}, ${writtenBy(message)}
    where tenant_id = ${tx.tenantId} and message_id = ${message.messageId} and lease_id = ${message.leaseId}
    returning message_id`.execute(tx.db)
  if (rows.length === 0) return false
  await keepContent(tx, message, composed)
  return true
}

/** Without a way out a message is sent once it is kept, in one transaction: there is nothing that could happen twice. */
async function putIntoOutbox(tx: Tx, message: TakenMessage, composed: Composed): Promise<void> {
  if (!(await mayStillLeave(tx, message))) return
  const { rows } = await sql`
    update message set status = 'SENT', transport = 'outbox', sent_at = ${tx.now}, lease_id = null, lease_until = null,
      error = null, ${writtenBy(message)}
    where tenant_id = ${tx.tenantId} and message_id = ${message.messageId} and lease_id = ${message.leaseId}
    returning message_id`.execute(tx.db)
  if (rows.length > 0) await keepContent(tx, message, composed)
}

const writtenBy = ({ messageId, channel, prepared }: TakenMessage) => sql`
  bundle_version = ${prepared?.bundleVersion ?? null}, bundle_name = ${prepared?.bundleName ?? null},
  message_url = ${messageUrl(channel, messageId)}`

/** `/email/Message/<id>.eml`: what the Receeve door calls the message by. */
function messageUrl(channel: Channel, messageId: string): string {
  return `/${{ email: 'email', sms: 'SMS', letter: 'letter' }[channel]}/Message/${messageId}.eml`
}

async function keepContent(tx: Tx, message: TakenMessage, { eml, text }: Composed): Promise<void> {
  const sha256 = createHash('sha256').update(eml).digest()
  await sql`
    insert into message_content (tenant_id, message_id, eml, words, sha256, composed_at)
    values (${tx.tenantId}, ${message.messageId}, ${eml}, ${text}, ${sha256}, ${tx.now})
    on conflict (tenant_id, message_id) do update
    set eml = excluded.eml, words = excluded.words, sha256 = excluded.sha256, composed_at = excluded.composed_at`.execute(
    tx.db,
  )
  if (message.isFirstTelling) await tell(tx, message.messageId, { telling: 'queued' })
}
