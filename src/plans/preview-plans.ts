import type { Kysely } from 'kysely'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { factsOf } from './claim-facts.ts'
import { activeDefinitions } from './definitions.ts'
import { optionsOf } from './eligibility.ts'
import type { PlanOption } from './schema.ts'

export interface PreviewDeps {
  readonly db: Kysely<Tables>
  readonly nowOf: (tenantId: string) => Date
}

export interface PreviewWanted {
  readonly tenantId: string
  readonly claimReference: string
  /** Schedules begin then; without it, at the last day that the terms allow. */
  readonly firstDueOn?: string | undefined
}

const optionsMax = 500

/** Every plan that a claim may choose now, with its schedule: none while it is not active or has a plan. */
export function previewPlans(
  { db, nowOf }: PreviewDeps,
  { tenantId, claimReference, firstDueOn }: PreviewWanted,
): Promise<readonly PlanOption[]> {
  const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
  return inTransaction(db, unit, async (tx) => {
    const { claim, facts, hasPlan } = await factsOf(tx, claimReference)
    if (claim.status !== 'ACTIVE' || hasPlan) return []
    const definitions = await activeDefinitions(tx)
    return definitions
      .flatMap((definition) => optionsOf(definition, facts, firstDueOn))
      .slice(0, optionsMax)
  })
}
