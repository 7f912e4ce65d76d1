import { sql } from 'kysely'
import { findClaims } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { taskEvent } from './create-tasks.ts'
import { refuse } from './refusals.ts'
import type { TaskStatus } from './schema.ts'

export interface Completion {
  readonly taskId: string
  /** One of the task's actions, where it has some. */
  readonly action?: string | undefined
  readonly note?: string | undefined
  readonly by?: string | undefined
}

interface Held {
  readonly kind: string
  readonly title: string
  readonly status: TaskStatus
  readonly dueAt: Date | null
  readonly actions: readonly string[]
  readonly claimId: string | null
}

/** Notes that a task is done, and which of its actions was taken. One that is done or over is refused. */
export async function completeTask(tx: Tx, completion: Completion): Promise<void> {
  const { taskId, action = null, note = null, by = null } = completion
  const held = await lockTask(tx, taskId)
  if (held.actions.length > 0 && action === null) throw refuse('unknown_action', 'none was named')
  if (action !== null && !held.actions.includes(action)) throw refuse('unknown_action', action)
  await sql`update task set status = 'DONE', action = ${action}, note = ${note}, done_by = ${by}, ended_at = ${tx.now}
    where tenant_id = ${tx.tenantId} and task_id = ${taskId}`.execute(tx.db)
  const claims = await findClaims(tx, held.claimId === null ? [] : [held.claimId])
  const claim = claims.get(held.claimId ?? '')
  await tx.emit(taskEvent('done', { taskId, kind: held.kind, title: held.title, claim, action }))
}

/** An open task, held until the end of the transaction. */
export async function lockTask(tx: Tx, taskId: string): Promise<Held> {
  const { rows } = await sql<Held>`
    select kind, title, status, due_at as "dueAt", actions, claim_id as "claimId" from task
    where tenant_id = ${tx.tenantId} and task_id = ${taskId} for no key update`.execute(tx.db)
  const [held] = rows
  if (!held) throw refuse('task_not_found')
  const isOver = held.dueAt !== null && held.dueAt <= tx.now
  if (held.status !== 'OPEN' || isOver) throw refuse('task_not_open')
  return held
}
