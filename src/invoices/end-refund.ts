import { CompiledQuery, sql } from 'kysely'
import pg from 'pg'
import type { CallContext, Companion, Outcome } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { refundAnnouncement } from './announce-refund.ts'
import { bookRefund } from './book-refund.ts'
import { type Received, receivedOn } from './received.ts'
import { refuse } from './refusals.ts'
import type { RefundType } from './schema.ts'

/** A refund that waits for its end, as it was seen. */
export interface WaitingRefund {
  readonly id: number
  readonly version: number
  readonly type: RefundType
  readonly amountMinor: number
  readonly reference: string
  readonly received: readonly Received[]
}

const waiting: ReadonlySet<string> = new Set(['PENDING', 'MANUAL_CHECK'])

/** A refund that may still succeed or fail; one that did either is refused. */
export async function findWaitingRefund(tx: Tx, id: number): Promise<WaitingRefund> {
  const { rows } = await sql<Omit<WaitingRefund, 'received'> & { state: string; claimId: string }>`
    select r.id, r.version, r.type, r.amount_minor as "amountMinor", r.state, r.claim_id as "claimId", c.reference
    from refund r
    join claim c on c.tenant_id = r.tenant_id and c.claim_id = r.claim_id
    where r.tenant_id = ${tx.tenantId} and r.id = ${id}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('refund_not_found')
  const { state, claimId, ...refund } = row
  if (!waiting.has(state)) throw refuse('invalid_state', `it is ${state}`)
  return { ...refund, received: await receivedOn(tx, claimId) }
}

const succeed = `
  update refund set state = 'SUCCESSFUL', succeeded_at = $3::timestamptz,
    version = case when version = $4 then version + 1 else 0 end
  where tenant_id = $1 and id = $2`

/** Books a refund that somebody carried out, and says so in the same commit. */
export function succeedRefund(context: CallContext, refund: WaitingRefund, now: Date) {
  const values = [context.tenantId, refund.id, now, refund.version]
  return {
    commands: bookRefund(context, refund),
    options: {
      isWhole: true,
      companions: ([outcome]: Outcome[]): Companion[] =>
        !outcome || 'refusal' in outcome
          ? []
          : [{ text: succeed, values }, refundAnnouncement(context.tenantId, refund, now)],
    },
  }
}

/** What an error of the commit means: that somebody else ended the refund first, or nothing known. */
export function meantByCommit(error: unknown): Error | undefined {
  const isSeen = error instanceof pg.DatabaseError && error.constraint === 'refund_as_seen'
  return isSeen ? refuse('changed_meanwhile') : undefined
}

/** Notes that a refund was not carried out: nothing was booked, nothing will be. */
export async function failRefund(tx: Tx, id: number): Promise<void> {
  const row = await tx.db
    .selectFrom('refund')
    .select('state')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw refuse('refund_not_found')
  if (!waiting.has(row.state)) throw refuse('invalid_state', `it is ${row.state}`)
  await tx.db
    .updateTable('refund')
    .set((eb) => ({ state: 'FAILED', failed_at: tx.now, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute()
  const told = refundAnnouncement(tx.tenantId, { id }, tx.now)
  await tx.db.executeQuery(CompiledQuery.raw(told.text, [...told.values]))
}
