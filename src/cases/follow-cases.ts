import { sql } from 'kysely'
import { beginReading, type Subscriber, type Wanting } from '../events/index.ts'
import type { Tx } from '../platform/db.ts'
import { caseChanged } from './announce.ts'
import { endCase } from './close-case.ts'
import { type CaseRow, lockCase } from './find-case.ts'
import { reviewActions } from './review-task.ts'
import { settleCases } from './settle-cases.ts'
import { openStates } from './states.ts'

const subscriberName = 'cases'

/**
 * Has cases follow what happens elsewhere: a claim that asks for nothing any more or was taken back from the agency closes
 * its case, and a review task that a person did at another door is carried out.
 */
export function caseSubscriber(): Subscriber {
  return {
    name: subscriberName,
    types: [
      'event.claim.resolved',
      'event.claim.deleted',
      'event.partnerClaimExternalStatus.changed',
      'event.task.done',
      caseChanged,
    ],
    wanting: openCases,
    async handle(tx, events) {
      const named = (field: string) => [
        ...new Set(events.map(({ data }) => data[field]).filter((value) => value !== undefined)),
      ]
      const caseIds = named('caseId').filter(isNumber)
      for (const id of await concerned(tx, {
        claims: named('claimRef').filter(isText),
        tasks: named('taskId').filter(isText),
        caseIds,
      }))
        await follow(tx, id)
      await settleCases(tx, caseIds, null)
    },
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'

const openCases: Wanting = (tenantId) =>
  sql`select from debt_case where tenant_id = ${tenantId} and state not in ('CLOSED', 'FAILED')`

/** To be called before a case opens: what happened earlier is not its business. */
export const beginFollowing = (tx: Tx) => beginReading(tx, subscriberName, openCases)

async function concerned(
  tx: Tx,
  by: { claims: readonly string[]; tasks: readonly string[]; caseIds: readonly number[] },
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select d.id from debt_case d where d.tenant_id = ${tx.tenantId} and d.state not in ('CLOSED', 'FAILED')
      and (d.id = any(${by.caseIds}::bigint[]) or d.review_task_id::text = any(${by.tasks}::text[])
        or d.claim_id in (select c.claim_id from claim c
          where c.tenant_id = ${tx.tenantId} and c.reference = any(${by.claims}::text[])))
    order by d.id`.execute(tx.db)
  return rows.map(({ id }) => id)
}

async function follow(tx: Tx, id: number): Promise<void> {
  const row = await lockCase(tx, id)
  if (!openStates.includes(row.state)) return
  if (await isOver(tx, row)) return endCase(tx, row, { by: null })
  const asked = await decisionOf(tx, row)
  // What was decided may need the book, which is not waited for in here: the case's own work carries it out.
  if (asked !== undefined)
    await sql`update debt_case set asked = ${asked}, next_attempt_at = ${tx.now}
      where tenant_id = ${tx.tenantId} and id = ${id}`.execute(tx.db)
}

/** Whether there is nothing to collect any more, or nobody who does. */
async function isOver(tx: Tx, row: CaseRow): Promise<boolean> {
  if (row.claimId === null) return false
  const { rows } = await sql<{ isActive: boolean; isPlaced: boolean }>`
    select c.status = 'ACTIVE' as "isActive", exists (
      select from placement p where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'PLACED') as "isPlaced"
    from claim c where c.tenant_id = ${tx.tenantId} and c.claim_id = ${row.claimId}`.execute(tx.db)
  const [claim] = rows
  if (!claim?.isActive) return true
  // A case that is tried again has not reached its agency yet.
  return row.state === 'PROCESSING' && row.nextAttemptAt === null && !claim.isPlaced
}

async function decisionOf(tx: Tx, row: CaseRow): Promise<'REVIEW' | 'CLOSE' | undefined> {
  if (row.state !== 'REVIEWING' || row.reviewTaskId === null || row.asked !== null) return undefined
  const { rows } = await sql<{ action: string | null }>`
    select action from task where tenant_id = ${tx.tenantId} and task_id = ${row.reviewTaskId} and status = 'DONE'`.execute(
    tx.db,
  )
  const [done] = rows
  if (!done) return undefined
  return done.action === reviewActions.close ? 'CLOSE' : 'REVIEW'
}
