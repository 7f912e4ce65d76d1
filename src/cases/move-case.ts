import assert from 'node:assert/strict'
import type { Updateable } from 'kysely'
import type { Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { announceCase } from './announce.ts'
import type { CaseRow } from './find-case.ts'
import { refuse } from './refusals.ts'
import type { CaseState } from './schema.ts'
import { transitions } from './states.ts'
import { violates } from './sure-statement.ts'

export type CaseSets = Updateable<Tables['debt_case']>

/** Brings a case into a state, if it still is as it was seen, and tells of it. */
// oxlint-disable-next-line max-params -- a transition, and what changes with it
export async function moveTo(
  tx: Tx,
  row: CaseRow,
  state: CaseState,
  sets: CaseSets = {},
): Promise<void> {
  assert(transitions[row.state].includes(state), `${row.state} does not become ${state}`)
  await changeCase(tx, row, { ...sets, state })
  if (state === row.state) return
  const { id, reference } = row
  await announceCase(tx, { id, reference, state, previous: row.state })
}

/** Changes a case that still is as it was seen. */
export async function changeCase(tx: Tx, row: CaseRow, sets: CaseSets): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('debt_case')
    .set({ ...sets, version: row.version + 1 })
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .where('state', '=', row.state)
    .executeTakeFirst()
    .catch((error: unknown) => {
      throw violates(error, 'debt_case_of_claim') ? refuse('claim_in_case') : error
    })
  if (numUpdatedRows !== 1n) throw refuse('version_conflict')
}
