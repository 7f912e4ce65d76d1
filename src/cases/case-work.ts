import { sql } from 'kysely'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { advanceCase } from './advance-case.ts'
import { endCase } from './close-case.ts'
import { type Actor, type CaseDeps, type CaseTenant, inTenant } from './context.ts'
import { type CaseRow, findCase } from './find-case.ts'
import { handOver } from './hand-over.ts'
import { changeCase } from './move-case.ts'
import { createReviewTask } from './review-task.ts'
import { collectingStates } from './states.ts'

export interface CaseWorkDeps extends CaseDeps {
  readonly clock: () => Date
  readonly tenants: { tenantOf(tenantId: string): Promise<CaseTenant | undefined> }
}

const casesAtOnce = 100
const stepsAtOnce = 5

/** Takes cases further that wait for the clock: to their collector, to another attempt, to their end. */
export function caseWork(deps: CaseWorkDeps): TimedWork {
  const { db, clock, nowOf } = deps
  return {
    name: 'cases',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'debt_case_tenants_due'),
    async runDue(tenantId, signal) {
      const tenant = await deps.tenants.tenantOf(tenantId)
      if (!tenant) return
      const actor = { tenant, userId: null, originator: 'System' }
      // A step may make the next one due at once; one that does not get on, because another server has it, is left.
      const tried = new Map<number, number>()
      while (!signal.aborted) {
        const due = await dueCases(deps, actor)
        const ids = due.filter((id) => (tried.get(id) ?? 0) < stepsAtOnce)
        if (ids.length === 0) return
        for (const id of ids) {
          tried.set(id, (tried.get(id) ?? 0) + 1)
          await runCase(deps, actor, id)
        }
      }
    },
    nextDueAt(tenantId) {
      const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
      return inTransaction(db, unit, async (tx) => {
        const { rows } = await sql<{ at: Date | null }>`
          select min(due_at) as at from debt_case where tenant_id = ${tenantId} and due_at is not null`.execute(
          tx.db,
        )
        return rows[0]?.at ?? undefined
      })
    },
  }
}

function dueCases(deps: CaseDeps, actor: Actor): Promise<number[]> {
  return inTenant(deps, actor, async (tx) => {
    const { rows } = await sql<{ id: number }>`
      select id from debt_case where tenant_id = ${tx.tenantId} and due_at <= ${tx.now}
      order by due_at, id limit ${casesAtOnce}`.execute(tx.db)
    return rows.map(({ id }) => id)
  })
}

async function runCase(deps: CaseDeps, actor: Actor, id: number): Promise<void> {
  const row = await inTenant(deps, actor, (tx) => heldCase(tx, id))
  if (!row) return
  if (row.state === 'CREATE') return advanceCase(deps, actor, { id, from: 'CREATE' })
  if (row.asked === 'REVIEW') return review(deps, actor, row)
  await inTenant(deps, actor, async (tx) => {
    const held = await heldCase(tx, id)
    if (!held) return
    const isTimedOut = held.timeoutAt !== null && held.timeoutAt <= tx.now
    if (held.asked === 'CLOSE' || isTimedOut) await endCase(tx, held, { by: null })
    else if (collectingStates.includes(held.state)) await handOver(tx, actor, held)
    else await changeCase(tx, held, { next_attempt_at: null })
  })
}

/** A case that is still due, held; undefined where another server has it or had it. */
async function heldCase(tx: Tx, id: number): Promise<CaseRow | undefined> {
  const { rows } = await sql`
    select 1 from debt_case where tenant_id = ${tx.tenantId} and id = ${id} and due_at <= ${tx.now}
    for no key update skip locked`.execute(tx.db)
  return rows.length === 0 ? undefined : findCase(tx, id)
}

/** What a person decided at another door is carried out, or the refusal goes back to a person. */
async function review(deps: CaseDeps, actor: Actor, row: CaseRow): Promise<void> {
  try {
    await advanceCase(deps, actor, { id: row.id, from: 'REVIEWING' })
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind === 'unavailable') throw error
    const details = error.message
    await inTenant(deps, actor, async (tx) => {
      const held = await heldCase(tx, row.id)
      if (held?.state !== 'REVIEWING') return
      const taskId = await createReviewTask(tx, held, { claimId: held.claimId, details })
      await changeCase(tx, held, { asked: null, next_attempt_at: null, review_task_id: taskId })
    })
  }
}
