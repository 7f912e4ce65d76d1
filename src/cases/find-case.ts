import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { refuse } from './refusals.ts'
import type { Address, CaseState, Environment, LineItem } from './schema.ts'

/** A case as the operations on it see it. */
export interface CaseRow {
  readonly id: number
  readonly externalId: string
  readonly reference: string
  readonly state: CaseState
  readonly source: number
  readonly environment: Environment
  readonly configurationId: number | null
  readonly claimId: string | null
  readonly currency: string | null
  readonly lineItems: readonly LineItem[]
  readonly itemsMinor: number | null
  readonly billingAddress: Address | null
  readonly contractAt: Date | null
  readonly dueOnAt: Date | null
  readonly language: string | null
  readonly spaceViewId: number | null
  readonly reviewTaskId: string | null
  readonly nextAttemptAt: Date | null
  readonly timeoutAt: Date | null
  readonly attempts: number
  readonly asked: 'REVIEW' | 'CLOSE' | null
  readonly version: number
}

const selectCase = sql`
  select t.id, t.external_id as "externalId", t.reference, t.state, t.source, t.environment,
    t.configuration_id as "configurationId", t.claim_id as "claimId", t.currency, t.line_items as "lineItems",
    t.items_minor as "itemsMinor", t.billing_address as "billingAddress", t.contract_at as "contractAt",
    t.due_on_at as "dueOnAt", t.language, t.space_view_id as "spaceViewId", t.review_task_id as "reviewTaskId",
    t.next_attempt_at as "nextAttemptAt", t.processing_timeout_at as "timeoutAt", t.attempts, t.asked, t.version
  from debt_case t`

/** A case, or the refusal that there is none. */
export async function findCase(tx: Tx, id: number): Promise<CaseRow> {
  const { rows } = await sql<CaseRow>`${selectCase}
    where t.tenant_id = ${tx.tenantId} and t.id = ${id}`.execute(tx.db)
  return required(rows)
}

/** A case, held until the end of the transaction. */
export async function lockCase(tx: Tx, id: number): Promise<CaseRow> {
  const { rows } = await sql<CaseRow>`${selectCase}
    where t.tenant_id = ${tx.tenantId} and t.id = ${id} for no key update`.execute(tx.db)
  return required(rows)
}

/** A case in one of these states, held; in another one it is refused. */
export async function lockCaseIn(
  tx: Tx,
  id: number,
  states: readonly CaseState[],
): Promise<CaseRow> {
  const found = await lockCase(tx, id)
  if (!states.includes(found.state)) throw refuse('invalid_state', `it is ${found.state}`)
  return found
}

function required(rows: readonly CaseRow[]): CaseRow {
  const [row] = rows
  if (!row) throw refuse('case_not_found')
  return row
}
