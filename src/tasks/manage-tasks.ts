import { sql } from 'kysely'
import { findClaimNamed, type Json } from '../book/index.ts'
import { isUuid, newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { lockTask } from './complete-task.ts'
import { createTasks } from './create-tasks.ts'
import { refuse } from './refusals.ts'
import type { NewTask, Task, TaskPage, TaskPageQuery, TaskPatch, TaskStatus } from './schema.ts'

/** Makes a task as a person asks for it. */
export async function createTask(tx: Tx, input: NewTask): Promise<Task> {
  const { kind = 'MANUAL', title, details, claimReference, actions } = input
  const dueAt = input.dueAt === undefined ? undefined : instantOf(tx, input.dueAt)
  const claimId =
    claimReference === undefined ? undefined : (await findClaimNamed(tx, claimReference)).claimId
  const key = `task/${newId()}`
  const cause = { kind: 'API' }
  const made = await createTasks(tx, [
    { key, kind, title, details, claimId, dueAt, actions, cause },
  ])
  return findTask(tx, made.get(key) ?? '')
}

/** Changes what an open task says and when it is over. */
export async function changeTask(tx: Tx, taskId: string, patch: TaskPatch): Promise<Task> {
  await lockTask(tx, taskId)
  const dueAt = typeof patch.dueAt === 'string' ? instantOf(tx, patch.dueAt) : null
  await sql`
    update task set title = coalesce(${patch.title ?? null}::text, title),
      details = case when ${patch.details !== undefined} then ${patch.details ?? null}::text else details end,
      due_at = case when ${patch.dueAt !== undefined} then ${dueAt}::timestamptz else due_at end
    where tenant_id = ${tx.tenantId} and task_id = ${taskId}`.execute(tx.db)
  return findTask(tx, taskId)
}

const endOfTime = new Date('9999-12-31T23:59:59.999Z')

function instantOf(tx: Tx, text: string): Date {
  const at = new Date(text)
  // A leap second has the form of an instant and is none here; the last hours of 9999 are past that year in UTC.
  if (!(at < endOfTime)) throw refuse('invalid_due', text)
  if (at <= tx.now) throw refuse('due_in_past')
  return at
}

interface TaskRow {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly details: string | null
  readonly claimReference: string | null
  readonly status: TaskStatus
  readonly dueAt: Date | null
  readonly actions: string[]
  readonly action: string | null
  readonly note: string | null
  readonly doneBy: string | null
  readonly cause: Json
  readonly createdAt: Date
  readonly endedAt: Date | null
}

const selectTasks = sql`
  select t.task_id as id, t.kind, t.title, t.details, c.reference as "claimReference", t.status, t.due_at as "dueAt",
    t.actions, t.action, t.note, t.done_by as "doneBy", t.cause, t.created_at as "createdAt", t.ended_at as "endedAt"
  from task t left join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id`

/** One task. */
export async function findTask(tx: Tx, taskId: string): Promise<Task> {
  const { rows } = await sql<TaskRow>`${selectTasks}
    where t.tenant_id = ${tx.tenantId} and t.task_id = ${taskId}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('task_not_found')
  return taskView(row)
}

/** A page of tasks, the newest first. */
export async function listTasks(
  tx: Tx,
  wanted: TaskPageQuery & { readonly limit: number },
): Promise<TaskPage> {
  const { limit, cursor = null, status = null, kind = null, claimReference } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const claimId =
    claimReference === undefined ? null : (await findClaimNamed(tx, claimReference)).claimId
  const { rows } = await sql<TaskRow>`${selectTasks}
    where t.tenant_id = ${tx.tenantId} and (${cursor}::uuid is null or t.task_id < ${cursor}::uuid)
      and (${status}::text is null or t.status = ${status}) and (${kind}::text is null or t.kind = ${kind})
      and (${claimId}::uuid is null or t.claim_id = ${claimId}::uuid)
    order by t.task_id desc limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(taskView)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function taskView(row: TaskRow): Task {
  return {
    ...row,
    dueAt: row.dueAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  }
}
