import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Happening, happeningOf, textOf } from './happening.ts'

export const caseEvents = ['event.debtCollectionCase.changed'] as const
export const refundEvents = ['event.refund.changed'] as const

const taskStates: Readonly<Record<string, string>> = {
  'event.task.created': 'OPEN',
  'event.task.done': 'DONE',
  'event.task.expired': 'EXPIRED',
}
export const taskEvents = Object.keys(taskStates)

/** Cases and refunds: their events say what they are called here and what became of them. */
export function tellNumbered(idName: 'caseId' | 'refundId') {
  return (_tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> =>
    Promise.resolve(
      events.map((event) =>
        happeningOf(event, {
          entityId: Number(event.data[idName]),
          state: textOf(event, 'state'),
          isNewState: true,
        }),
      ),
    )
}

/** Manual tasks are tasks of ours under a number. */
export async function tellTasks(tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> {
  const ids = [...new Set(events.map((event) => textOf(event, 'taskId')))]
  const { rows } = await sql<{ id: string; number: number }>`
    select t.task_id as id, t.number from task t
    where t.tenant_id = ${tx.tenantId} and t.task_id::text = any(${ids}::text[])`.execute(tx.db)
  const numbers = new Map(rows.map(({ id, number }) => [id, number]))
  return events.flatMap((event) => {
    const entityId = numbers.get(textOf(event, 'taskId'))
    const state = taskStates[event.type]
    if (entityId === undefined || state === undefined) return []
    return [happeningOf(event, { entityId, state, isNewState: true })]
  })
}
