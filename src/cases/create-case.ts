import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { advanceCase } from './advance-case.ts'
import { announceCase } from './announce.ts'
import { type CaseClaim, claimNamed } from './case-claim.ts'
import { columnsOf, environmentOf } from './case-fields.ts'
import { caseSources } from './catalogues.ts'
import { ensureConfiguration, namedConfiguration } from './choose-configuration.ts'
import { type Actor, type CaseDeps, inTenant } from './context.ts'
import { beginFollowing } from './follow-cases.ts'
import { refuse } from './refusals.ts'
import type { NewCase } from './schema.ts'
import { violates } from './sure-statement.ts'

/** A case that its own create did not bring further, because the server went down, is taken up after this time. */
const leftAloneMs = 60_000

/**
 * Opens a case and answers its id: on the active claim that its reference names, or on a claim that will be made of its
 * line items when it goes to the collector. An external id that is known answers the case that it made, unchanged.
 */
export async function createCase(deps: CaseDeps, actor: Actor, input: NewCase): Promise<number> {
  const known = await inTenant(deps, actor, (tx) => caseCalled(tx, input.externalId))
  if (known !== undefined) return known
  const made = await inTenant(deps, actor, (tx) => insertCase(tx, actor, input)).catch(
    async (error: unknown) => {
      if (!violates(error, 'debt_case_of_claim')) throw error
      // The same create, a moment earlier, or somebody else's case.
      const twin = await inTenant(deps, actor, (tx) => caseCalled(tx, input.externalId))
      if (twin === undefined) throw refuse('claim_in_case')
      return twin
    },
  )
  const id = made ?? (await inTenant(deps, actor, (tx) => caseCalled(tx, input.externalId)))
  if (id === undefined) throw refuse('version_conflict')
  if (made !== undefined) await advanceCase(deps, actor, { id, from: 'CREATE' })
  return id
}

async function caseCalled(tx: Tx, externalId: string): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    select id from debt_case where tenant_id = ${tx.tenantId} and external_id = ${externalId}`.execute(
    tx.db,
  )
  return rows[0]?.id
}

/** Undefined: somebody else's create with the same external id came first. */
async function insertCase(tx: Tx, actor: Actor, input: NewCase): Promise<number | undefined> {
  const claim = await claimToTakeOver(tx, input.reference)
  const columns = columnsOf(tx, input, { claim })
  const {
    collectorConfiguration: configurationId = null,
    externalId,
    reference,
    source = 'API',
  } = input
  await ensureConfiguration(tx)
  if (configurationId !== null) {
    const { isSandbox } = actor.tenant
    await namedConfiguration(tx, configurationId, { environment: environmentOf(input), isSandbox })
  }
  await beginFollowing(tx)
  const row = await tx.db
    .insertInto('debt_case')
    .values({
      environment: 'PRODUCTION',
      ...columns,
      tenant_id: tx.tenantId,
      external_id: externalId,
      reference,
      state: 'CREATE',
      source: caseSources.find(({ code }) => code === source)?.id ?? 0,
      configuration_id: configurationId,
      claim_id: claim?.claimId ?? null,
      created_by: actor.userId,
      created_at: tx.now,
      next_attempt_at: new Date(tx.now.getTime() + leftAloneMs),
    } as never)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'external_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row) await announceCase(tx, { id: row.id, reference, state: 'CREATE', previous: null })
  return row?.id
}

/** The active claim of a reference; undefined where no claim has it. */
async function claimToTakeOver(tx: Tx, reference: string): Promise<CaseClaim | undefined> {
  const claim = await claimNamed(tx, reference)
  if (claim && claim.status !== 'ACTIVE') throw refuse('reference_taken')
  return claim
}
