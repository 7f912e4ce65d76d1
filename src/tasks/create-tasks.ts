import { sql } from 'kysely'
import { findClaims, type FoundClaim, type Json, namesOfClaim } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'

export interface TaskOrder {
  /** Names the task: ordered again under the same key it is not made again. */
  readonly key: string
  readonly kind: string
  readonly title: string
  readonly details?: string | undefined
  readonly claimId?: string | undefined
  /** When it expires if nobody does it. */
  readonly dueAt?: Date | undefined
  /** What one may choose when it is done; none: it is simply done. */
  readonly actions?: readonly string[] | undefined
  readonly cause: Json
}

/** Makes tasks and answers the id of each by its key, whether it was made now or before. */
export async function createTasks(
  tx: Tx,
  orders: readonly TaskOrder[],
): Promise<ReadonlyMap<string, string>> {
  if (orders.length === 0) return new Map()
  const list = orders.map((order) => ({
    task_id: newId(),
    key: order.key,
    kind: order.kind,
    title: order.title,
    details: order.details ?? null,
    claim_id: order.claimId ?? null,
    due_at: order.dueAt?.toISOString() ?? null,
    actions: order.actions ?? [],
    cause: order.cause,
  }))
  const made = await sql<{ taskId: string }>`
    insert into task (tenant_id, task_id, key, kind, title, details, claim_id, status, due_at, actions, cause, created_at)
    select ${tx.tenantId}::uuid, r.task_id, r.key, r.kind, r.title, r.details, r.claim_id, 'OPEN', r.due_at, r.actions,
      r.cause, ${tx.now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(list)}::jsonb) as r(task_id uuid, key text, kind text, title text,
      details text, claim_id uuid, due_at timestamptz, actions jsonb, cause jsonb)
    order by r.key on conflict (tenant_id, key) do nothing returning task_id as "taskId"`.execute(
    tx.db,
  )
  const isNew = new Set(made.rows.map(({ taskId }) => taskId))
  const claimIds = list.flatMap(({ claim_id }) => claim_id ?? [])
  const claims = await findClaims(tx, [...new Set(claimIds)])
  for (const { task_id: taskId, kind, title, claim_id: claimId } of list) {
    if (!isNew.has(taskId)) continue
    await tx.emit(taskEvent('created', { taskId, kind, title, claim: claims.get(claimId ?? '') }))
  }
  const known = await sql<{ key: string; taskId: string }>`
    select key, task_id as "taskId" from task
    where tenant_id = ${tx.tenantId} and key = any(${list.map(({ key }) => key)}::text[])`.execute(
    tx.db,
  )
  return new Map(known.rows.map(({ key, taskId }) => [key, taskId]))
}

export interface TaskTold {
  readonly taskId: string
  readonly kind: string
  readonly title: string
  readonly claim: FoundClaim | undefined
  readonly action?: string | null
}

/** The event that tells of a task; with the names of its claim, where it has one. */
export function taskEvent(change: 'created' | 'done' | 'expired', told: TaskTold) {
  const { taskId, kind, title, claim, action } = told
  return {
    type: `event.task.${change}`,
    data: {
      ...(claim ? namesOfClaim(claim) : {}),
      taskId,
      kind,
      title,
      ...(action === undefined ? {} : { action }),
    },
  }
}
