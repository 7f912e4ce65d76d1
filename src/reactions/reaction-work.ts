import { CompiledQuery, sql } from 'kysely'
import type { Logger } from 'pino'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import type { PlainAction } from './actions.ts'
import { attemptsMax, type BookDeps, doBookActions } from './book-actions.ts'
import { doActions, type Due } from './do-actions.ts'
import { type Firing, firingColumns, isDue, type Outcome, settling } from './firings.ts'

export interface ReactionWorkDeps extends BookDeps {
  readonly log: Logger
}

const firingsAtOnce = 200
const retryMs = 60_000

/** Does what reactions are to do, action by action. Any number of workers may do it, and one that dies is followed by another. */
export function reactionWork(deps: ReactionWorkDeps): TimedWork {
  const { db, clock, nowOf } = deps
  const reading = (tenantId: string) => ({ tenantId, now: nowOf(tenantId), isReadOnly: true })
  return {
    name: 'reactions',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'reaction_tenants_due'),
    async runDue(tenantId, signal) {
      let isAny = false
      while (!signal.aborted) {
        const count = (await doPlain(deps, tenantId)) + (await doBookActions(deps, tenantId))
        if (count === 0) break
        isAny = true
      }
      if (isAny) await forgetOld(deps, tenantId)
    },
    nextDueAt: (tenantId) =>
      inTransaction(db, reading(tenantId), async (tx) => {
        const { rows } = await sql<{ at: Date | null }>`
          select min(due_at) as at from reaction_firing
          where tenant_id = ${tenantId} and status = 'WAITING'`.execute(tx.db)
        return rows[0]?.at ?? undefined
      }),
    isUnderWay: (tenantId) =>
      inTransaction(db, reading(tenantId), async (tx) => {
        const { rows } = await sql`
          select 1 from reaction_firing where tenant_id = ${tenantId} and status = 'WAITING'
            and leased_until is not null and due_at <= ${tx.now} limit 1`.execute(tx.db)
        return rows.length > 0
      }),
  }
}

/** When something in a batch fails, each is tried by itself, so that none keeps the others waiting. */
async function doPlain(deps: ReactionWorkDeps, tenantId: string): Promise<number> {
  const { db, nowOf, log } = deps
  const unit = { tenantId, now: nowOf(tenantId) }
  try {
    return await inTransaction(db, unit, (tx) => doNext(tx))
  } catch (error) {
    if (!(error instanceof Refusal))
      log.warn({ err: error, tenantId }, 'reactions are followed one by one')
  }
  const ids = await inTransaction(db, unit, async (tx) =>
    (await lockNext(tx)).map(({ firingId }) => firingId),
  )
  for (const firingId of ids) {
    await inTransaction(db, unit, (tx) => doNext(tx, firingId)).catch((error: unknown) =>
      inTransaction(db, unit, (tx) => giveWay(tx, { firingId, error, log })),
    )
  }
  return ids.length
}

/** Does the next action of firings whose next action is none of the book's, and answers how many there were. */
async function doNext(tx: Tx, firingId?: string): Promise<number> {
  const firings = await lockNext(tx, firingId)
  if (firings.length === 0) return 0
  const due = firings.map(dueOf)
  const remarks = await doActions(tx, due)
  await settle(
    tx,
    due.map(({ firing, key }) => ({ firing, outcome: outcomeOf(remarks.get(key)) })),
  )
  return firings.length
}

const outcomeOf = (remark: string | undefined): Outcome =>
  remark === undefined ? { outcome: 'done' } : { outcome: 'refused', detail: remark }

function dueOf(firing: Firing): Due {
  const action = firing.actions[firing.done] as PlainAction
  return { firing, action, key: `reaction/${firing.firingId}/${firing.done + 1}` }
}

async function lockNext(tx: Tx, firingId?: string): Promise<readonly Firing[]> {
  const one = firingId === undefined ? sql`true` : sql`f.firing_id = ${firingId}`
  const { rows } = await sql<Firing>`
    select ${firingColumns} from reaction_firing f
    where ${isDue(tx)} and not f.is_booking and ${one}
    order by f.due_at, f.firing_id limit ${firingsAtOnce} for no key update of f skip locked`.execute(
    tx.db,
  )
  return rows
}

async function settle(tx: Tx, settled: Parameters<typeof settling>[1]): Promise<void> {
  const { text, values } = settling(tx, settled)
  await tx.db.executeQuery(CompiledQuery.raw(text, values))
}

/** A refusal is an answer. What fails is tried again, and after some attempts given up, so that the rest is done. */
async function giveWay(
  tx: Tx,
  { firingId, error, log }: { firingId: string; error: unknown; log: Logger },
): Promise<void> {
  const [firing] = await lockNext(tx, firingId)
  if (!firing) return
  if (error instanceof Refusal) {
    const detail = `${error.code}: ${error.message}`
    return settle(tx, [{ firing, outcome: { outcome: 'refused', detail } }])
  }
  log.error({ err: error, tenantId: tx.tenantId, firingId }, 'an action of a reaction failed')
  if (firing.attempts + 1 >= attemptsMax)
    return settle(tx, [{ firing, outcome: { outcome: 'failed', detail: 'given up' } }])
  const later = new Date(tx.now.getTime() + retryMs * 2 ** firing.attempts)
  await sql`update reaction_firing set attempts = attempts + 1, due_at = ${later}
    where tenant_id = ${tx.tenantId} and firing_id = ${firingId}`.execute(tx.db)
}

const logKeptMs = 90 * 86_400_000
const forgottenAtOnce = 5_000

/** A log is kept for 90 days. */
async function forgetOld({ db, nowOf }: ReactionWorkDeps, tenantId: string): Promise<void> {
  const now = nowOf(tenantId)
  const before = new Date(now.getTime() - logKeptMs)
  await inTransaction(db, { tenantId, now }, (tx) =>
    sql`delete from reaction_firing where tenant_id = ${tenantId} and firing_id in (
      select firing_id from reaction_firing where tenant_id = ${tenantId} and ended_at < ${before}
      order by ended_at limit ${forgottenAtOnce})`.execute(tx.db),
  )
}
