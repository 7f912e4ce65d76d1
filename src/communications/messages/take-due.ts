import { sql } from 'kysely'
import type { Channel } from '../../contacts/schema.ts'
import { newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import {
  type Case,
  decide,
  type Decision,
  explain,
  loadCases,
  type Purpose,
} from '../gate/index.ts'
import type { Cause } from './queue-messages.ts'
import { watchResuming } from './resume-waiting.ts'
import type { Prepared, PrepareTexts } from './texts.ts'

/** A message that may leave and that this process alone sends until its lease has run out. */
export interface TakenMessage {
  readonly messageId: string
  readonly claimId: string
  readonly debtorReference: string
  readonly leaseId: string
  readonly channel: Channel
  readonly purpose: Purpose
  readonly cause: Cause
  readonly bundleId: string
  readonly recipient: string
  /** This attempt counted. */
  readonly attempts: number
  readonly isFirstTelling: boolean
  /** It may have left before; only who sends again without harm may go on with it, and with the same bytes. */
  readonly mayHaveLeft: boolean
  /** Undefined: its bundle is gone. */
  readonly prepared: Prepared | undefined
}

export interface Taken {
  /** How many were due, whatever was decided about them. */
  readonly examined: number
  readonly messages: readonly TakenMessage[]
}

export interface TakeOptions {
  readonly prepare: PrepareTexts
  /** The machine's time: a lease knows no test clock. */
  readonly clock: () => Date
  readonly unsubscribeUrl: (tenantId: string, messageId: string) => string
}

interface DueRow {
  readonly messageId: string
  readonly claimId: string
  readonly debtorReference: string
  readonly channel: Channel
  readonly purpose: Purpose
  readonly bundleId: string
  readonly cause: Cause
  readonly context: Record<string, unknown>
  readonly attempts: number
  readonly messageUrl: string | null
  readonly transferBeganAt: Date | null
}

interface Decided {
  readonly row: DueRow
  readonly decision: Decision
  readonly kept: unknown
  readonly recipient: string | undefined
}

const messagesAtOnce = 20
// Until its transfer begins a message may be taken up by another without harm, and its sender goes on saying that it lives.
export const holdMs = 15_000

/**
 * Asks the gate about the next messages that are due and takes those that may leave. To be committed before the first of
 * them is written; the gate is asked again when each of them leaves.
 */
export async function takeDue(tx: Tx, options: TakeOptions): Promise<Taken> {
  const due = await lockDue(tx)
  if (due.length === 0) return { examined: 0, messages: [] }
  if (due.some(({ cause }) => cause.kind === 'journey')) await watchResuming(tx)
  const cases = await loadCases(tx, due)
  const decided = decideInTurn(due, cases, tx.now)
  const leaseId = newId()
  const leaseUntil = new Date(options.clock().getTime() + holdMs)
  await keep(tx, decided, { leaseId, leaseUntil })
  const sending = decided.filter(({ decision }) => decision.verdict === 'send')
  const prepared = await options.prepare(
    tx,
    sending.map(({ row }) => ({
      ...row,
      unsubscribeUrl: options.unsubscribeUrl(tx.tenantId, row.messageId),
    })),
  )
  const messages = sending.map(({ row, recipient }) => ({
    ...row,
    leaseId,
    recipient: recipient ?? '',
    attempts: row.attempts + 1,
    isFirstTelling: row.messageUrl === null,
    mayHaveLeft: row.transferBeganAt !== null,
    prepared: prepared.get(row.messageId),
  }))
  return { examined: due.length, messages }
}

/** With whom the claim asks now: it may have come to another debtor since, and what that one said counts. */
async function lockDue(tx: Tx): Promise<DueRow[]> {
  const { rows } = await sql<DueRow>`
    select m.message_id as "messageId", m.claim_id as "claimId",
      coalesce(c.debtor_reference, c.primary_debtor ->> 'debtorReference', m.debtor_reference) as "debtorReference",
      m.channel, m.purpose, m.bundle_id as "bundleId", m.cause, m.context, m.attempts,
      m.message_url as "messageUrl", m.transfer_began_at as "transferBeganAt"
    from message m join claim c on c.tenant_id = m.tenant_id and c.claim_id = m.claim_id
    where m.tenant_id = ${tx.tenantId} and m.status = 'QUEUED' and m.due_at <= ${tx.now}
    order by m.due_at, m.message_id limit ${messagesAtOnce} for update of m skip locked`.execute(
    tx.db,
  )
  return rows
}

/** One after another: a message that may leave counts for the next one to the same debtor. */
function decideInTurn(
  due: readonly DueRow[],
  cases: ReadonlyMap<string, Case>,
  now: Date,
): Decided[] {
  const contacts = new Map<string, Date[]>()
  return due.flatMap((row): Decided[] => {
    const found = cases.get(row.messageId)
    if (!found) return []
    const fresh = contacts.get(row.debtorReference) ?? []
    const facts = { ...found.facts, contactedAt: [...found.facts.contactedAt, ...fresh] }
    const decision = decide(facts, found.rules, now)
    const isContact = decision.verdict === 'send' && row.purpose === 'dunning'
    if (isContact) contacts.set(row.debtorReference, [...fresh, now])
    const { destination } = facts
    const recipient = 'address' in destination ? destination.address : undefined
    return [{ row, decision, kept: explain(decision, facts), recipient }]
  })
}

async function keep(
  tx: Tx,
  decided: readonly Decided[],
  { leaseId, leaseUntil }: { leaseId: string; leaseUntil: Date },
): Promise<void> {
  const rows = decided.map(({ row, decision, kept, recipient }) => {
    const isSending = decision.verdict === 'send'
    return {
      message_id: row.messageId,
      debtor_reference: row.debtorReference,
      status: statusOf[decision.verdict],
      due_at: decision.verdict === 'wait' ? decision.until.toISOString() : null,
      lease_id: isSending ? leaseId : null,
      lease_until: isSending ? leaseUntil.toISOString() : null,
      contacted_at: isSending && row.purpose === 'dunning' ? tx.now.toISOString() : null,
      attempts: row.attempts + (isSending ? 1 : 0),
      decision: kept,
      recipient: recipient ?? null,
    }
  })
  await sql`
    update message m set debtor_reference = r.debtor_reference, status = r.status, due_at = coalesce(r.due_at, m.due_at), lease_id = r.lease_id,
      lease_until = r.lease_until, contacted_at = r.contacted_at, attempts = r.attempts, decision = r.decision,
      decided_at = ${tx.now}, recipient = r.recipient
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(message_id uuid, debtor_reference text, status text, due_at timestamptz,
      lease_id uuid, lease_until timestamptz, contacted_at timestamptz, attempts integer, decision jsonb, recipient text)
    where m.tenant_id = ${tx.tenantId} and m.message_id = r.message_id`.execute(tx.db)
}

const statusOf = { send: 'SENDING', withhold: 'WITHHELD', wait: 'QUEUED' } as const
