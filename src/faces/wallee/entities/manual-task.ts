import { sql } from 'kysely'
import { completeTask } from '../../../tasks/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { inCall } from '../call.ts'
import { dateTime, type Entity, long, nothing, oneOf, shown } from '../entity.ts'
import { refuse } from '../refusals.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'

/** Actions are numbered from their task's number times this; the first, 0, is to be done with it. */
const actionsPerTask = 100

/** A kind of task has no number of its own: this one is always the same for its name. */
const typeColumn = "('x' || left(md5(t.kind), 12))::bit(48)::bigint"

const actionNumber = `t.number * ${actionsPerTask} + (o.place - 1)`
const chosen = `jsonb_array_elements_text(case when jsonb_array_length(t.actions) = 0
  then '["Done"]'::jsonb else t.actions end) with ordinality o(label, place)`

const id = { type: long, isRequired: true } as const

/** What a person shall do (src/tasks). A task without a choice has one action: it is done. */
export const manualTask: Entity = {
  name: 'ManualTask',
  group: 'manual-tasks',
  scope: 'space',
  v1: { path: '/manual-task', verbs: ['read', 'search', 'count'] },
  v2: { path: '/manual-tasks', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    actions: shown(
      { kind: 'json' },
      {
        column: `(select jsonb_agg(jsonb_build_object('id', ${actionNumber}, 'taskType', ${typeColumn},
          'label', jsonb_build_object('en-US', o.label), 'style', case when o.place = 1 then 'PRIMARY' else 'DEFAULT' end)
          order by o.place) from ${chosen})`,
      },
    ),
    contextEntityId: shown(long, {
      column:
        '(select c.number from claim c where c.tenant_id = t.tenant_id and c.claim_id = t.claim_id)',
    }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    expiresOn: shown(dateTime, { column: 't.due_at' }),
    linkedSpaceId: spaceOfRow,
    plannedPurgeDate: neverPurged,
    state: shown(oneOf('OPEN', 'DONE', 'EXPIRED'), { column: 't.status' }),
    type: shown(long, { column: typeColumn }),
  },
  store: { kind: 'table', table: 'task', id: 't.number' },
  actions: [
    {
      name: 'What a task says',
      needs: 'read',
      params: { id },
      v2: { method: 'GET', path: '/manual-tasks/{id}/notification' },
      async run(call, { params }) {
        const task = await inCall(call, (tx) => findTask(tx, params['id']))
        return { kind: 'text', text: [task.title, task.details].filter(Boolean).join('\n\n') }
      },
    },
    {
      name: 'Do a task by one of its actions',
      needs: 'write',
      params: { id, actionId: id },
      v2: { method: 'POST', path: '/manual-tasks/{id}/action/{actionId}' },
      async run(call, { params }) {
        await inCall(call, async (tx) => {
          const { taskId, number, actions } = await findTask(tx, params['id'])
          const place = Number(params['actionId']) - number * actionsPerTask
          const isKnown = place >= 0 && place < Math.max(1, actions.length)
          if (!isKnown) throw refuse('not_found', 'the task has no such action')
          await completeTask(tx, { taskId, action: actions[place], by: String(call.caller.userId) })
        })
        return nothing
      },
    },
  ],
}

interface FoundTask {
  readonly taskId: string
  readonly number: number
  readonly title: string
  readonly details: string | null
  readonly actions: readonly string[]
}

async function findTask(tx: Tx, number: unknown): Promise<FoundTask> {
  const { rows } = await sql<FoundTask>`
    select task_id as "taskId", number, title, details, actions from task
    where tenant_id = ${tx.tenantId} and number = ${number}`.execute(tx.db)
  const [task] = rows
  if (!task) throw refuse('not_found')
  return task
}
