import { type Kysely, sql } from 'kysely'
import { findClaims } from '../book/index.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { taskEvent } from './create-tasks.ts'

export interface ExpireDeps {
  readonly db: Kysely<Tables>
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
}

interface Expired {
  readonly taskId: string
  readonly kind: string
  readonly title: string
  readonly claimId: string | null
}

const tasksAtOnce = 256

/** Ends tasks that nobody did in time. */
export function taskWork(deps: ExpireDeps): TimedWork {
  const { db, clock, nowOf } = deps
  return {
    name: 'tasks',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'task_tenants_due'),
    async runDue(tenantId, signal) {
      while (!signal.aborted) {
        const count = await expireSome(db, { tenantId, now: nowOf(tenantId) })
        if (count < tasksAtOnce) return
      }
    },
    nextDueAt: (tenantId) => nextExpiry(deps, tenantId),
  }
}

function expireSome(db: Kysely<Tables>, unit: { tenantId: string; now: Date }): Promise<number> {
  return inTransaction(db, unit, async (tx) => {
    const { rows } = await sql<Expired>`
      with due as (
        select task_id from task where tenant_id = ${tx.tenantId} and status = 'OPEN' and due_at <= ${tx.now}
        order by due_at, task_id limit ${tasksAtOnce} for no key update skip locked
      )
      update task t set status = 'EXPIRED', ended_at = ${tx.now} from due d
      where t.tenant_id = ${tx.tenantId} and t.task_id = d.task_id
      returning t.task_id as "taskId", t.kind, t.title, t.claim_id as "claimId"`.execute(tx.db)
    const claims = await findClaims(
      tx,
      rows.flatMap(({ claimId }) => claimId ?? []),
    )
    for (const { claimId, ...task } of rows)
      await tx.emit(taskEvent('expired', { ...task, claim: claims.get(claimId ?? '') }))
    return rows.length
  })
}

function nextExpiry({ db, nowOf }: ExpireDeps, tenantId: string): Promise<Date | undefined> {
  const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
  return inTransaction(db, unit, async (tx) => {
    const { rows } = await sql<{ at: Date | null }>`
      select min(due_at) as at from task where tenant_id = ${tenantId} and status = 'OPEN'`.execute(
      tx.db,
    )
    return rows[0]?.at ?? undefined
  })
}
