import { type Kysely, sql } from 'kysely'
import { addDays, dateIn, instantOf } from '../../../kernel/dates.ts'
import { newId } from '../../../kernel/id.ts'
import { inTransaction, type Tx } from '../../../platform/db.ts'
import type { Tables } from '../../../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../../../platform/timed-work.ts'
import { activeListeners, placeOf, tellListeners } from './tell-listeners.ts'
import { watchables } from './watchable.ts'

export interface OverdueDeps {
  readonly db: Kysely<Tables>
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
  /** Says that a tenant has something to deliver. */
  readonly poke: (tenantId: string) => void
}

const claimsAtOnce = 1_000

/** No event says that a claim became overdue: the clock does. Listeners to invoices are told at the beginning of the day. */
export function overdueWork(deps: OverdueDeps): TimedWork {
  const { db, clock, nowOf, poke } = deps
  return {
    name: 'wallee-overdue',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'wallee_overdue_tenants_due'),
    async runDue(tenantId, signal) {
      while (!signal.aborted) {
        const unit = { tenantId, now: nowOf(tenantId) }
        const told = await inTransaction(db, unit, tellNextDay)
        if (told === undefined) return
        if (told > 0) poke(tenantId)
      }
    },
    nextDueAt: (tenantId) =>
      inTransaction(db, { tenantId, now: nowOf(tenantId), isReadOnly: true }, nextOverdue),
  }
}

/** Begins to watch due dates, today's and later ones; a tenant that is watched already stays where it was. */
export async function watchDueDates(tx: Tx): Promise<void> {
  const { timeZone } = await placeOf(tx)
  await sql`insert into wallee_overdue_told (tenant_id, through_on)
    values (${tx.tenantId}, ${dateIn(tx.now, timeZone)}::date) on conflict do nothing`.execute(
    tx.db,
  )
}

/** Tells of the claims of one due date, the first that is past and was not told of; answers how many notices that is. */
async function tellNextDay(tx: Tx): Promise<number | undefined> {
  const { timeZone } = await placeOf(tx)
  const { rows } = await sql<{ on: string }>`
    select through_on::text as on from wallee_overdue_told where tenant_id = ${tx.tenantId} for update skip locked`.execute(
    tx.db,
  )
  const [cursor] = rows
  if (!cursor) return undefined
  const dueOn = await nextDueOn(tx, cursor.on)
  if (dueOn === undefined || dueOn >= dateIn(tx.now, timeZone)) return undefined
  const count = await tellDay(tx, { dueOn, timeZone })
  await sql`update wallee_overdue_told set through_on = ${addDays(dueOn, 1)}::date
    where tenant_id = ${tx.tenantId}`.execute(tx.db)
  return count
}

async function tellDay(tx: Tx, day: { dueOn: string; timeZone: string }): Promise<number> {
  const watched = watchables.TransactionInvoice
  const occurredAt = startOfOverdue(day.dueOn, day.timeZone)
  // No event says who was there by then: the instant does.
  const listeners = (await activeListeners(tx)).filter(
    ({ entity, createdAt }) => entity === watched.id && createdAt <= occurredAt,
  )
  if (listeners.length === 0) return 0
  let count = 0
  let after = 0
  for (;;) {
    const { rows } = await sql<{ number: number }>`
      select c.number from claim c where c.tenant_id = ${tx.tenantId} and c.status = 'ACTIVE'
        and c.current_due_on = ${day.dueOn}::date and c.number > ${after}
        -- Those that were overdue when they came were told of then.
        and c.created_at < ${occurredAt}
      order by c.number limit ${claimsAtOnce}`.execute(tx.db)
    const happenings = rows.map(({ number }) => ({
      causeId: newId(),
      entityId: number,
      state: 'OVERDUE',
      isNewState: true,
      occurredAt,
    }))
    count += await tellListeners(tx, { watched, listeners, happenings })
    after = rows.at(-1)?.number ?? after
    if (rows.length < claimsAtOnce) return count
  }
}

async function nextOverdue(tx: Tx): Promise<Date | undefined> {
  const { timeZone } = await placeOf(tx)
  const { rows } = await sql<{ on: string }>`
    select through_on::text as on from wallee_overdue_told where tenant_id = ${tx.tenantId}`.execute(
    tx.db,
  )
  const [cursor] = rows
  const dueOn = cursor && (await nextDueOn(tx, cursor.on))
  return dueOn === undefined ? undefined : startOfOverdue(dueOn, timeZone)
}

async function nextDueOn(tx: Tx, from: string): Promise<string | undefined> {
  const { rows } = await sql<{ on: string | null }>`
    select min(current_due_on)::text as on from claim
    where tenant_id = ${tx.tenantId} and status = 'ACTIVE' and current_due_on >= ${from}::date`.execute(
    tx.db,
  )
  return rows[0]?.on ?? undefined
}

/** The beginning of the day after a due date. */
const startOfOverdue = (dueOn: string, timeZone: string) =>
  instantOf(addDays(dueOn, 1), 0, timeZone)
